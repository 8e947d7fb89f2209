/**
 * Latency: quantiles of a stretch of time, from two readings of how many answers took less than each of some times. Browser.
 *
 * Those times double, so within a step the answers are taken to be spread evenly. Above the last one nothing more is known.
 */

/** quantileBetween is in ms; null where nothing was answered in between, or counting began again. */
export function quantileBetween(
  edgesMicros: readonly number[],
  from: readonly number[],
  to: readonly number[],
  answers: number,
  share: number,
): number | null {
  if (answers <= 0 || from.length !== to.length) return null;
  const rank = share * answers;
  let [below, start] = [0, 0];
  for (let index = 0; index < to.length; index++) {
    const upTo = to[index]! - from[index]!;
    if (upTo < below) return null;
    const edge = edgesMicros[index]!;
    if (upTo >= rank) return (start + ((edge - start) * (rank - below)) / Math.max(1, upTo - below)) / 1000;
    [below, start] = [upTo, edge];
  }
  return start / 1000;
}

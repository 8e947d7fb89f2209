/**
 * ResponseTime: the moving mean of a server's answer times, in numbers that all threads share. Data threads; hot path.
 *
 * An answer counts the more the longer the last one is ago, so that the mean is that of about the last ten seconds however
 * many answers come. Two threads that write at once lose one answer, which a mean can bear.
 */
import type { ServerPool } from '@sluice/core/plugin';

const MEAN = 0;
const WHEN = 1;
/** Answers so far, up to FEW. */
const ANSWERS = 2;

const OVER_MS = 10_000;
/** What a server that fails is taken to need, at least. */
const FAILED_MS = 1000;
const LONGEST_MS = 60_000;
/** A server of which little is known, while it has more to answer than it has answered. */
const UNKNOWN_MS = 1000;
/** So many answers make a mean that can be relied on. */
const FEW = 16;
/** No server is so fast that any number of open requests is nothing to it. */
const SHORTEST_MS = 0.05;
/** Times are kept in 32-bit floats, which are exact to half a millisecond below this. */
const WRAP_MS = 4_194_304;

/** noteAnswer takes an answer in. A failure counts as a slow answer: a server that refuses at once is not a fast one. */
export function noteAnswer(pool: ServerPool, index: number, ms: number, isFailed: boolean): void {
  const mean = pool.note(index, MEAN);
  const now = pool.now() % WRAP_MS;
  const taken = isFailed ? Math.max(ms, FAILED_MS, 2 * mean) : ms;
  const sample = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, taken));
  const answers = pool.note(index, ANSWERS);
  // The first answers count alike, so that one lucky answer is not taken for all.
  const least = answers < FEW ? 1 / (answers + 1) : 0;
  const share = Math.max(least, 1 - Math.exp(-Math.max(1, sinceMs(pool, index, now)) / OVER_MS));
  if (answers < FEW) pool.setNote(index, ANSWERS, answers + 1);
  pool.setNote(index, MEAN, mean + share * (sample - mean));
  pool.setNote(index, WHEN, now);
}

/**
 * meanOf is the mean in milliseconds, for a server with so many open requests. The mean of an idle server fades, so that one
 * that was slow is tried again, with one request; while that is under way the mean is what it was. 0: try it. A server of which
 * little is known gets no more at once than it has answered, one at first: so it is everybody's choice for a moment only.
 */
export function meanOf(pool: ServerPool, index: number, open: number): number {
  const mean = pool.note(index, MEAN);
  if (open > 0) {
    const answers = pool.note(index, ANSWERS);
    return answers < FEW && open >= Math.max(1, answers) ? Math.max(mean, UNKNOWN_MS) : mean;
  }
  return mean * Math.exp(-sinceMs(pool, index, pool.now() % WRAP_MS) / OVER_MS);
}

function sinceMs(pool: ServerPool, index: number, now: number): number {
  const since = now - pool.note(index, WHEN);
  return since < 0 ? since + WRAP_MS : since;
}

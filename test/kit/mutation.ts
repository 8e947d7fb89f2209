/**
 * Mutation makes bytes that were valid HTTP before something happened to them, the same for the same seed. Test code.
 */
export interface Choice {
  /** A whole number from 0 up to, not including, `limit`. */
  below(limit: number): number;
  one<T>(of: readonly T[]): T;
}

/** chooser chooses by mulberry32: small, seeded, good enough for this. */
export function chooser(seed: number): Choice {
  let state = seed | 0;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return { below, one: (of) => of[below(of.length)]! };
}

/** mutate changes bytes (a latin1 string) in one to four places: inserts, deletes, doubles, cuts, and lines put in. */
export function mutate(bytes: string, splices: readonly string[], { below, one }: Choice): string {
  let changed = bytes;
  for (let changes = 1 + below(4); changes > 0; changes--) {
    const at = below(changed.length);
    const end = at + below(8);
    const line = changed.lastIndexOf('\r\n', at) + 2;
    switch (below(7)) {
      case 0:
        changed = changed.slice(0, at) + one(splices) + changed.slice(at);
        break;
      case 1:
        changed = changed.slice(0, at) + changed.slice(end);
        break;
      case 2:
        changed = changed.slice(0, at) + String.fromCharCode(below(256)) + changed.slice(at + 1);
        break;
      case 3:
        changed = changed.slice(0, end) + changed.slice(at);
        break;
      case 4:
        changed = changed.slice(0, at + 1);
        break;
      default:
        changed = changed.slice(0, line) + one(splices) + changed.slice(line);
    }
  }
  return changed;
}

/**
 * eachSeed runs the kept seeds and then so many from 1 on. SLUICE_FUZZ_SEED=n runs that one alone, SLUICE_FUZZ_RUNS=n that
 * many.
 */
export async function eachSeed(
  kept: readonly number[],
  runs: number,
  run: (seed: number) => Promise<void>,
): Promise<void> {
  const only = process.env.SLUICE_FUZZ_SEED;
  if (only !== undefined) return run(Number(only));
  for (const seed of kept) await run(seed);
  const most = Number(process.env.SLUICE_FUZZ_RUNS ?? runs);
  for (let seed = 1; seed <= most; seed++) await run(seed);
}

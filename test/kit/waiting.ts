/**
 * Waiting for what has no event of its own: the state of another process, a counter. Test code.
 */
import { PATIENCE_MS } from './wire.ts';

/**
 * eventually looks again and again (every 10 ms) until `look` returns something other than null, false or undefined,
 * and returns that. Fails after `patienceMs` (default 20 s), saying what it waited for.
 */
export async function eventually<T>(
  what: string,
  look: () => T | Promise<T>,
  patienceMs = PATIENCE_MS,
): Promise<NonNullable<T>> {
  const end = performance.now() + patienceMs;
  for (;;) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found as NonNullable<T>;
    if (performance.now() > end) throw new Error(`waited ${patienceMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** settled returns a number once it has not changed over `looks` looks, 20 ms apart. */
export async function settled(look: () => number, looks = 25): Promise<number> {
  let last = Number.NaN;
  for (let same = 0; same < looks; ) {
    const now = look();
    same = now === last ? same + 1 : 0;
    last = now;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return last;
}

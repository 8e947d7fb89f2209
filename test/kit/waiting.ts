/**
 * Waiting for what has no event of its own: the state of another process, a counter. Test code.
 */
import { eventually as eventuallyWithin } from '@sluice/plugin-kit';
import { PATIENCE_MS } from './wire.ts';

/** eventually is the one of the kit for plugin authors, with the patience of these tests. */
export function eventually<T>(
  what: string,
  look: () => T | Promise<T>,
  patienceMs = PATIENCE_MS,
): Promise<NonNullable<T>> {
  return eventuallyWithin(what, look, patienceMs);
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

/**
 * Slices: long work on an event loop that serves traffic, a few milliseconds at a time. Both planes.
 */
import type { Steps } from '@sluice/dsl/match';

/** How long a slice may take. Requests wait for one slice at most. */
const SLICE_MS = 3;

/** inSlices does all steps, and lets the event loop turn between slices. */
export async function inSlices<Result>(steps: Steps<Result>, now: () => number): Promise<Result> {
  for (;;) {
    const endMs = now() + SLICE_MS;
    do {
      const step = steps.next();
      if (step.done === true) return step.value;
    } while (now() < endMs);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

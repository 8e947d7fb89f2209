/**
 * Clock: one monotonic clock that all threads of the process read alike. Both planes.
 *
 * `performance.now()` counts from each thread's own start, so times could not be compared across threads; the system's
 * monotonic clock has one origin, but reading it makes garbage. So the difference is taken once per thread.
 */
const LOOKS = 16;

const offsetMs = offsetOf(systemMs, () => performance.now());

/** monotonicMs is the time in milliseconds (with a fraction) since some moment that is the same in all threads. */
export function monotonicMs(): number {
  return performance.now() + offsetMs;
}

/**
 * offsetOf is how far the system's clock is before a thread's own. A thread may be interrupted between its two readings, for
 * tens of milliseconds on a busy machine, and then finds too little: so the largest of 16 findings is the right one.
 */
export function offsetOf(system: () => number, own: () => number): number {
  let offset = Number.NEGATIVE_INFINITY;
  for (let look = 0; look < LOOKS; look++) {
    const now = system();
    offset = Math.max(offset, now - own());
  }
  return offset;
}

function systemMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}

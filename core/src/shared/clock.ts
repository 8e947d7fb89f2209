/**
 * Clock: one monotonic clock that all threads of the process read alike. Both planes.
 *
 * `performance.now()` counts from each thread's own start, so times could not be compared across threads; the system's
 * monotonic clock has one origin, but reading it makes garbage. So the difference is taken once per thread.
 */
const [seconds, nanoseconds] = process.hrtime();
const offsetMs = seconds * 1e3 + nanoseconds / 1e6 - performance.now();

/** monotonicMs is the time in milliseconds (with a fraction) since some moment that is the same in all threads. */
export function monotonicMs(): number {
  return performance.now() + offsetMs;
}

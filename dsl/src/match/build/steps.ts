/**
 * Steps: long work in small pieces, so that an event loop can serve between them. Both planes.
 *
 * Work is written once, as a generator that yields wherever it may be interrupted; `finish` does it in one go.
 */
export type Steps<Result> = Generator<void, Result, void>;

/** finish does all of the work now. */
export function finish<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

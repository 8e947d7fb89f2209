/**
 * Collected is a field of the plan that several lines fill, such as the servers of a backend. Main thread.
 */
export abstract class Collected<T> {
  /** plan is what the plan holds; undefined: the field is left out. */
  abstract plan(): T;
}

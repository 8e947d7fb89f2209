/**
 * WrongValue: what is said of a value that a plugin returned and should not have. Both planes.
 */

/**
 * wrongValue is the error for it: `what` begins the sentence, `expected` ends it; empty: nothing is expected. A promise is let go of,
 * so that its rejection is not a second failure.
 */
export function wrongValue(what: string, value: unknown, expected: string): TypeError {
  if (isPromise(value)) value.then(undefined, () => {});
  return new TypeError(`${what} ${describeValue(value)}${expected === '' ? '' : `, expected ${expected}`}`);
}

/** isPromise tells what is settled later, if ever. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { readonly then?: unknown }).then === 'function'
  );
}

/** describeValue says what a value is, for a message about a wrong one. Text is not quoted: it may be a client's. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'number') return `the number ${value}`;
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return 'text';
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object') return `a ${typeof value}`;
  if (isPromise(value)) return 'a promise (it must return at once)';
  return Array.isArray(value) ? 'a list' : 'an object';
}

/**
 * Method: which request methods a listener takes, and what rules see of one. Hot path; data plane.
 *
 * Methods are case-sensitive (RFC 9110 section 9.1), but some servers ignore case. A rule about DELETE must hold for whatever such a
 * server takes for DELETE, so a method with a small letter is either refused or judged in capitals.
 */
import type { ListenerPlan } from '@sluice/dsl/plan';

/** Any method in capitals. */
export const CAPITAL_METHODS = 0;
/** Those of RFC 9110 and RFC 5789. */
export const STANDARD_METHODS = 1;
/** Any token, also with small letters. */
export const ANY_METHODS = 2;

/** Longest method; longer ones are answered 501 (RFC 9112 section 3). */
export const MAX_METHOD = 24;

/** methodsOf is what a listener takes, as one of the numbers above. */
export function methodsOf({ methods }: { readonly methods: ListenerPlan['methods'] }): number {
  if (methods === undefined) return CAPITAL_METHODS;
  return methods === 'standard' ? STANDARD_METHODS : ANY_METHODS;
}

const STANDARD = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT']);

/** isStandardMethod tells whether `methods standard` knows a method. */
export function isStandardMethod(method: string): boolean {
  return STANDARD.has(method);
}

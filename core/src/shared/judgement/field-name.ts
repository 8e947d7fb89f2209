/**
 * FieldName: what the name of a header field may be. Both planes.
 */

/** isToken tells whether a text may be a header's name (RFC 9110, section 5.6.2). */
export function isToken(name: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name);
}

/**
 * NormalizedFields: field lines of a server's message in a form that has one reading, where their own form has one too. Data plane; rare.
 *
 * Sources: RFC 9112 sections 5.1 (a proxy must remove blanks before the colon from a response, never from a request) and 5.2 (a
 * folded line may be joined by blanks).
 */
const BLANKS_BEFORE_COLON = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[ \t]+:/gm;
const FOLD = /\r\n[ \t]+/g;

/**
 * normalizeFields takes blanks before colons out of field lines, and joins folded lines where `joinsFolds`. The text begins at the first
 * field: a fold there belongs to no field and stays, to be refused.
 */
export function normalizeFields(lines: string, joinsFolds: boolean): string {
  const joined = joinsFolds ? lines.replace(FOLD, ' ') : lines;
  return joined.replace(BLANKS_BEFORE_COLON, '$1:');
}

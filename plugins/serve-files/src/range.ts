/**
 * Range: the part of a file that a request asks for (RFC 9110, section 14). Pure.
 */

/** The first byte, and the one behind the last. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/**
 * rangeOf returns the range, null for the whole file, or `unsatisfiable` (416). Only single ranges are sent; several, or what
 * is no range at all, get the whole file, as RFC 9110 allows: thousands of ranges must not make thousands of parts.
 */
export function rangeOf(header: string | undefined, size: number): ByteRange | 'unsatisfiable' | null {
  if (header === undefined || header.length > 64) return null;
  const match = /^bytes=[ \t]*(\d{0,15})-(\d{0,15})[ \t]*$/i.exec(header);
  if (match === null) return null;
  const [, first, last] = match as unknown as [string, string, string];
  if (first === '') {
    if (last === '') return null;
    const length = Number(last);
    if (length === 0) return 'unsatisfiable';
    // The last bytes of an empty file are no range that Content-Range could say.
    return size === 0 ? null : { from: Math.max(0, size - length), to: size };
  }
  const from = Number(first);
  if (last !== '' && Number(last) < from) return null;
  if (from >= size) return 'unsatisfiable';
  return { from, to: last === '' ? size : Math.min(size, Number(last) + 1) };
}

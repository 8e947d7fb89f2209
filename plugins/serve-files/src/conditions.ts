/**
 * Conditions: what If-Match, If-None-Match and their like say of a file (RFC 9110, section 13). Pure.
 */

/** Version tells one state of a file from another. */
export interface Version {
  /** A strong entity tag, with its quotes. */
  readonly tag: string;
  /** Whole seconds since 1970. */
  readonly modifiedSec: number;
}

export interface ConditionFields {
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
  readonly ifModifiedSince: string | undefined;
  readonly ifUnmodifiedSince: string | undefined;
}

/** precondition returns 304 or 412, or 0 where the request goes on, in the order of RFC 9110, section 13.2.2. */
export function precondition(fields: ConditionFields, version: Version): 0 | 304 | 412 {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = fields;
  if (ifMatch !== undefined) {
    if (!names(ifMatch, version.tag, true)) return 412;
  } else if (ifUnmodifiedSince !== undefined) {
    const since = seconds(ifUnmodifiedSince);
    if (since !== null && version.modifiedSec > since) return 412;
  }
  if (ifNoneMatch !== undefined) return names(ifNoneMatch, version.tag, false) ? 304 : 0;
  if (ifModifiedSince !== undefined) {
    const since = seconds(ifModifiedSince);
    if (since !== null && version.modifiedSec <= since) return 304;
  }
  return 0;
}

/**
 * holdsForRange says whether a range may be sent (RFC 9110, section 13.1.5): the file is the very one that the client has a
 * part of. A date is only good where nobody can have written twice within its second.
 */
export function holdsForRange(ifRange: string | undefined, version: Version, nowSec: number): boolean {
  if (ifRange === undefined) return true;
  const text = ifRange.trim();
  if (text.startsWith('"')) return text === version.tag;
  if (text.startsWith('W/')) return false;
  return seconds(text) === version.modifiedSec && version.modifiedSec < nowSec - 1;
}

function names(list: string, tag: string, isStrong: boolean): boolean {
  const text = list.trim();
  if (text === '*') return true;
  // Our tags hold no comma, so that a list can be cut at each.
  return text.split(',').some((each) => {
    const one = each.trim();
    return one === tag || (!isStrong && one.startsWith('W/') && one.slice(2) === tag);
  });
}

/** seconds reads the one form of HTTP dates that senders may use; any other is ignored, as it must be. */
function seconds(text: string): number | null {
  if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text.trim())) return null;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : ms / 1000;
}

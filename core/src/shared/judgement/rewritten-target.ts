/**
 * RewrittenTarget: what a rule made of a path or a query, as it may be sent. Both planes, so that explain and live traffic
 * agree.
 *
 * Whatever is not allowed there is percent-encoded (RFC 3986, sections 3.3 and 3.4), so nothing of it can end the request line.
 */
import { normalisePath } from '@sluice/dsl/match';
import type { PathPolicy } from '@sluice/dsl/plan';

const NOT_IN_PATH = /[^!$&'()*+,\-./0-9:;=@A-Z_a-z~%]|%(?![0-9A-Fa-f]{2})/;
const NOT_IN_QUERY = /[^!$&'()*+,\-./0-9:;=?@A-Z_a-z~%[\]{}|^`\\"<>]/;

/**
 * rewrittenPath returns a path in the listener's normal form, which begins with `/` and climbs nowhere; null when it is refused
 * there: an encoded slash (unless allowed), backslash or NUL.
 */
export function rewrittenPath(text: string, paths: PathPolicy | undefined): string | null {
  const path = text.startsWith('/') ? text : `/${text}`;
  return normalisePath(NOT_IN_PATH.test(path) ? encoded(path, NOT_IN_PATH) : path, paths);
}

/** rewrittenQuery returns a query without its `?`, with all that is not allowed in one encoded. */
export function rewrittenQuery(text: string): string {
  return NOT_IN_QUERY.test(text) ? encoded(text, NOT_IN_QUERY) : text;
}

function encoded(text: string, refused: RegExp): string {
  return text.replace(new RegExp(refused, 'gu'), (found) => {
    let bytes = '';
    for (const byte of Buffer.from(found, 'utf8')) bytes += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    return bytes;
  });
}

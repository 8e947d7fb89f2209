/**
 * TraceState: the field `tracestate` of a request, which tracing systems keep notes of their own in (W3C Trace Context, section 3.3). Data
 * plane; on the hot path only where requests are traced.
 */

const MOST_MEMBERS = 32;
const MOST_CHARACTERS = 512;
/** Members longer than this are the first to go where there is not room for all. */
const LONG_MEMBER = 128;

/** A key, of one tenant of a system or not, and a value. */
const MEMBER =
  /^(?:[a-z0-9][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/**
 * traceStateOf is what is passed on of the values of the field, in their order: at most 512 characters, as longer members, and then the
 * last ones, are left out. Empty: there is nothing, a member is not valid, a key comes twice, or there are more than 32.
 */
export function traceStateOf(values: string | readonly string[] | undefined): string {
  if (values === undefined) return '';
  const members: string[] = [];
  const keys = new Set<string>();
  const text = typeof values === 'string' ? values : values.join(',');
  for (const part of text.split(',')) {
    const member = part.replace(/^[ \t]+|[ \t]+$/g, '');
    if (member === '') continue;
    if (members.length === MOST_MEMBERS || !MEMBER.test(member)) return '';
    const key = member.slice(0, member.indexOf('='));
    if (keys.has(key)) return '';
    keys.add(key);
    members.push(member);
  }
  let length = members.reduce((sum, member) => sum + member.length + 1, -1);
  for (let at = members.length - 1; at >= 0 && length > MOST_CHARACTERS; at--) {
    if (members[at]!.length <= LONG_MEMBER) continue;
    length -= members[at]!.length + 1;
    members.splice(at, 1);
  }
  while (length > MOST_CHARACTERS) length -= members.pop()!.length + 1;
  return members.join(',');
}

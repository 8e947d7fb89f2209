/**
 * The members of a list-valued header (RFC 9110, section 5.6.1). Data threads; hot path.
 */

/**
 * listMembers splits values at their commas, takes the blanks around members away, and leaves empty members out; undefined
 * when none is left. Commas in quoted strings do not split; the quotes stay. A quote that is never closed is no quote, so that
 * nobody can hide members behind one.
 */
export function listMembers(values: string | readonly string[] | undefined): readonly string[] | undefined {
  if (values === undefined) return undefined;
  const members: string[] = [];
  if (typeof values === 'string') split(values, members);
  else for (const value of values) split(value, members);
  return members.length === 0 ? undefined : members;
}

function split(value: string, members: string[]): void {
  const before = members.length;
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if (isQuoted && code === 0x5c) at++;
    else if (code === 0x22) isQuoted = !isQuoted;
    else if (code === 0x2c && !isQuoted) {
      add(members, value.slice(start, at));
      start = at + 1;
    }
  }
  if (isQuoted) {
    members.length = before;
    for (const member of value.split(',')) add(members, member);
  } else add(members, value.slice(start));
}

function add(members: string[], member: string): void {
  const trimmed = member.trim();
  if (trimmed !== '') members.push(trimmed);
}

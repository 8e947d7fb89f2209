/**
 * OwnCookie: takes a cookie that is the gateway's own out of a request, so that servers do not see it. Hot path; both
 * planes.
 */
import type { RequestEditor } from '../../plugin/data-entry.ts';

/** hideCookie leaves every other piece of the Cookie fields as it is, in one field (RFC 6265, section 5.4). */
export function hideCookie(request: RequestEditor, name: string): void {
  const received = request.header('cookie');
  if (received === undefined) return;
  const text = typeof received === 'string' ? received : received.join('; ');
  let left = '';
  let isFound = false;
  for (let at = 0; at <= text.length; ) {
    let end = text.indexOf(';', at);
    if (end === -1) end = text.length;
    let start = at;
    while (start < end && isBlank(text, start)) start++;
    if (isNamed(text, start, end, name)) isFound = true;
    else if (start < end) left += left === '' ? text.slice(start, end) : `; ${text.slice(start, end)}`;
    at = end + 1;
  }
  if (!isFound) return;
  if (left === '') request.remove('Cookie');
  else request.set('Cookie', left);
}

function isNamed(text: string, start: number, end: number, name: string): boolean {
  if (!text.startsWith(name, start)) return false;
  let at = start + name.length;
  while (at < end && isBlank(text, at)) at++;
  return at < end && text.charCodeAt(at) === 0x3d;
}

function isBlank(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 0x20 || code === 0x09;
}

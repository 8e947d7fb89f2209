/**
 * RequestBlock: the head that would go to an HTTP/1 server to a field block. Hot path; data plane.
 *
 * One encoder serves a whole event loop: a block is written out before the next one begins.
 */
import { HpackEncoder } from '../hpack/hpack-encoder.ts';

const encoder = new HpackEncoder();

/** What HTTP/2 says by itself, or must not say (RFC 9113 section 8.2.2). */
const LEFT_OUT = new Set([
  'host',
  'connection',
  'transfer-encoding',
  'keep-alive',
  'proxy-connection',
  'upgrade',
  'http2-settings',
]);

/** One an event loop, filled by `requestBlock`: the Content-Length, -1 when there is none. */
export const requestLength = { value: -1 };

/** requestBlock encodes a forward head, which was made by us and so is well formed. */
export function requestBlock(head: string, scheme: 'http' | 'https'): HpackEncoder {
  const lineEnd = head.indexOf('\r\n');
  const methodEnd = head.indexOf(' ');
  requestLength.value = -1;
  let authority = '';
  const fields: [string, string][] = [];
  for (let at = lineEnd + 2; at < head.length - 2; ) {
    const end = head.indexOf('\r\n', at);
    const colon = head.indexOf(':', at);
    const name = head.substring(at, colon).toLowerCase();
    const value = head.substring(colon + 1, end).trim();
    at = end + 2;
    if (name === 'host') authority = value;
    if (LEFT_OUT.has(name)) continue;
    if (name === 'content-length') requestLength.value = Number(value);
    fields.push([name, value]);
  }
  encoder.start();
  encoder.pseudo(':method', head.substring(0, methodEnd));
  encoder.pseudo(':scheme', scheme);
  encoder.pseudo(':authority', authority);
  encoder.pseudo(':path', head.substring(methodEnd + 1, head.lastIndexOf(' ', lineEnd)));
  for (const [name, value] of fields) encoder.field(name, value);
  return encoder;
}

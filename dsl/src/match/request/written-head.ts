/**
 * WrittenHead: the head of a request as people write it, piece by piece and unjudged, for explain and tests. Main thread.
 *
 * Whether it is a good one is for the parser to say that reads the heads of live traffic. Refused here is only what cannot be made
 * into a head at all.
 */
import type { IpAddress } from '../address/ip-address.ts';
import { readSaid, refuse, splitHeader, type WrittenHeader } from './written-request.ts';

export interface WrittenHead {
  /** The peer of the connection. */
  readonly ip: IpAddress;
  /** What the hello of TLS says; null: nothing was said of it. */
  readonly sni: string | null;
  readonly alpn: readonly string[];
  /** null: a path alone was written. */
  readonly scheme: 'http' | 'https' | null;
  readonly method: string;
  /** What stands behind the authority of the URL, or all that was written where it is no URL. */
  readonly target: string;
  /** null: a path alone was written. */
  readonly authority: string | null;
  /** The URL's port, or what is usual for its scheme. */
  readonly port: number;
  /** `HTTP/1.1` unless another is written. */
  readonly version: string;
  /** Values without blanks at their ends. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

const HEAD = /^(\S+)\s+(\S+)(?:\s+(HTTP\/\S+))?(?:\s+(.*))?$/s;
const URL = /^(https?):\/\/([^/?]*)(.*)$/is;
const AUTHORITY = /^[^/?#@]+:\d+$/;

/** readWrittenHead reads `METHOD URL [HTTP/VERSION] [sni NAME] [alpn PROTOCOL …] [from ADDRESS]`. Throws WrittenRequestError. */
export function readWrittenHead(text: string, headers: readonly WrittenHeader[] = []): WrittenHead {
  const [, method, url, version = 'HTTP/1.1', more = ''] = HEAD.exec(text.trim()) ?? [];
  if (method === undefined || url === undefined) {
    throw refuse(`\`${text}\` is not a request, such as \`GET https://www.example.com/admin from 198.51.100.7\``);
  }
  const { ip, sni, alpn } = readSaid(more, false);
  const [, writtenScheme, urlAuthority, rest = ''] = URL.exec(url) ?? [];
  const scheme = writtenScheme === undefined ? null : writtenScheme.toLowerCase() === 'https' ? 'https' : 'http';
  if (scheme === 'http' && (sni !== null || alpn.length > 0)) {
    throw refuse(`\`${sni === null ? 'alpn' : 'sni'}\` is what TLS says: write https://`);
  }
  const isAuthority = scheme === null && method.toUpperCase() === 'CONNECT' && AUTHORITY.test(url);
  const authority = urlAuthority ?? (isAuthority ? url : null);
  return {
    ip,
    sni,
    alpn,
    scheme,
    method,
    target: scheme === null ? url : rest.startsWith('/') ? rest : `/${rest}`,
    authority,
    port: portOf(authority, scheme),
    version,
    headers: headers.map(readHeader),
  };
}

function readHeader(header: WrittenHeader): readonly [string, string] {
  const [name, value] = typeof header === 'string' ? splitHeader(header) : header;
  // A line end would make two fields of one, which nobody has written.
  if (name === '' || /[\r\n:]/.test(name)) throw refuse(`\`${name}\` is not a header name`);
  if (/[\r\n]/.test(value)) throw refuse(`the value of header \`${name}\` has a line end`);
  return [name, value.replace(/^[ \t]+|[ \t]+$/g, '')];
}

function portOf(authority: string | null, scheme: WrittenHead['scheme']): number {
  const written = /:(\d{1,5})$/.exec(authority ?? '')?.[1];
  if (written !== undefined) return Number(written);
  return scheme === 'https' ? 443 : 80;
}

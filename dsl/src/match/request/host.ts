/**
 * Host: the one form in which a host's name is compared, logged, and sent on, wherever it came from: Host, `:authority`, an absolute-form
 * target, the hello of TLS, a PROXY header, a rule. Both planes.
 *
 * Sources: RFC 3986 section 3.2.2, RFC 1034 section 3.1 (the dot of an absolute name), RFC 5952. Names are what DNS has: `xn--…` stands for
 * itself, and a name that is not ASCII is refused.
 */
import { parseIp } from '../address/parse-ip.ts';

/** Authority is a host with a port, taken apart. */
export interface Authority {
  /** Lower case, without a final dot; an address in its canonical form, without brackets. */
  readonly host: string;
  /** null: none is written. */
  readonly port: number | null;
  /** How it is written: `www.example.com:8080`, `[2001:db8::1]`. readAuthority of it is the same again. */
  readonly text: string;
}

/** Longest name that DNS has, and a dot behind it. */
const MOST_NAME_LENGTH = 254;

const V6 = /^\[([0-9A-Fa-f:.]{2,45})\](?::([0-9]*))?$/;
/**
 * A reg-name of RFC 3986, but for what is the same name spelled otherwise or could be taken for two: `,` and `;` separate the members of
 * X-Forwarded-Host and the parameters of Forwarded; escapes of what is not unreserved are no part of any name.
 */
const NAME =
  /^((?:[A-Za-z0-9_~!$&'()*+=-]|%(?:2D|3[0-9]|[46][1-9A-F]|[57][0-9A]|5F|7E))(?:[A-Za-z0-9._~!$&'()*+=-]|%(?:2[DE]|3[0-9]|[46][1-9A-F]|[57][0-9A]|5F|7E))*)(?::([0-9]*))?$/i;
/** What some take for an IPv4 address in other digits: `127.1`, `0x7f.1`, `2130706433`. */
const NUMERIC = /(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$/;

/** readAuthority takes `HOST` or `HOST:PORT` apart; null for what is none, or could be read in two ways. An empty port is none. */
export function readAuthority(text: string): Authority | null {
  const v6 = V6.exec(text);
  if (v6 !== null) {
    const address = parseIp(v6[1]!);
    return address === null || !v6[1]!.includes(':') ? null : withPort(address.text, v6[2]);
  }
  const [, name, port] = NAME.exec(text) ?? [];
  const host = name === undefined ? '' : bareName(unescaped(name));
  if (host === '' || host.length > MOST_NAME_LENGTH) return null;
  return NUMERIC.test(host) && parseIp(host) === null ? null : withPort(host, port);
}

function withPort(host: string, digits: string | undefined): Authority | null {
  if (digits === undefined || digits === '') return { host, port: null, text: hostText(host) };
  const port = Number(digits);
  return digits.length > 5 || port > 65_535 ? null : { host, port, text: `${hostText(host)}:${port}` };
}

function unescaped(name: string): string {
  return name.includes('%')
    ? name.replace(/%(..)/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
    : name;
}

/** bareName is a name in lower case and without its final dot, which is the same name: `WWW.Example.com.` is `www.example.com`. */
export function bareName(name: string): string {
  let end = name.length;
  while (end > 0 && name.charCodeAt(end - 1) === 0x2e) end--;
  return name.slice(0, end).toLowerCase();
}

/** hostText is a host as it stands in a URL or in Host: IPv6 in brackets. */
export function hostText(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** isSameAuthority: both name the same host and port, where one of them may leave out the scheme's own. */
export function isSameAuthority(one: Authority, other: Authority, scheme: string): boolean {
  const usual = scheme === 'https' ? 443 : 80;
  return one.host === other.host && (one.port ?? usual) === (other.port ?? usual);
}

/**
 * WrittenRequest: a request as people write it, for explain and tests. Main thread.
 *
 * It gives conditions the same values as a live request would; what live traffic refuses with 400 is refused here too.
 */
import type { RequestFacts } from './facts.ts';
import type { IpAddress } from './ip-address.ts';
import { parseIp } from './parse-ip.ts';
import { normalisePath } from './path.ts';

/** WrittenRequestError says in one line what is wrong with a written request. */
export class WrittenRequestError extends Error {
  override readonly name = 'WrittenRequestError';
}

/** A header as `Name: value`, or as a pair. */
export type WrittenHeader = string | readonly [name: string, value: string];

const DEFAULT_IP = '127.0.0.1';
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const REQUEST = /^(\S+)\s+(\S+)(?:\s+from\s+(\S+))?$/;
const TARGET = /^(?:(https?):\/\/([^/?#]*))?(\/[^?#]*|\*)?(?:\?([^#]*))?$/i;
const AUTHORITY = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._~!$&'()*+,;=%-]+))(?::([0-9]{1,5}))?$/;

export class WrittenRequest implements RequestFacts {
  readonly ip: IpAddress;
  readonly port: number;
  readonly scheme: 'http' | 'https';
  /** A client that asks for an https URL names its host in its hello; addresses cannot be named there (RFC 6066 section 3). */
  readonly sni: string;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  /** All zeros: a written request is not one of a gateway's. */
  readonly id: string = '0'.repeat(32);
  readonly #headers: ReadonlyMap<string, readonly string[]>;

  constructor(
    request: Pick<RequestFacts, 'ip' | 'port' | 'scheme' | 'method' | 'host' | 'path' | 'query'>,
    headers: ReadonlyMap<string, readonly string[]>,
  ) {
    this.ip = request.ip;
    this.port = request.port;
    this.scheme = request.scheme;
    this.method = request.method;
    this.host = request.host;
    this.sni = request.scheme === 'https' && parseIp(request.host) === null ? request.host : '';
    this.path = request.path;
    this.query = request.query;
    this.#headers = headers;
  }

  header(name: string): string | readonly string[] | undefined {
    const values = this.#headers.get(name);
    return values?.length === 1 ? values[0] : values;
  }
}

/**
 * parseWrittenRequest reads `METHOD URL [from ADDRESS]`, as in `GET https://www.example.com/admin?x=1 from 198.51.100.7`.
 *
 * The port is the URL's, or 80 or 443 by its scheme; the address is 127.0.0.1 where none is written. A path alone takes
 * its host from a Host header and counts as http. Throws WrittenRequestError.
 */
export function parseWrittenRequest(
  text: string,
  headers: readonly WrittenHeader[] = [],
  allowEncodedSlashes = false,
): WrittenRequest {
  const [, method = '', url = '', from = DEFAULT_IP] = REQUEST.exec(text.trim()) ?? [];
  if (method === '') {
    throw refuse(`\`${text}\` is not a request, such as \`GET https://www.example.com/admin from 198.51.100.7\``);
  }
  if (!TOKEN.test(method)) throw refuse(`\`${method}\` is not a method, such as GET`);
  const ip = parseIp(from);
  if (ip === null) throw refuse(`\`${from}\` is not an IP address, such as 198.51.100.7`);

  const target = TARGET.exec(url);
  if (target === null) throw refuse(`\`${url}\` is not a URL, such as https://www.example.com/admin`);
  const [, writtenScheme = 'http', urlAuthority, rawPath = '/', query = ''] = target;
  const scheme = writtenScheme.toLowerCase() === 'https' ? 'https' : 'http';
  const path = rawPath === '*' && method === 'OPTIONS' ? '*' : normalisePath(rawPath, allowEncodedSlashes);
  if (path === null) throw refuse(`path \`${rawPath}\` is ambiguous or not allowed: live traffic gets 400`);
  if (/[^\x21-\x7e]/.test(query)) throw refuse(`query \`${query}\` has characters that must be percent-encoded`);

  const fields = readHeaders(headers);
  const authority = urlAuthority ?? fields.get('host')?.[0];
  if (authority === undefined) throw refuse(`\`${url}\` has no host: write a whole URL, or add a Host header`);
  const [, v6, name, port] = AUTHORITY.exec(authority) ?? [];
  if (v6 === undefined ? name === undefined : parseIp(v6) === null) throw refuse(`\`${authority}\` is not a host`);
  if (Number(port ?? 0) > 65535) throw refuse(`port \`${port}\` is above 65535`);
  const hosts = fields.get('host') ?? [authority];
  if (hosts.length > 1 || hosts[0]!.toLowerCase() !== authority.toLowerCase()) {
    throw refuse(`Host \`${hosts.join(', ')}\` disagrees with \`${authority}\``);
  }
  fields.set('host', hosts);
  return new WrittenRequest(
    {
      ip,
      port: port === undefined ? (scheme === 'https' ? 443 : 80) : Number(port),
      scheme,
      method,
      host: (v6 ?? name!).toLowerCase(),
      path,
      query,
    },
    fields,
  );
}

function readHeaders(headers: readonly WrittenHeader[]): Map<string, readonly string[]> {
  const fields = new Map<string, readonly string[]>();
  for (const header of headers) {
    const [name, value] = typeof header === 'string' ? splitHeader(header) : header;
    if (!TOKEN.test(name)) throw refuse(`\`${name}\` is not a header name`);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it refuses
    if (/[\0-\x08\x0a-\x1f\x7f]/.test(value)) throw refuse(`the value of header \`${name}\` has control characters`);
    const key = name.toLowerCase();
    fields.set(key, [...(fields.get(key) ?? []), value.replace(/^[ \t]+|[ \t]+$/g, '')]);
  }
  return fields;
}

function splitHeader(header: string): readonly [name: string, value: string] {
  const colon = header.indexOf(':');
  if (colon < 0) throw refuse(`\`${header}\` is not a header, such as \`X-Team: blue\``);
  return [header.slice(0, colon), header.slice(colon + 1)];
}

function refuse(message: string): WrittenRequestError {
  return new WrittenRequestError(message);
}

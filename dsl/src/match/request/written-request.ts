/**
 * WrittenRequest: a request or a connection as people write it, for explain and tests. Main thread.
 *
 * It gives conditions the same values as a live one would; what live traffic refuses with 400 is refused here too.
 */

import { DEFAULT_PATHS, type PathPolicy } from '../../plan/path-policy.ts';
import type { IpAddress } from '../address/ip-address.ts';
import { parseIp } from '../address/parse-ip.ts';
import type { RequestFacts } from '../facts/facts.ts';
import { bareName, isSameAuthority, readAuthority } from './host.ts';
import { Memo } from './memo.ts';
import { normalisePath } from './path.ts';

/** WrittenRequestError says in one line what is wrong with a written request. */
export class WrittenRequestError extends Error {
  override readonly name = 'WrittenRequestError';
}

/** A header as `Name: value`, or as a pair. */
export type WrittenHeader = string | readonly [name: string, value: string];

const DEFAULT_IP = '127.0.0.1';
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const REQUEST = /^(\S+)\s+(\S+)(?:\s+(.*))?$/s;
const CONNECTION = /^tcp(?:\s+(.*))?$/s;
const TARGET = /^(?:(https?):\/\/([^/?#]*))?(\/[^?#]*|\*)?(?:\?([^#]*))?$/i;
const SERVER_NAME = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/;
/** Longest DNS name. */
const MOST_NAME_LENGTH = 253;
/** An identifier of RFC 7301 as people write it: it may hold any byte, and in practice holds these. */
const PROTOCOL = /^[\x21-\x2b\x2d-\x7e]{1,255}$/;
const CONNECTION_EXAMPLE = 'tcp to :443 sni www.example.com alpn h2 from 198.51.100.7';

type Written = Pick<RequestFacts, 'ip' | 'port' | 'scheme' | 'method' | 'host' | 'path' | 'query'> & {
  readonly sni: string;
  readonly alpn: readonly string[];
};

export class WrittenRequest implements RequestFacts {
  readonly ip: IpAddress;
  /** 0: a connection that was written without one. */
  readonly port: number;
  readonly scheme: 'http' | 'https';
  readonly sni: string;
  readonly alpn: readonly string[];
  /** Empty for a connection, as are `host`, `path` and `query`. */
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  /** All zeros: a written request is not one of a gateway's. */
  readonly id: string = '0'.repeat(32);
  readonly #headers: ReadonlyMap<string, readonly string[]>;
  readonly #memo = new Memo();

  constructor(request: Written, headers: ReadonlyMap<string, readonly string[]>) {
    this.ip = request.ip;
    this.port = request.port;
    this.scheme = request.scheme;
    this.sni = request.sni;
    this.alpn = request.alpn;
    this.method = request.method;
    this.host = request.host;
    this.path = request.path;
    this.query = request.query;
    this.#headers = headers;
  }

  /** A connection, of which nothing is known but what it shows before anything on it is read. */
  get isConnection(): boolean {
    return this.method === '';
  }

  memo<Value>(key: unknown, make: () => Value): Value {
    return this.#memo.get(key, make);
  }

  /** headerNames are the names of its header fields, in lower case. */
  get headerNames(): Iterable<string> {
    return this.#headers.keys();
  }

  header(name: string): string | readonly string[] | undefined {
    const values = this.#headers.get(name);
    return values?.length === 1 ? values[0] : values;
  }

  /** seen is the same request from another address, or at another port. */
  seen(as: { readonly ip?: IpAddress; readonly port?: number; readonly sni?: string }): WrittenRequest {
    return new WrittenRequest({ ...this, ...as }, this.#headers);
  }
}

/**
 * parseWrittenRequest reads `METHOD URL`, as in `GET https://www.example.com/admin?x=1 from 198.51.100.7`, or a connection:
 * `tcp to :443 sni www.example.com alpn h2 http/1.1 from 198.51.100.7`.
 *
 * The port is the URL's, or 80 or 443 by its scheme; the address is 127.0.0.1 where none is written. A path alone takes
 * its host from a Host header and counts as http. `sni` and `alpn` are what the hello of TLS says: a client that asks for an https URL
 * names its host there unless something else is written, `sni absent` among it; addresses cannot be named (RFC 6066 section 3).
 * Throws WrittenRequestError.
 */
export function parseWrittenRequest(
  text: string,
  headers: readonly WrittenHeader[] = [],
  paths: PathPolicy = DEFAULT_PATHS,
): WrittenRequest {
  const connection = CONNECTION.exec(text.trim());
  if (connection !== null) return readConnection(connection[1] ?? '', headers);
  const [, method = '', url = '', more = ''] = REQUEST.exec(text.trim()) ?? [];
  if (method === '') {
    throw refuse(
      `\`${text}\` is not a request, such as \`GET https://www.example.com/admin from 198.51.100.7\`, nor a connection, such as \`${CONNECTION_EXAMPLE}\``,
    );
  }
  if (!TOKEN.test(method)) throw refuse(`\`${method}\` is not a method, such as GET`);
  const said = readSaid(more, false);

  const target = TARGET.exec(url);
  if (target === null) throw refuse(`\`${url}\` is not a URL, such as https://www.example.com/admin`);
  const [, writtenScheme = 'http', urlAuthority, rawPath = '/', query = ''] = target;
  const scheme = writtenScheme.toLowerCase() === 'https' ? 'https' : 'http';
  const path = rawPath === '*' && method === 'OPTIONS' ? '*' : normalisePath(rawPath, paths);
  if (path === null) throw refuse(`path \`${rawPath}\` is ambiguous or not allowed: live traffic gets 400`);
  if (/[^\x21-\x7e]/.test(query)) throw refuse(`query \`${query}\` has characters that must be percent-encoded`);

  const fields = readHeaders(headers);
  const written = urlAuthority ?? fields.get('host')?.[0];
  if (written === undefined) throw refuse(`\`${url}\` has no host: write a whole URL, or add a Host header`);
  const authority = readAuthority(written);
  if (authority === null) {
    const port = /:(\d+)$/.exec(written)?.[1];
    throw refuse(
      Number(port ?? 0) > 65_535
        ? `port \`${port}\` is above 65535`
        : `\`${written}\` is not a host: live traffic gets 400`,
    );
  }
  const hosts = fields.get('host') ?? [written];
  const named = hosts.length === 1 ? readAuthority(hosts[0]!) : null;
  if (named === null || !isSameAuthority(named, authority, scheme)) {
    throw refuse(`Host \`${hosts.join(', ')}\` disagrees with \`${written}\``);
  }
  fields.set('host', [named.text]);
  const { host, port } = authority;
  if (scheme === 'http' && (said.sni !== null || said.alpn.length > 0)) {
    throw refuse(`\`${said.sni === null ? 'alpn' : 'sni'}\` is what TLS says: write https://`);
  }
  return new WrittenRequest(
    {
      ip: said.ip,
      port: port ?? (scheme === 'https' ? 443 : 80),
      scheme,
      sni: said.sni ?? (scheme === 'https' ? serverName(host) : ''),
      alpn: said.alpn,
      method,
      host,
      path,
      query,
    },
    fields,
  );
}

function readConnection(more: string, headers: readonly WrittenHeader[]): WrittenRequest {
  if (headers.length > 0) throw refuse('a connection has no headers');
  const { ip, port, sni, alpn } = readSaid(more, true);
  const nothing = { scheme: 'https', method: '', host: '', path: '', query: '' } as const;
  return new WrittenRequest({ ip, port, sni: sni ?? '', alpn, ...nothing }, new Map());
}

/** The name that a client puts into its hello to reach a host; empty when it cannot be named there. */
export function serverName(host: string): string {
  const name = host.replace(/\.$/, '');
  return isServerName(name) && parseIp(name) === null ? name : '';
}

/** isServerName: a client may write it into its hello. */
export function isServerName(name: string): boolean {
  return name.length <= MOST_NAME_LENGTH && SERVER_NAME.test(name);
}

/** Said is what stands behind a URL or `tcp`. */
export interface Said {
  readonly ip: IpAddress;
  /** 0: nothing was said. */
  readonly port: number;
  /** null: nothing was said. Empty: the client names none. */
  readonly sni: string | null;
  readonly alpn: readonly string[];
}

const REQUEST_WORDS = ['from', 'sni', 'alpn'];
const CONNECTION_WORDS = ['to', ...REQUEST_WORDS];

/** readSaid reads `to :PORT`, `sni NAME`, `alpn PROTOCOL …` and `from ADDRESS`, in any order, each once. */
export function readSaid(text: string, isConnection: boolean): Said {
  const words = text.split(/[\s,]+/).filter((word) => word !== '');
  const known = isConnection ? CONNECTION_WORDS : REQUEST_WORDS;
  const said = new Map<string, string[]>();
  let values: string[] | null = null;
  for (const word of words) {
    if (known.includes(word)) {
      if (said.has(word)) throw refuse(`\`${word}\` is said twice`);
      values = [];
      said.set(word, values);
    } else if (values === null) {
      const form = isConnection ? `\`${CONNECTION_EXAMPLE}\`` : known.map((one) => `\`${one}\``).join(', ');
      throw refuse(
        `\`${word}\` is not understood: ${isConnection ? 'a connection is written as' : 'known here are'} ${form}`,
      );
    } else values.push(word);
  }
  for (const [word, { length }] of said) {
    if (length === 0 || (length > 1 && word !== 'alpn'))
      throw refuse(`\`${word}\` takes ${word === 'alpn' ? 'protocols' : 'one value'}`);
  }
  const from = said.get('from')?.[0] ?? DEFAULT_IP;
  const ip = parseIp(from);
  if (ip === null) throw refuse(`\`${from}\` is not an IP address, such as 198.51.100.7`);
  const to = said.get('to')?.[0];
  const port = to === undefined ? 0 : Number(/^:(\d{1,5})$/.exec(to)?.[1] ?? 0);
  if (to !== undefined && (port < 1 || port > 65535)) throw refuse(`\`${to}\` is not a port, such as :443`);
  const written = said.get('sni')?.[0];
  const sni = written === undefined ? null : written === 'absent' ? '' : bareName(written);
  if (sni !== null && sni !== '' && !isServerName(sni)) throw refuse(`\`${written}\` is no name of a server`);
  const alpn = said.get('alpn') ?? [];
  const odd = alpn.find((protocol) => !PROTOCOL.test(protocol));
  if (odd !== undefined) throw refuse(`\`${odd}\` is not the name of a protocol, such as h2`);
  return { ip, port, sni, alpn };
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

/** splitHeader takes `Name: value` apart. Throws WrittenRequestError. */
export function splitHeader(header: string): readonly [name: string, value: string] {
  const colon = header.indexOf(':');
  if (colon < 0) throw refuse(`\`${header}\` is not a header, such as \`X-Team: blue\``);
  return [header.slice(0, colon), header.slice(colon + 1)];
}

/** refuse makes the error that says what is wrong. */
export function refuse(message: string): WrittenRequestError {
  return new WrittenRequestError(message);
}

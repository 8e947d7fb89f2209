/**
 * JsonLine: a line of Sluice's own access log; docs/access-log.md has the format. Any thread.
 */

import { bareName, type IpAddress, parseIp } from '@sluice/dsl/match';
import { BadLine, hostOf, type LogLine, methodOf, statusOf } from './log-line.ts';
import { quoted } from './quotation.ts';

/** A connection, or a request that was refused before any rule, may have had no method and no path. */
const REFUSED: LogLine = {
  format: 'json',
  client: undefined,
  method: '',
  scheme: undefined,
  host: undefined,
  port: undefined,
  path: '',
  query: '',
  headers: {},
  listener: undefined,
  status: 400,
  rule: null,
  backend: null,
};

/** readJsonLine reads one line. Members it does not know are passed over. Throws BadLine. */
export function readJsonLine(text: string): LogLine {
  let line: Record<string, unknown>;
  try {
    line = JSON.parse(text);
  } catch {
    throw new BadLine('it is not JSON');
  }
  const string = (name: string): string | undefined => {
    const value = line[name];
    if (value === undefined || typeof value === 'string') return value;
    throw new BadLine(`\`${name}\` is not a text`);
  };
  const orNull = (name: string): string | null | undefined => (line[name] === null ? null : string(name));
  const nameOrNull = (name: string): string | null | undefined => {
    const text = orNull(name);
    return typeof text === 'string' ? bareName(text) : text;
  };
  const number = (name: string): number | undefined => {
    const value = line[name];
    if (value === undefined || typeof value === 'number') return value;
    throw new BadLine(`\`${name}\` is not a number`);
  };
  const method = string('method');
  const path = string('path');
  const status = number('status');
  const isRefused = (status === 400 || string('refused') !== undefined) && line.rule === null && line.backend === null;
  if (isRefused) return { ...REFUSED, isRefused };
  const scheme = string('scheme');
  if (scheme === 'tcp') {
    return {
      ...REFUSED,
      client: clientOf(string('client')),
      isConnection: true,
      port: number('port'),
      sni: nameOrNull('sni'),
      alpn: protocolsOf(line.alpn),
      listener: string('listener'),
      status: undefined,
      rule: orNull('rule'),
      backend: orNull('backend'),
    };
  }
  if (method === undefined || path === undefined) throw new BadLine('it has no method or no path');
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https') throw new BadLine(`\`${scheme}\` is no scheme`);
  const { host, port } = hostOf(string('host') ?? '');
  return {
    format: 'json',
    client: clientOf(string('client')),
    method: methodOf(method),
    scheme,
    host: line.host === undefined ? undefined : host,
    port: number('port') ?? port,
    sni: nameOrNull('sni'),
    alpn: protocolsOf(line.alpn),
    path,
    query: string('query') ?? '',
    headers: headersOf(line.headers),
    listener: string('listener'),
    status: status === undefined ? undefined : statusOf(status),
    rule: orNull('rule'),
    backend: orNull('backend'),
  };
}

function clientOf(text: string | undefined): IpAddress | undefined {
  if (text === undefined) return undefined;
  const ip = parseIp(text);
  if (ip === null) throw new BadLine(`${quoted(text)} is not an address`);
  return ip;
}

function protocolsOf(value: unknown): readonly string[] | undefined {
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value;
  throw new BadLine('`alpn` is no list of texts');
}

function headersOf(value: unknown): LogLine['headers'] {
  const headers: Record<string, string | readonly string[] | null> = Object.create(null);
  if (value === undefined) return headers;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new BadLine('`headers` is no object');
  for (const [name, content] of Object.entries(value)) {
    const isList = Array.isArray(content) && content.every((one) => typeof one === 'string');
    if (content !== null && typeof content !== 'string' && !isList) throw new BadLine(`header \`${name}\` is no text`);
    headers[name.toLowerCase()] = content as string | readonly string[] | null;
  }
  return headers;
}

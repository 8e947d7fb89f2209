/**
 * Cases: what the benchmark puts every proxy through. Benchmark code.
 */

/** Wire is what a client speaks to the proxy, and how much of it the proxy opens. The server behind speaks HTTP/1.1. */
export type Wire =
  | 'http'
  /** TLS that ends in the proxy, HTTP/1.1 in it. */
  | 'https'
  /** HTTP/2 by prior knowledge, without TLS. */
  | 'h2c'
  /** HTTP/2 over TLS that ends in the proxy. */
  | 'h2'
  /** Bytes that the proxy does not read. */
  | 'tcp'
  /** TLS that the proxy routes by its name and does not open. */
  | 'passthrough';

/** Tool makes the load: wrk, h2load, or s_time of openssl with a new TLS session for each connection or the same one for all. */
export type Tool = 'wrk' | 'h2load' | 'new sessions' | 'resumed sessions';

export interface LoadCase {
  readonly name: string;
  readonly title: string;
  readonly wire: Wire;
  readonly tool: Tool;
  readonly path: string;
  readonly connections: number;
  readonly headers: readonly string[];
  /** Deny rules to configure; peers that cannot express them sensibly are left out. */
  readonly rules: number;
  /** Bytes of one answer's body, to report bytes per second where that is the point. */
  readonly bodyBytes: number;
  /** The peer that ratios are to. */
  readonly reference: string;
}

const COOKIE = 'Cookie: sid=bench';

const defaults = {
  wire: 'http',
  tool: 'wrk',
  path: '/small',
  connections: 64,
  headers: [COOKIE],
  rules: 0,
  bodyBytes: 0,
  reference: 'haproxy',
} as const;

const megabytes = { path: '/1m', bodyBytes: 1024 * 1024 };

export const LOAD_CASES: readonly LoadCase[] = [
  { ...defaults, name: 'small', title: 'Small responses, keep-alive, 64 connections' },
  { ...defaults, name: '64k', title: '64 KiB responses, 64 connections', path: '/64k', bodyBytes: 64 * 1024 },
  { ...defaults, name: '1m', title: '1 MiB responses, 64 connections', ...megabytes },
  {
    ...defaults,
    name: 'close',
    title: 'A new connection for each request, 64 concurrent',
    headers: [COOKIE, 'Connection: close'],
  },
  { ...defaults, name: '1000', title: 'Small responses, keep-alive, 1,000 connections', connections: 1000 },
  { ...defaults, name: 'one rule', title: 'One rule with two conditions, 64 connections', rules: 1 },
  {
    ...defaults,
    name: 'rules',
    title: '5,000 mixed rules, 100 of them regular expressions, 64 connections',
    rules: 5000,
  },
  { ...defaults, name: 'tls', title: 'TLS termination, small responses, 64 connections', wire: 'https' },
  {
    ...defaults,
    name: 'tls 1m',
    title: 'TLS termination, 1 MiB responses, 64 connections',
    wire: 'https',
    ...megabytes,
  },
  {
    ...defaults,
    name: 'handshakes',
    title: 'A full TLS handshake for each request, ECDSA P-256, 8 concurrent',
    wire: 'https',
    tool: 'new sessions',
    connections: 8,
  },
  {
    ...defaults,
    name: 'resumed',
    title: 'A resumed TLS session for each request, 8 concurrent',
    wire: 'https',
    tool: 'resumed sessions',
    connections: 8,
  },
  { ...defaults, name: 'tcp', title: 'Plain TCP, 1 MiB responses, 64 connections', wire: 'tcp', ...megabytes },
  { ...defaults, name: 'tcp small', title: 'Plain TCP, small responses, 64 connections', wire: 'tcp' },
  {
    ...defaults,
    name: 'passthrough',
    title: 'TLS passthrough by server name, 1 MiB responses, 64 connections',
    wire: 'passthrough',
    ...megabytes,
  },
  {
    ...defaults,
    name: 'h2c',
    title: 'HTTP/2 without TLS, small responses, 4 connections with 100 streams each',
    wire: 'h2c',
    tool: 'h2load',
    connections: 4,
    reference: 'nginx',
  },
  {
    ...defaults,
    name: 'h2',
    title: 'HTTP/2 over TLS, small responses, 4 connections with 100 streams each',
    wire: 'h2',
    tool: 'h2load',
    connections: 4,
    reference: 'nginx',
  },
];

/** The case `idle` as far as it concerns which peers suit it. */
export const IDLE: LoadCase = { ...defaults, name: 'idle', title: 'Idle keep-alive clients' };

/** How many idle keep-alive clients the case `idle` holds open. */
export const IDLE_CLIENTS = 10_000;

/** opensTls: does the proxy end TLS in this case? */
export function opensTls({ wire }: LoadCase): boolean {
  return wire === 'https' || wire === 'h2';
}

/** caseUrl is what a client asks for. By name, as the hello of TLS has no name for an address. */
export function caseUrl({ wire, path }: LoadCase, port: number): string {
  const scheme = wire === 'http' || wire === 'tcp' || wire === 'h2c' ? 'http' : 'https';
  return `${scheme}://localhost:${port}${path}`;
}

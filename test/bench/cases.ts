/**
 * Cases: what the benchmark puts every proxy through. Benchmark code.
 */
export interface LoadCase {
  readonly name: string;
  readonly title: string;
  readonly path: string;
  readonly connections: number;
  readonly headers: readonly string[];
  /** Deny rules to configure; peers that cannot express them sensibly are left out. */
  readonly rules: number;
  /** Bytes of one answer's body, to report bytes per second where that is the point. */
  readonly bodyBytes: number;
}

const COOKIE = 'Cookie: sid=bench';

const defaults = { path: '/small', connections: 64, headers: [COOKIE], rules: 0, bodyBytes: 0 };

export const LOAD_CASES: readonly LoadCase[] = [
  { ...defaults, name: 'small', title: 'Small answers, keep-alive, 64 connections' },
  { ...defaults, name: '64k', title: '64 KiB answers, 64 connections', path: '/64k', bodyBytes: 64 * 1024 },
  { ...defaults, name: '1m', title: '1 MiB answers, 64 connections', path: '/1m', bodyBytes: 1024 * 1024 },
  {
    ...defaults,
    name: 'close',
    title: 'A new connection for each request, 64 at once',
    headers: [COOKIE, 'Connection: close'],
  },
  { ...defaults, name: '1000', title: 'Small answers, keep-alive, 1,000 connections', connections: 1000 },
  { ...defaults, name: 'one rule', title: 'One rule of two conditions, 64 connections', rules: 1 },
  {
    ...defaults,
    name: 'rules',
    title: '5,000 mixed rules, 100 of them regular expressions, 64 connections',
    rules: 5000,
  },
];

/** The case `idle` as far as it concerns which peers suit it. */
export const IDLE: LoadCase = { ...defaults, name: 'idle', title: 'Idle keep-alive clients' };

/** How many idle keep-alive clients the case `idle` holds open. */
export const IDLE_CLIENTS = 10_000;

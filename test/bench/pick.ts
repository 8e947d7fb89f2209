/**
 * Pick measures what it costs to pick a server: the real pools and strategies over a real server table, without a network.
 * `node test/bench/pick.ts`. Benchmark code.
 *
 * Each pick is a whole attempt: `begin`, the strategy's pick, the server opened, an older request closed and told. Loads are
 * mixed (about three requests open on each server), weights 1 to 4; every tenth attempt is a retry that has tried two servers;
 * in the last column one server changes its state every hundred picks.
 */
import type { RequestFacts } from '@sluice/dsl/match';
import { IpAddress } from '@sluice/dsl/match';
import type { ComponentUse, Plan } from '@sluice/dsl/plan';
import { LinkedBalancer } from '../../core/src/data/linked-balancer.ts';
import { LiveServerPool } from '../../core/src/data/live-server-pool.ts';
import { ServerEndpoint } from '../../core/src/data/server-endpoint.ts';
import type { Balancer, BalancerFactory, DataEntry } from '../../core/src/plugin/data-entry.ts';
import { BackendTable } from '../../core/src/shared/backend-table.ts';
import { Heartbeats } from '../../core/src/shared/heartbeats.ts';
import { createSharedMemory } from '../../core/src/shared/memory.ts';
import { RUNNING, ServerTable, STOPPED } from '../../core/src/shared/server-table.ts';

const SIZES = [10, 100, 1000, 10_000];
const STRATEGIES: readonly [name: string, plugin: string, options: ComponentUse['options']][] = [
  ['round-robin', 'round-robin', {}],
  ['least-connections', 'least-connections', {}],
  ['least-response-time', 'least-response-time', {}],
  ['random', 'random', {}],
  ['consistent-hash', 'consistent-hash', { key: ['path'], load: 125 }],
  ['ip-hash', 'consistent-hash', {}],
  ['first', 'first', {}],
];
const PICKS = 200_000;
const ROUNDS = 5;

function factsOf(at: number): RequestFacts {
  const text = `10.${(at >> 16) & 255}.${(at >> 8) & 255}.${at & 255}`;
  return {
    ip: new IpAddress(true, 0, 0, 0, 0x0a000000 + at, text),
    port: 80,
    scheme: 'http',
    method: 'GET',
    host: 'www.example.com',
    path: `/item/${at * 7919}`,
    query: '',
    id: '',
    header: () => undefined,
  };
}

const requests = Array.from({ length: 4096 }, (_, at) => factsOf(at));

function setUp(size: number, name: string, factory: BalancerFactory, options: ComponentUse['options']) {
  const memory = createSharedMemory({ threads: 1, rateEntries: 64 });
  const table = new ServerTable(memory.servers, 1);
  const backends = new BackendTable(memory);
  const place = { file: '', line: 1, column: 1, length: 1 };
  const servers = Array.from({ length: size }, (_, index) => {
    table.setState(index, RUNNING);
    table.setWeight(index, 1 + (index % 4));
    // `first` fills one after the other, so it needs something to fill.
    table.setMax(index, name === 'first' ? 6 : 0);
    const address = { host: '127.0.0.1', port: 1 + index };
    return { name: `web${index}`, address, weight: 1, max: 0, queue: 0, isBackup: false, place };
  });
  const plan = { name: 'app', servers } as unknown as Plan['backends'][number];
  const endpoints = servers.map(({ address }, index) => new ServerEndpoint(index, address));
  const sources = { table, backends, slot: 0, random: Math.random, now: () => performance.now() };
  const pool = new LiveServerPool(plan, endpoints, sources);
  const startMs = performance.now();
  const balancer = new LinkedBalancer(name, options, factory, pool, new Heartbeats(memory, 0), 0);
  return { table, backends, pool, balancer, buildMs: performance.now() - startMs };
}

/** measure returns nanoseconds a pick: the median of the rounds. */
function measure(
  { table, backends, pool, balancer }: ReturnType<typeof setUp>,
  size: number,
  isRetrying: boolean,
  isChanging: boolean,
): number {
  const open: number[] = [];
  const tried = [0, 1];
  let oldest = 0;
  const mostOpen = size * 3;
  const attempt = (at: number): void => {
    pool.begin(isRetrying && at % 10 === 0 ? tried : null);
    const picked = balancer.pick(requests[at & 4095]!);
    if (picked === -1) return;
    table.tryOpen(picked, 0);
    backends.tryOpen(0, 0, 0);
    open.push(picked);
    if (open.length - oldest > mostOpen) {
      const left = open[oldest++]!;
      table.closed(left, 0);
      backends.closed(0, 0);
      if (balancer.hearsAnswers) balancer.answered(left, 5 + (left % 20), 200);
      if (balancer.hearsEnds) balancer.ended(left);
    }
    if (isChanging && at % 100 === 0) {
      const server = (at / 100) % size;
      table.setState(server, table.state(server) === RUNNING ? STOPPED : RUNNING);
      if (table.state(server) === STOPPED) table.setState(server, at % 200 === 0 ? STOPPED : RUNNING);
    }
  };
  for (let at = 0; at < mostOpen + PICKS / 4; at++) attempt(at);
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const startMs = performance.now();
    for (let at = 0; at < PICKS; at++) attempt(at);
    rounds.push(((performance.now() - startMs) * 1e6) / PICKS);
    open.splice(0, oldest);
    oldest = 0;
  }
  return rounds.sort((one, other) => one - other)[ROUNDS >> 1]!;
}

const nothing: Balancer = { pick: () => 0 };
console.log('ns a pick             servers     plain   retries   changes   built in ms');
for (const [name, plugin, options] of [['(no strategy)', '', {}] as const, ...STRATEGIES]) {
  for (const size of SIZES) {
    let factory: BalancerFactory = () => nothing;
    if (plugin !== '') {
      const entry: DataEntry = await import(`../../plugins/${plugin}/dist/data.js`);
      factory = entry.balancers![name]!;
    }
    const figures = [
      measure(setUp(size, name, factory, options), size, false, false),
      measure(setUp(size, name, factory, options), size, true, false),
      measure(setUp(size, name, factory, options), size, false, true),
    ];
    const { buildMs } = setUp(size, name, factory, options);
    const cells = [...figures.map((ns) => ns.toFixed(0).padStart(10)), buildMs.toFixed(1).padStart(14)];
    console.log(`${name.padEnd(20)} ${String(size).padStart(8)}${cells.join('')}`);
  }
}

/**
 * Pick measures what it costs to pick a server: the real pools and strategies over a real server table, without a network.
 * `npm run bench -- pick [--rounds N] [--strategy NAME]… [--size N]…`. Benchmark code.
 *
 * An attempt is all that happens to a pool for one request: `startPick`, the strategy's pick, the server counted as open, an older request
 * closed and told. Loads are mixed (about three requests open on each server), weights 1 to 4. With "retries" every tenth attempt has
 * tried two servers before; with "changes" one server changes its state every hundred attempts.
 *
 * Measured is the processor time of the thread itself, so that a busy machine does not count as a slow strategy (what others do to
 * the caches still does). The kernel may count it in steps of 4 ms, so it is that of half a million attempts; "by the clock" is
 * the median of runs too short to be interrupted much, as a second opinion. The same attempts with a balancer that has its picks
 * written beforehand, by the weights, are what the measuring costs; a pick is the difference. Each strategy and size runs in a
 * process of its own, all in turn, as a gateway that has one strategy does; a figure is the median of the rounds.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { RequestFacts } from '@sluice/dsl/match';
import { finish, IpAddress } from '@sluice/dsl/match';
import type { ComponentUse, Plan } from '@sluice/dsl/plan';
import { LinkedBalancer } from '../../core/src/data/backend/linked-balancer.ts';
import { LiveServerPool } from '../../core/src/data/backend/live-server-pool.ts';
import { ServerEndpoint } from '../../core/src/data/endpoint/server-endpoint.ts';
import type { Balancer, BalancerFactory, DataEntry } from '../../core/src/plugin/data-entry.ts';
import { watchOf } from '../../core/src/shared/plugins/watched.ts';
import { BackendTable } from '../../core/src/shared/tables/backend-table.ts';
import { createSharedMemory } from '../../core/src/shared/tables/create-shared-memory.ts';
import { Heartbeats } from '../../core/src/shared/tables/heartbeats.ts';
import { RUNNING, ServerTable, STOPPED } from '../../core/src/shared/tables/server-table.ts';

const SIZES = [10, 100, 1000, 10_000];
const SCENES = ['plain', 'retries', 'changes'] as const;
type Scene = (typeof SCENES)[number];

/** What the measuring costs. */
const NOTHING = '(measuring)';
interface Case {
  readonly plugin: string;
  readonly options: ComponentUse['options'];
}
const CASES: Readonly<Record<string, Case>> = {
  [NOTHING]: { plugin: '', options: {} },
  'round-robin': { plugin: 'round-robin', options: {} },
  'least-connections': { plugin: 'least-connections', options: {} },
  'least-response-time': { plugin: 'least-response-time', options: {} },
  random: { plugin: 'random', options: {} },
  'consistent-hash': { plugin: 'consistent-hash', options: { key: ['path'], load: 125 } },
  'ip-hash': { plugin: 'consistent-hash', options: {} },
  first: { plugin: 'first', options: {} },
};
/** Attempts in a short run, less than a millisecond, and how many of those there are. */
const RUN = 2000;
const RUNS = 250;
const WARM_UP = 200_000;

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
    memo: (_key, make) => make(),
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
  const pool = finish(LiveServerPool.of(plan, endpoints, sources));
  const start = cpuMicros();
  const balancer = new LinkedBalancer(name, options, factory, pool, watchOf(new Heartbeats(memory, 0), 0));
  return { table, backends, pool, balancer, buildMs: (cpuMicros() - start) / 1000 };
}

/** replay is a balancer that has made up its mind: servers drawn by their weights. It looks at the request, as the others do. */
function replay(size: number): BalancerFactory {
  const byWeight: number[] = [];
  for (let index = 0; index < size; index++) for (let turn = 0; turn <= index % 4; turn++) byWeight.push(index);
  const picks = Int32Array.from({ length: 65_536 }, () => byWeight[Math.floor(Math.random() * byWeight.length)]!);
  let at = 0;
  return (): Balancer => ({ pick: (facts) => (facts.path === '' ? -1 : picks[at++ & 65_535]!) });
}

function cpuMicros(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((one, other) => one - other)[numbers.length >> 1]!;
}

interface AttemptNs {
  readonly cpu: number;
  /** By the clock. */
  readonly clock: number;
}

function measure({ table, backends, pool, balancer }: ReturnType<typeof setUp>, size: number, scene: Scene): AttemptNs {
  const mostOpen = size * 3;
  const open = new Int32Array(mostOpen).fill(-1);
  const tried = [0, 1];
  let oldest = 0;
  const attempt = (at: number): void => {
    pool.startPick(scene === 'retries' && at % 10 === 0 ? tried : null);
    const picked = balancer.pick(requests[at & 4095]!);
    if (picked === -1) return;
    table.tryOpen(picked, 0);
    backends.tryOpen(0, 0, 0);
    const left = open[oldest]!;
    open[oldest] = picked;
    oldest = oldest + 1 === mostOpen ? 0 : oldest + 1;
    if (left !== -1) {
      table.closed(left, 0);
      backends.closed(0, 0);
      if (balancer.hearsAnswers) balancer.answered(left, 5 + (left % 20), 200);
      if (balancer.hearsEnds) balancer.onRequestEnd(left);
    }
    if (scene === 'changes' && at % 100 === 0) {
      const changing = 2 + (((at / 200) | 0) % (size - 2));
      table.setState(changing, at % 200 === 0 ? STOPPED : RUNNING);
    }
  };
  for (let at = 0; at < WARM_UP; at++) attempt(at);
  const runs: number[] = [];
  const startMicros = cpuMicros();
  for (let run = 0; run < RUNS; run++) {
    const startMs = performance.now();
    for (let at = 0; at < RUN; at++) attempt(run * RUN + at);
    runs.push(((performance.now() - startMs) * 1e6) / RUN);
  }
  return { cpu: ((cpuMicros() - startMicros) * 1000) / (RUN * RUNS), clock: median(runs) };
}

interface Figures {
  /** Of each scene. */
  readonly ns: readonly AttemptNs[];
  readonly buildMs: number;
}

/** measureHere measures one strategy at one size in this process. */
async function measureHere(name: string, size: number): Promise<Figures> {
  const { plugin, options } = CASES[name]!;
  let factory = replay(size);
  if (plugin !== '') {
    const entry: DataEntry = await import(`../../plugins/${plugin}/dist/data.js`);
    factory = entry.balancers![name]!;
  }
  const { buildMs } = setUp(size, name, factory, options);
  return { ns: SCENES.map((scene) => measure(setUp(size, name, factory, options), size, scene)), buildMs };
}

function measureApart(name: string, size: number): Figures {
  const args = [fileURLToPath(import.meta.url), '--here', name, '--size', String(size)];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    here: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    size: { type: 'string', multiple: true },
    strategy: { type: 'string', multiple: true },
  },
});
if (values.here !== undefined) {
  console.log(JSON.stringify(await measureHere(values.here, Number(values.size![0]))));
} else {
  const names = [NOTHING, ...(values.strategy ?? Object.keys(CASES).filter((name) => name !== NOTHING))];
  const unknown = names.find((name) => CASES[name] === undefined);
  if (unknown !== undefined) throw new Error(`unknown strategy ${unknown}`);
  const columns = ['servers', 'whole', 'by the clock', 'plain', 'by the clock', 'retries', 'changes', 'built in ms'];
  const row = (name: string, cells: readonly string[]): void =>
    console.log(name.padEnd(20) + cells.map((cell, at) => cell.padStart(columns[at]!.length + 2)).join(''));
  row('ns', columns);
  for (const size of values.size?.map(Number) ?? SIZES) {
    const rounds = Array.from({ length: Number(values.rounds) }, () => names.map((name) => measureApart(name, size)));
    for (const [at, name] of names.entries()) {
      const over = (ns: (figures: Figures) => number): string => median(rounds.map((all) => ns(all[at]!))).toFixed(0);
      const less = (ns: (figures: Figures) => number): string =>
        at === 0 ? '' : median(rounds.map((all) => ns(all[at]!) - ns(all[0]!))).toFixed(0);
      const [plain, retries, changes] = [0, 1, 2].map((scene) => (figures: Figures) => figures.ns[scene]!.cpu);
      const clock = (figures: Figures): number => figures.ns[0]!.clock;
      const buildMs = median(rounds.map((all) => all[at]!.buildMs)).toFixed(1);
      const picks = [less(plain!), less(clock), less(retries!), less(changes!)];
      row(name, [String(size), over(plain!), over(clock), ...picks, buildMs]);
    }
  }
}

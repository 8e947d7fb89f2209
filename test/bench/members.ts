/**
 * The benchmark of members: what traffic feels of servers that come and go, and of weights that change, in a large backend.
 *
 *     node test/bench/members.ts [--servers N] [--threads N] [--rounds N] [--json FILE]
 *
 * Data threads serve wrk all the time. Each kind of change is made a few times, by strategy; before them the threads serve
 * undisturbed for as long, which shows what of the lateness is the machine's.
 */
import { once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { LATENESS_EDGES_MS } from '@sluice/core';
import { createGateway } from 'sluice';
import { freePort, Program, temporaryFolder } from '../kit/index.ts';
import { nginxConfig } from './peers/nginx.ts';
import { LOAD_CORE, pinned } from './pinned.ts';
import { openTurnLog, type Turns } from './turns/turn-log.ts';

const { values } = parseArgs({
  options: {
    servers: { type: 'string', default: '9000' },
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
    balance: {
      type: 'string',
      default: 'round-robin, least-connections, least-response-time, consistent-hash by path',
    },
    json: { type: 'string' },
  },
});
const count = Number(values.servers);
const threads = Number(values.threads);
const rounds = Number(values.rounds);

const folder = temporaryFolder();
const plugin = new URL('./turns/plugin.ts', import.meta.url).pathname;

/** All servers are one nginx, under an address each of 127.0.0.0/8. */
const addressOf = (index: number, port: number): string => `127.1.${index >> 8}.${index & 255}:${port}`;

interface Phase {
  readonly balance: string;
  readonly name: string;
  readonly lateness: readonly number[];
  readonly turns: Turns;
  readonly ms: readonly number[];
}

async function startServers(): Promise<{ port: number; program: Program }> {
  const port = await freePort();
  const file = join(folder, 'nginx.conf');
  // Each connection is closed after its answer, as thousands of kept ones would be a benchmark of something else.
  const server = `server { listen ${port} reuseport; keepalive_timeout 0; location / { default_type text/plain; return 200 "hello, world"; } }`;
  writeFileSync(file, nginxConfig(folder, server));
  const program = pinned(LOAD_CORE, '/usr/sbin/nginx', ['-p', folder, '-e', 'stderr', '-c', file]);
  await program.listening(port);
  return { port, program };
}

const turns = openTurnLog();
const servers = await startServers();
const phases: Phase[] = [];

/** The file is renamed into its place, so that it is taken as soon as it is seen. */
function writeMembers(file: string, indexes: Iterable<number>): void {
  const lines = Array.from(indexes, (index) => addressOf(index, servers.port));
  writeFileSync(`${file}.new`, `${lines.join('\n')}\n`);
  renameSync(`${file}.new`, file);
}

async function measure(balance: string): Promise<void> {
  const file = join(folder, `servers ${balance}`);
  const members = new Set(Array.from({ length: count }, (_, index) => index));
  writeMembers(file, members);
  const port = await freePort();
  const rules = `use turns from "${plugin}"
listener web on 127.0.0.1:${port} { otherwise send to app }
backend app { servers from file "${file}" every 100ms at most 10000; balance ${balance} }
`;
  const gateway = await createGateway({ rules, threads, logger: false });
  await gateway.start();
  const load = new Program('wrk', ['-t1', '-c32', '-d600s', `http://127.0.0.1:${port}/`]);
  const lateness = (): number[] => {
    const all = gateway.stats().threads.map((thread) => thread.lateness);
    return LATENESS_EDGES_MS.concat(0 as never).map((_, at) => all.reduce((sum, one) => sum + one[at]!, 0));
  };
  const phase = async (name: string, change: (round: number) => Promise<void> | void): Promise<void> => {
    await sleep(500);
    turns.take();
    const before = lateness();
    const ms: number[] = [];
    for (let round = 1; round <= rounds; round++) {
      const start = performance.now();
      await change(round);
      ms.push(performance.now() - start);
      await sleep(300);
    }
    const after = lateness();
    const late = after.map((beats, at) => beats - before[at]!);
    phases.push({ balance, name, lateness: late, turns: turns.take(), ms });
  };
  const changed = async (change: () => void): Promise<void> => {
    const told = once(gateway, 'server');
    change();
    writeMembers(file, members);
    await told;
  };
  try {
    await sleep(2000);
    await phase('undisturbed', () => sleep(1000));
    await phase('1 server comes', (round) => changed(() => members.add(count + round)));
    await phase('1 server goes', (round) => changed(() => members.delete(count + round)));
    await phase('100 servers go', (round) => {
      return changed(() => {
        for (let index = 0; index < 100; index++) members.delete(100 * round + index);
      });
    });
    await phase('100 servers come', (round) => {
      return changed(() => {
        for (let index = 0; index < 100; index++) members.add(100 * round + index);
      });
    });
    await phase('1 weight by hand', (round) => {
      gateway.server(`app/${addressOf(0, servers.port)}`).weight(round + 1);
    });
    await phase('100 drained and back', async () => {
      for (let index = 0; index < 100; index++) void gateway.server(`app/${addressOf(index, servers.port)}`).drain();
      await sleep(200);
      for (let index = 0; index < 100; index++) gateway.server(`app/${addressOf(index, servers.port)}`).ready();
    });
  } finally {
    load.signal('SIGKILL');
    await gateway.stop({ deadline: 0 });
  }
}

try {
  for (const balance of values.balance.split(', ')) await measure(balance);
} finally {
  await servers.program.stop();
}

const over20 = (buckets: readonly number[]): number => buckets.slice(40).reduce((sum, each) => sum + each, 0);
const edges = [...LATENESS_EDGES_MS.map((edge) => `≤${edge}`), 'more'];
console.log(
  `| strategy | ${count} servers: | longest turn | over 20 ms of processor time | longest | heartbeat lateness, ms: beats |`,
);
console.log('|---|---|--:|--:|--:|---|');
for (const { balance, name, lateness: beats, turns: seen, ms } of phases) {
  const late = beats.map((each, at) => (each === 0 ? '' : `${edges[at]}: ${each}`)).filter((text) => text !== '');
  const took = name === 'undisturbed' ? '' : ` (${Math.round(Math.max(...ms))} ms each at most)`;
  const cpu = `${over20(seen.cpu)} | ${seen.longestCpuMs.toFixed(1)} ms`;
  console.log(`| ${balance} | ${name}${took} | ${seen.longestWallMs.toFixed(1)} ms | ${cpu} | ${late.join(', ')} |`);
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(phases, null, 2)}\n`);

/**
 * The benchmark of reloads: what traffic feels of a reload of 5,000 rules, and of a list of 100,000 entries that changes.
 *
 *     node test/bench/reload.ts [--threads N] [--rounds N] [--json FILE]
 *
 * Two data threads serve wrk all the time. Each kind of change is made a few times, one after the other; between them the
 * threads serve undisturbed for as long, which shows what of the lateness is the machine's.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { LATENESS_EDGES_MS } from '@sluice/core';
import { createGateway } from 'sluice';
import { freePort, Program, temporaryFolder } from '../kit/index.ts';
import { startOrigin } from './origin.ts';
import { deny } from './peers/sluice.ts';
import { makeRules } from './rules.ts';
import { openTurnLog, type Turns } from './turns/turn-log.ts';

const { values } = parseArgs({
  options: {
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
    rules: { type: 'string', default: '5000' },
    entries: { type: 'string', default: '100000' },
    json: { type: 'string' },
  },
});
const threads = Number(values.threads);
const rounds = Number(values.rounds);
const rules = makeRules(Number(values.rules)).map(deny);

const folder = temporaryFolder();
const file = join(folder, 'gateway.sluice');
const list = join(folder, 'blocked.txt');
const plugin = new URL('./turns/plugin.ts', import.meta.url).pathname;

/** Half of the entries are IPv4 networks, half IPv6. */
function writeList(round: number): void {
  const lines = Array.from({ length: Number(values.entries) }, (_, at) => {
    const number = (at >> 1) + round;
    return at % 2 === 0
      ? `100.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`
      : `2001:db8:${(number >> 16).toString(16)}:${(number & 0xffff).toString(16)}::/64`;
  });
  writeFileSync(list, `${lines.join('\n')}\n`);
}

function writeRules(round: number, port: number, originPort: number): void {
  writeFileSync(
    file,
    `use turns from "${plugin}"
list blocked = ips from "${list}" refresh 100ms
listener web on 127.0.0.1:${port} {
  deny ip blocked
${rules.join('\n')}
  deny path is /round-${round}
  otherwise send to origin
}
backend origin of 127.0.0.1:${originPort}
`,
  );
}

interface Phase {
  readonly name: string;
  readonly lateness: readonly number[];
  readonly turns: Turns;
  readonly ms: readonly number[];
}

/** percentile of a histogram in half milliseconds. */
function percentile(buckets: readonly number[], share: number): number {
  const total = buckets.reduce((sum, count) => sum + count, 0);
  let bucket = 0;
  for (let seen = 0; bucket < buckets.length; bucket++) {
    seen += buckets[bucket]!;
    if (seen >= share * total) break;
  }
  return (bucket + 1) / 2;
}

const over20 = (buckets: readonly number[]): number => buckets.slice(40).reduce((sum, count) => sum + count, 0);

const origin = await startOrigin();
const turns = openTurnLog();
const port = await freePort();
writeList(0);
writeRules(0, port, origin.port);
const gateway = await createGateway({ rules: { file }, threads, logger: false });
await gateway.start();
const load = new Program('wrk', ['-t1', '-c64', '-d600s', `http://127.0.0.1:${port}/small`]);
const lateness = (): number[] => {
  const all = gateway.stats().threads.map((thread) => thread.lateness);
  return LATENESS_EDGES_MS.concat(0 as never).map((_, at) => all.reduce((sum, one) => sum + one[at]!, 0));
};
const phases: Phase[] = [];
async function phase(name: string, change: (round: number) => Promise<void>): Promise<void> {
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
  phases.push({ name, lateness: after.map((count, at) => count - before[at]!), turns: turns.take(), ms });
}
try {
  await sleep(2000);
  await phase('undisturbed', () => sleep(1500));
  await phase(`reload of ${values.rules} rules`, async (round) => {
    writeRules(round, port, origin.port);
    await gateway.reload();
  });
  await phase('undisturbed', () => sleep(1500));
  await phase(`refresh of ${values.entries} entries`, async (round) => {
    const changed = new Promise((resolve) => gateway.once('list', resolve));
    writeList(1000 * round);
    await changed;
  });
  await phase('undisturbed', () => sleep(1500));
} finally {
  load.signal('SIGKILL');
  await gateway.stop({ deadline: 0 });
  await origin.program.stop();
}

const edges = [...LATENESS_EDGES_MS.map((edge) => `≤${edge}`), 'more'];
console.log(
  `| phase | turns over 20 ms | longest turn | 99.9 % of turns | over 20 ms of processor time | longest | 99.9 % | heartbeat lateness, ms: beats |`,
);
console.log('|---|--:|--:|--:|--:|--:|--:|---|');
for (const { name, lateness: beats, turns: seen, ms } of phases) {
  const late = beats.map((count, at) => (count === 0 ? '' : `${edges[at]}: ${count}`)).filter((text) => text !== '');
  const took = name === 'undisturbed' ? '' : ` (${Math.round(Math.max(...ms))} ms each at most)`;
  const wall = `${over20(seen.wall)} | ${seen.longestWallMs.toFixed(1)} ms | ${percentile(seen.wall, 0.999)} ms`;
  const cpu = `${over20(seen.cpu)} | ${seen.longestCpuMs.toFixed(1)} ms | ${percentile(seen.cpu, 0.999)} ms`;
  console.log(`| ${name}${took} | ${wall} | ${cpu} | ${late.join(', ')} |`);
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(phases, null, 2)}\n`);

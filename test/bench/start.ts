/**
 * Start measures how long a proxy takes from its start to its first served request, and how much memory it has when nothing happens.
 * `npm run bench -- start [--rounds N] [--peers NAME,…]`. Benchmark code.
 *
 * Every proxy starts once without being counted (a compile cache is written, files come into the page cache), then all take turns. The
 * clock stops at the first byte of the first answer; connections are tried every 2 ms. Memory is what a process tree has 1.5 s later,
 * pages that several processes share counted in parts (PSS).
 */
import { parseArgs } from 'node:util';
import { freePort, type Program, temporaryFolder } from '../kit/index.ts';
import { LOAD_CASES } from './cases.ts';
import { firstAnswer } from './first-answer.ts';
import { type Origin, startOrigin } from './origin.ts';
import { PEERS, type Peer } from './peers/index.ts';
import { sluiceSupervised } from './peers/sluice.ts';
import { PROXY_CORE, pinned } from './pinned.ts';
import { proportionalBytes } from './usage.ts';

const IDLE_MS = 1_500;

interface Start {
  readonly ms: number;
  readonly bytes: number;
}

async function start(peer: Peer, origin: Origin): Promise<Start> {
  const port = await freePort();
  const { command, args, env } = peer.prepare({
    port,
    wire: 'http',
    originPort: origin.port,
    certificate: origin.certificate,
    folder: temporaryFolder(),
    rules: [],
  });
  const begin = performance.now();
  const program: Program = pinned(PROXY_CORE, command, args, env ? { env } : {});
  try {
    await firstAnswer(port, () => {
      if (program.hasExited) throw new Error(`${peer.name} ended: ${program.output}`);
    });
    const ms = performance.now() - begin;
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    return { ms, bytes: proportionalBytes(program.pid) };
  } finally {
    await program.stop();
  }
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((one, other) => one - other)[numbers.length >> 1]!;
}

const { values } = parseArgs({
  args: process.argv.slice(3),
  options: { rounds: { type: 'string', default: '7' }, peers: { type: 'string' } },
});
const load = LOAD_CASES.find(({ name }) => name === 'small')!;
const wanted = values.peers?.split(',');
const peers = [...PEERS.filter((peer) => peer.suits(load)), sluiceSupervised]
  .filter((peer) => peer.isPresent())
  .filter(({ name }) => wanted === undefined || wanted.includes(name));
const origin = await startOrigin();
const starts = new Map<Peer, Start[]>(peers.map((peer) => [peer, []]));
try {
  for (const peer of peers) await start(peer, origin);
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const peer of round % 2 === 0 ? peers : peers.toReversed()) starts.get(peer)!.push(await start(peer, origin));
  }
} finally {
  await origin.program.stop();
}
console.log(`first served request, and memory when idle: medians of ${values.rounds} starts\n`);
for (const [{ name }, all] of starts) {
  const ms = median(all.map((one) => one.ms)).toFixed(0);
  const megabytes = (median(all.map(({ bytes }) => bytes)) / 1e6).toFixed(1);
  console.log(`${name.padEnd(22)} ${ms.padStart(6)} ms ${megabytes.padStart(8)} MB`);
}

/**
 * Run puts all peers through a case in turn, A B C A B C…, so that what the machine does besides falls on all alike.
 * Benchmark code.
 */
import { eventually, freePort, type Program, temporaryFolder } from '../kit/index.ts';
import { IDLE, IDLE_CLIENTS, type LoadCase } from './cases.ts';
import { idleBytes } from './idle.ts';
import type { Origin } from './origin.ts';
import type { Peer } from './peers/index.ts';
import { PROXY_CORE, pinned } from './pinned.ts';
import type { CaseResult, IdleResult, Round } from './report.ts';
import { makeRules } from './rules.ts';
import { coreBusySeconds, cpuSeconds, peakBytes } from './usage.ts';
import { runWrk } from './wrk.ts';

interface RunningPeer {
  readonly peer: Peer;
  readonly port: number;
  readonly program: Program;
}

async function startPeer(peer: Peer, origin: Origin, rules = 0): Promise<RunningPeer> {
  const port = await freePort();
  const setup = { port, originPort: origin.port, folder: temporaryFolder(), rules: makeRules(rules) };
  const { command, args, env } = peer.prepare(setup);
  const program = pinned(PROXY_CORE, command, args, env ? { env } : {});
  // The answer that sets the cookie which every later request carries: stickiness then has something to find.
  await eventually(`${peer.name} to answer`, async () => {
    if (program.hasExited) throw new Error(`${peer.name} ended: ${program.output}`);
    const login = await fetch(`http://127.0.0.1:${port}/login`, { headers: { connection: 'close' } }).catch(() => null);
    await login?.text();
    return login?.status === 200;
  });
  return { peer, port, program };
}

async function measure({ peer, port, program }: RunningPeer, load: LoadCase, seconds: number): Promise<Round> {
  const before = cpuSeconds(program.pid);
  const busyBefore = coreBusySeconds(PROXY_CORE);
  const url = `http://127.0.0.1:${port}${load.path}`;
  const report = await runWrk({ connections: load.connections, seconds, url, headers: load.headers });
  const cpu = cpuSeconds(program.pid) - before;
  const busy = coreBusySeconds(PROXY_CORE) - busyBefore;
  if (program.hasExited) throw new Error(`${peer.name} ended: ${program.output}`);
  return {
    requestsPerSecond: report.requests / report.seconds,
    cpuMicros: (cpu * 1e6) / report.requests,
    p50Ms: report.p50Ms,
    p99Ms: report.p99Ms,
    coreShare: cpu / report.seconds,
    foreignShare: Math.max(0, busy - cpu) / report.seconds,
    errors: report.errors,
  };
}

export interface RunOptions {
  readonly rounds: number;
  readonly seconds: number;
  /** Called after each round, for somebody who watches. */
  readonly progress: (line: string) => void;
}

/** runCase measures a case; every peer is started for it afresh, warmed, and stopped. */
export async function runCase(load: LoadCase, peers: readonly Peer[], origin: Origin, options: RunOptions) {
  const started: RunningPeer[] = [];
  try {
    for (const peer of peers) if (peer.suits(load)) started.push(await startPeer(peer, origin, load.rules));
    for (const one of started) await measure(one, load, 2);
    const rounds = started.map((): Round[] => []);
    for (let round = 0; round < options.rounds; round++) {
      for (const [at, one] of started.entries()) {
        const result = await measure(one, load, options.seconds);
        rounds[at]!.push(result);
        options.progress(
          `${load.name} ${round + 1}/${options.rounds} ${one.peer.name} ${Math.round(result.requestsPerSecond)}/s`,
        );
      }
    }
    const results = started.map(({ peer, program }, at) => {
      return { peer: peer.name, rounds: rounds[at]!, peakBytes: peakBytes(program.pid) };
    });
    const result: CaseResult = { name: load.name, title: load.title, bodyBytes: load.bodyBytes, peers: results };
    return result;
  } finally {
    await Promise.all(started.map(({ program }) => program.stop()));
  }
}

/** runIdle measures memory per idle client, one peer at a time. */
export async function runIdle(peers: readonly Peer[], origin: Origin, options: RunOptions): Promise<IdleResult[]> {
  const results: IdleResult[] = [];
  for (const peer of peers.filter((one) => one.suits(IDLE))) {
    const { port, program } = await startPeer(peer, origin);
    try {
      // A second of ordinary load first: what every connection after it costs is then not mixed with starting up.
      const url = `http://127.0.0.1:${port}/small`;
      await runWrk({ connections: 64, seconds: 2, url, headers: [] });
      const bytesPerClient = await idleBytes(program.pid, port, IDLE_CLIENTS);
      results.push({ peer: peer.name, bytesPerClient });
      options.progress(`idle ${peer.name} ${Math.round(bytesPerClient)} bytes`);
    } finally {
      await program.stop();
    }
  }
  return results;
}

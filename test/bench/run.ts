/**
 * Run puts all peers through a case in turn, A B C C B A…, so that what the machine does besides falls on all alike.
 * Benchmark code.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { eventually, freePort, type Program, temporaryFolder } from '../kit/index.ts';
import { caseUrl, IDLE, IDLE_CLIENTS, type LoadCase } from './cases.ts';
import { runH2load } from './h2load.ts';
import { idleBytes } from './idle.ts';
import type { Load, LoadReport } from './load.ts';
import type { Origin } from './origin.ts';
import type { Peer } from './peers/index.ts';
import { PROXY_CORE, pinned } from './pinned.ts';
import type { CaseResult, IdleResult, Round } from './report.ts';
import { makeRules } from './rules.ts';
import { runSTime } from './s-time.ts';
import { coreBusySeconds, cpuSeconds, peakBytes } from './usage.ts';
import { runWrk } from './wrk.ts';

interface RunningPeer {
  readonly peer: Peer;
  readonly port: number;
  readonly program: Program;
}

const runCurl = promisify(execFile);

/** login asks for the answer that sets the cookie which every later request carries: stickiness then has something to find. */
async function login(load: LoadCase, port: number): Promise<boolean> {
  const version = load.wire === 'h2c' ? '--http2-prior-knowledge' : load.wire === 'h2' ? '--http2' : '--http1.1';
  const url = caseUrl({ ...load, path: '/login' }, port);
  const args = ['-sfk', '--noproxy', '*', '--max-time', '5', version, url];
  const answer = await runCurl('curl', args).catch(() => null);
  return answer?.stdout === 'welcome';
}

async function startPeer(peer: Peer, origin: Origin, load: LoadCase): Promise<RunningPeer> {
  const port = await freePort();
  const { command, args, env } = peer.prepare({
    port,
    wire: load.wire,
    originPort: load.wire === 'passthrough' ? origin.tlsPort : origin.port,
    certificate: origin.certificate,
    folder: temporaryFolder(),
    rules: makeRules(load.rules),
  });
  const program = pinned(PROXY_CORE, command, args, env ? { env } : {});
  await eventually(`${peer.name} to answer`, async () => {
    if (program.hasExited) throw new Error(`${peer.name} ended: ${program.output}`);
    return login(load, port);
  });
  return { peer, port, program };
}

function make(load: Load, { tool }: LoadCase): Promise<LoadReport> {
  if (tool === 'wrk') return runWrk(load);
  return tool === 'h2load' ? runH2load(load) : runSTime(load, tool === 'resumed sessions');
}

async function measure({ peer, port, program }: RunningPeer, load: LoadCase, seconds: number): Promise<Round> {
  const before = cpuSeconds(program.pid);
  const busyBefore = coreBusySeconds(PROXY_CORE);
  const { connections, headers } = load;
  const report = await make({ connections, seconds, url: caseUrl(load, port), headers }, load);
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
    for (const peer of peers) if (peer.suits(load)) started.push(await startPeer(peer, origin, load));
    for (const one of started) await measure(one, load, 2);
    const rounds = started.map((): Round[] => []);
    for (let round = 0; round < options.rounds; round++) {
      const inTurn = [...started.entries()];
      if (round % 2 === 1) inTurn.reverse();
      for (const [at, one] of inTurn) {
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
    const { name, title, bodyBytes, reference } = load;
    const result: CaseResult = { name, title, bodyBytes, reference, peers: results };
    return result;
  } finally {
    await Promise.all(started.map(({ program }) => program.stop()));
  }
}

/** runIdle measures memory per idle client, one peer at a time. */
export async function runIdle(peers: readonly Peer[], origin: Origin, options: RunOptions): Promise<IdleResult[]> {
  const results: IdleResult[] = [];
  for (const peer of peers.filter((one) => one.suits(IDLE))) {
    const { port, program } = await startPeer(peer, origin, IDLE);
    try {
      // A second of ordinary load first: what every connection after it costs is then not mixed with starting up.
      await runWrk({ connections: 64, seconds: 2, url: caseUrl(IDLE, port), headers: [] });
      const bytesPerClient = await idleBytes(program.pid, port, IDLE_CLIENTS);
      results.push({ peer: peer.name, bytesPerClient });
      options.progress(`idle ${peer.name} ${Math.round(bytesPerClient)} bytes`);
    } finally {
      await program.stop();
    }
  }
  return results;
}

/**
 * Simulation: rules, virtual clients and virtual servers on a virtual clock, and what came of it. Main thread.
 *
 * Everything happens within `run`, in one order: the event loop is not asked for anything, so the same options and seed make the
 * same run, to the byte.
 */
import { type Duration, durationMs } from '../control/clock/deadline.ts';
import { GatewayError } from '../control/report/errors.ts';
import type { AdminState } from '../shared/tables/server-table.ts';
import { Arrivals } from './arrivals.ts';
import { type Failed, type Latencies, type Move, Samples, type ServerLoad, ServerMeter } from './measurements.ts';
import type { Condition, Happening, ServerOptions, SimulationOptions } from './options.ts';
import { SeededRandom } from './seeded-random.ts';
import { drawing } from './times.ts';
import { Trace } from './trace.ts';
import { VirtualEndpoint } from './virtual-attempt.ts';
import { virtualCheck } from './virtual-check.ts';
import type { VirtualClient } from './virtual-client.ts';
import { VirtualClock } from './virtual-clock.ts';
import { loadSet, type Thread, VirtualGateway } from './virtual-gateway.ts';
import { type Listening, VirtualRequest } from './virtual-request.ts';
import { VirtualServer } from './virtual-server.ts';

/** SimulationResult is what has come of a simulation until now. */
export interface SimulationResult {
  /** Virtual time since the beginning. */
  readonly elapsedMs: number;
  /** Requests that clients sent. */
  readonly requests: number;
  /** How many were answered with which status; 0: broken off. Those under way are not in it. */
  readonly answers: Readonly<Record<number, number>>;
  /** In the order in which they ended. */
  readonly failed: readonly Failed[];
  /** Of the answers that servers gave. */
  readonly latency: Latencies;
  /** In the order of the rules. */
  readonly servers: readonly ServerLoad[];
  /** Mean time of the answers of each step, in milliseconds; 0: none came. */
  readonly meanLatency: readonly number[];
  readonly moves: readonly Move[];
  readonly trace: readonly string[];
  /** Over everything that happened, each request with it: two runs with one digest were the same run. */
  readonly digest: string;
}

/** SimulatedServer is a server of a simulation that runs, to look at and to change. */
export interface SimulatedServer {
  readonly path: string;
  /** `running`, `starting`, `stopping`, `stopped`, `full`, `drain` or `maint`. */
  readonly state: string;
  readonly condition: Condition;
  /** Open requests now, as the gateway counts them. */
  readonly open: number;
  become(condition: Condition): void;
  slow(times: number): void;
  errors(share: number): void;
  admin(to: AdminState): void;
  weight(weight: number): void;
}

const DEFAULT_SERVICE = { exponential: 20 } as const;

/**
 * createSimulation loads rules and stands up what they name. Nothing happens before `run`. Rejects with GatewayError: SG02xx for
 * rules that are not right, SG0502 for a server that is not there, SG0504 for what is no time, SG0701 without a listener.
 */
export async function createSimulation(options: SimulationOptions): Promise<Simulation> {
  const clock = new VirtualClock();
  const trace = new Trace(clock, options.trace === 'requests');
  const set = await loadSet(options, trace);
  const simulation = new Simulation(options, clock, trace);
  const check = virtualCheck((path) => simulation.virtual(path));
  const { threads = 1, seed = 1, servers = {} } = options;
  const gateway = await VirtualGateway.start(set, {
    ...{ clock, trace, seed, threads, check },
    endpoint: (slot, path) => new VirtualEndpoint(slot, simulation.place(path, slot), servers.cookie ?? ''),
  });
  simulation.start(gateway);
  return simulation;
}

/** simulate makes a simulation and runs it once. */
export async function simulate(options: SimulationOptions & { readonly for: Duration }): Promise<SimulationResult> {
  const simulation = await createSimulation(options);
  return simulation.run(options.for);
}

export class Simulation implements Listening {
  readonly #options: SimulationOptions;
  readonly #clock: VirtualClock;
  readonly #trace: Trace;
  readonly #stepMs: number;
  readonly #servers = new Map<string, VirtualServer>();
  readonly #meters = new Map<VirtualServer, ServerMeter>();
  readonly #service: SeededRandom;
  readonly #errors: SeededRandom;
  readonly #asking: SeededRandom;
  readonly #samples = new Samples();
  readonly #answers: Record<number, number> = {};
  readonly #failed: Failed[] = [];
  readonly #moves: Move[] = [];
  readonly #means: number[] = [];
  #gateway!: VirtualGateway;
  #arrivals!: Arrivals;
  #requests = 0;
  #stepSum = 0;
  #stepCount = 0;

  /** Use `createSimulation`. */
  constructor(options: SimulationOptions, clock: VirtualClock, trace: Trace) {
    const { seed = 1, step = 1000 } = options;
    this.#options = options;
    this.#clock = clock;
    this.#trace = trace;
    this.#stepMs = Math.max(1, durationMs(step));
    this.#service = new SeededRandom(seed, 'service');
    this.#errors = new SeededRandom(seed, 'errors');
    this.#asking = new SeededRandom(seed, 'asking');
  }

  /** now is the virtual time since the beginning, in milliseconds. */
  get now(): number {
    return this.#clock.elapsedMs;
  }

  /** run lets so much more virtual time pass, and tells what has come of all of it so far. */
  run(time: Duration): SimulationResult {
    this.#clock.runUntil(this.#clock.elapsedMs + durationMs(time));
    return this.result();
  }

  /** at has something happen at a moment since the beginning. */
  at(time: Duration, happen: () => void): void {
    this.#clock.at(durationMs(time), happen);
  }

  /** server is one by `backend/server`. Throws SG0502. */
  server(path: string): SimulatedServer {
    const server = this.virtual(path);
    const gateway = this.#gateway;
    const { slot } = server;
    const told = (what: string): void => this.#trace.change(`script ${path} ${what}`);
    return {
      path,
      get state() {
        return gateway.state(slot);
      },
      get condition() {
        return server.condition;
      },
      get open() {
        return gateway.servers.open(slot);
      },
      become: (condition) => {
        told(`is ${condition}`);
        server.become(condition);
      },
      slow: (times) => {
        told(`is slower by ${times}`);
        server.slow = times;
      },
      errors: (share) => {
        told(`answers ${share} of all with errors`);
        server.errors = share;
      },
      admin: (to) => {
        told(`is set ${to}`);
        gateway.setAdmin(path, to);
      },
      weight: (weight) => {
        told(`has weight ${weight}`);
        gateway.servers.setWeight(slot, weight);
      },
    };
  }

  result(): SimulationResult {
    return {
      elapsedMs: this.#clock.elapsedMs,
      requests: this.#requests,
      answers: { ...this.#answers },
      failed: [...this.#failed],
      latency: this.#samples.latencies(),
      servers: [...this.#meters.values()],
      meanLatency: [...this.#means],
      moves: [...this.#moves],
      trace: [...this.#trace.lines],
      digest: this.#trace.digest(),
    };
  }

  // What the parts of a simulation ask of it.

  /** virtual is the server behind a path. Throws SG0502. */
  virtual(path: string): VirtualServer {
    const server = this.#servers.get(path);
    if (server !== undefined) return server;
    const known = [...this.#servers.keys()].slice(0, 10).join(', ');
    throw new GatewayError('SG0502', { server: path, known });
  }

  /** place stands up a server; each thread asks. */
  place(path: string, slot: number): VirtualServer {
    const known = this.#servers.get(path);
    if (known !== undefined) return known;
    const { service, workers, slow, errors } = this.#optionsOf(path);
    const server = new VirtualServer({
      ...{ path, slot, clock: this.#clock, random: this.#errors },
      service: drawing(service ?? DEFAULT_SERVICE, this.#service),
      workers: workers ?? Number.POSITIVE_INFINITY,
      slow: slow ?? 1,
      errors: errors ?? 0,
    });
    this.#servers.set(path, server);
    this.#meters.set(server, new ServerMeter(path));
    return server;
  }

  /** start sets the clients and the script going. */
  start(gateway: VirtualGateway): void {
    const { clients = {}, servers = {}, script = [], seed = 1 } = this.#options;
    this.#gateway = gateway;
    for (const path of Object.keys(servers.each ?? {})) this.virtual(path);
    const listeners = gateway.threads.map((thread) => gateway.listener(thread, clients.listener));
    const { address } = listeners[0]!.plan;
    const port = 'port' in address ? address.port : 0;
    const threads = gateway.threads.map((thread, at) => ({ ...thread, listener: listeners[at]! }));
    this.#arrivals = new Arrivals(clients, seed, port, this.#clock, (client) => {
      this.#ask(client, threads[client.number % threads.length]!);
    });
    for (const happening of script) this.#plan(happening);
    this.#clock.set(() => this.#step(), this.#stepMs);
    this.#arrivals.start();
  }

  visited(request: VirtualRequest, server: VirtualServer): void {
    this.#meters.get(server)!.visited();
    this.#trace.request(`request ${request.number} of client ${request.client.number} goes to ${server.path}`);
    const home = request.client.homes.get(request.backend);
    // What was asked before the client was at home could not say so.
    if (home === undefined || home.server === server || home.sinceMs > request.startMs) request.movedBecause = '';
    else request.movedBecause = request.left.includes(home.server) ? 'failed' : this.#gateway.state(home.server.slot);
  }

  onEnd(request: VirtualRequest): void {
    const { client, number, status, server, startMs } = request;
    const nowMs = this.#clock.elapsedMs;
    const tookMs = nowMs - startMs;
    this.#answers[status] = (this.#answers[status] ?? 0) + 1;
    this.#trace.request(`request ${number} gets ${status} after ${tookMs.toFixed(3)}`);
    if (status === 0 || status >= 500) {
      this.#failed.push({ atMs: nowMs, request: number, client: client.number, status, server: server?.path ?? '' });
    }
    if (request.isServers && server !== null) {
      this.#samples.add(tookMs);
      this.#stepSum += tookMs;
      this.#stepCount++;
      if (client.keepsCookies) this.#settle(request, server);
    }
    this.#arrivals.answered(client);
  }

  #optionsOf(path: string): ServerOptions {
    const { each = {}, ...all } = this.#options.servers ?? {};
    return { ...all, ...each[path] };
  }

  #ask(
    client: VirtualClient,
    { loop, listener }: Thread & { readonly listener: Parameters<VirtualRequest['send']>[1] },
  ): void {
    const wish = this.#options.clients?.request?.(client.number, this.#asking) ?? null;
    const request = new VirtualRequest(++this.#requests, client, this.#clock, this);
    request.send(client.head(wish), listener, loop);
  }

  /** settle notes where a client is at home now. */
  #settle(request: VirtualRequest, server: VirtualServer): void {
    const { client, backend, startMs, hasCookie, movedBecause: because } = request;
    const home = client.homes.get(backend);
    if (home?.server === server) return;
    // Of several first requests at once, the one that gave the cookie counts.
    if (home !== undefined && home.sinceMs > startMs && !hasCookie) return;
    const atMs = this.#clock.elapsedMs;
    client.homes.set(backend, { server, sinceMs: atMs });
    if (home === undefined || because === '') return;
    const move = { atMs, client: client.number, backend, from: home.server.path, to: server.path, because };
    this.#moves.push(move);
    this.#trace.request(`client ${move.client} moves from ${move.from} to ${move.to}: ${because}`);
  }

  #plan({ at, server, is, slow, errors, admin, weight }: Happening): void {
    const servers = [server].flat().map((path) => this.server(path));
    this.at(at, () => {
      for (const each of servers) {
        if (is !== undefined) each.become(is);
        if (slow !== undefined) each.slow(slow);
        if (errors !== undefined) each.errors(errors);
        if (admin !== undefined) each.admin(admin);
        if (weight !== undefined) each.weight(weight);
      }
    });
  }

  #step(): void {
    for (const [server, meter] of this.#meters) meter.step(this.#gateway.servers.open(server.slot));
    this.#means.push(this.#stepCount === 0 ? 0 : this.#stepSum / this.#stepCount);
    this.#stepSum = 0;
    this.#stepCount = 0;
    this.#clock.set(() => this.#step(), this.#stepMs);
  }
}

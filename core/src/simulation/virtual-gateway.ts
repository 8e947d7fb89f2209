/**
 * VirtualGateway: a gateway's own parts on virtual time: its rules, tables, health checks, ejections and circuits as the control
 * plane has them, and its generations as data threads link them; without sockets, threads or files. Main thread.
 *
 * Simulation is the one place that imports both planes, as it is both at once.
 */
import { finish } from '@sluice/dsl/match';
import type { BackendPlan, ListenerPlan, Plan } from '@sluice/dsl/plan';
import { pino } from 'pino';
import { Circuits } from '../control/health/circuits.ts';
import { Ejections } from '../control/health/ejections.ts';
import { HealthChecker } from '../control/health/health-checker.ts';
import { PluginHost, type PluginSet } from '../control/plugins/plugin-host.ts';
import { threadPlan } from '../control/reload/thread-plan.ts';
import { GatewayError } from '../control/report/errors.ts';
import { loadRules } from '../control/rules/rules.ts';
import { ServerNumbers } from '../control/runtime/server-numbers.ts';
import { Slots } from '../control/slots/slots.ts';
import { StickTables } from '../control/slots/stick-tables.ts';
import type { Generation, LinkedListener } from '../data/backend/generation.ts';
import type { ServerEndpoint } from '../data/endpoint/server-endpoint.ts';
import { link } from '../data/link/link.ts';
import { AccessLogs } from '../data/loop/access-log.ts';
import { ErrorRing } from '../data/loop/error-ring.ts';
import { LimitedRates } from '../data/loop/limited-rates.ts';
import type { Loop } from '../data/loop/loop.ts';
import { TICK_MS, TimerWheel } from '../data/loop/timer-wheel.ts';
import type { Transport } from '../data/transport/transport.ts';
import type { DataEntry } from '../plugin/data-entry.ts';
import type { HealthCheck } from '../plugin/health-check.ts';
import type { PrepareOrder, SlotMap } from '../shared/orders/orders.ts';
import { FailureLog } from '../shared/plugins/failure-log.ts';
import { importEntry } from '../shared/plugins/import-entry.ts';
import { AddressCounts } from '../shared/tables/address-counts.ts';
import { BackendTable } from '../shared/tables/backend-table.ts';
import { CircuitTable } from '../shared/tables/circuit-table.ts';
import { ConnectionTotal } from '../shared/tables/connection-total.ts';
import { ThreadCounters } from '../shared/tables/counters.ts';
import { createSharedMemory } from '../shared/tables/create-shared-memory.ts';
import { Heartbeats } from '../shared/tables/heartbeats.ts';
import { LatencyHistogram } from '../shared/tables/latency-histogram.ts';
import { NameTable } from '../shared/tables/name-table.ts';
import { NoticeBoard } from '../shared/tables/notice-board.ts';
import { OutcomeCounts } from '../shared/tables/outcome-counts.ts';
import { RetryCounts } from '../shared/tables/retry-counts.ts';
import { RuleHits } from '../shared/tables/rule-hits.ts';
import { ServerLatency } from '../shared/tables/server-latency.ts';
import { ADMIN_STATES, type AdminState, SERVER_STATES, ServerTable } from '../shared/tables/server-table.ts';
import type { SharedMemory } from '../shared/tables/shared-memory.ts';
import { SharedRateTable } from '../shared/tables/shared-rate-table.ts';
import { SECRET_BYTES } from '../shared/tables/stick-clock.ts';
import type { SimulationOptions } from './options.ts';
import { SeededRandom } from './seeded-random.ts';
import type { Trace } from './trace.ts';
import type { VirtualClock } from './virtual-clock.ts';

export interface VirtualGatewayHost {
  readonly clock: VirtualClock;
  readonly trace: Trace;
  readonly seed: number | string;
  readonly threads: number;
  readonly check: HealthCheck;
  endpoint(slot: number, path: string): ServerEndpoint;
}

/** Nothing in virtual time has a connection: virtual servers and clients are sides of exchanges. */
const NOWHERE: Transport = {
  loop: { turn: (task) => task(), wake: () => undefined, tick: () => undefined },
  listener: unreachable,
  dial: unreachable,
  connectionOf: () => null,
};

function unreachable(): never {
  throw new Error('a simulation reaches no network');
}

/** Thread is what a data thread has. */
export interface Thread {
  readonly loop: Loop;
  readonly generation: Generation;
}

/** loadSet compiles rules and assembles their plugins, as a gateway does; warnings go to the trace. */
export async function loadSet(options: SimulationOptions, trace: Trace): Promise<PluginSet> {
  const log = traceLog(trace);
  const set = await loadRules(options.rules, new PluginHost(options.plugins ?? [], log), log, false);
  return { ...set, plan: virtualPlan(set.plan) };
}

/** virtualPlan is a plan without what virtual time has no use for. */
function virtualPlan(plan: Plan): Plan {
  const listeners = plan.listeners.map((listener): ListenerPlan => ({ ...listener, tls: null }));
  return { ...plan, listeners };
}

function traceLog(trace: Trace) {
  const stream = {
    write(line: string): void {
      const { msg, error } = JSON.parse(line) as { msg: string; error?: string };
      trace.change(`log ${msg}${error === undefined ? '' : `: ${error}`}`);
    },
  };
  return pino({ level: 'warn', base: null, timestamp: false }, stream);
}

export class VirtualGateway {
  readonly plan: Plan;
  readonly slots: SlotMap;
  readonly servers: ServerTable;
  readonly backends: BackendTable;
  readonly sticks: StickTables;
  readonly threads: Thread[] = [];
  readonly #host: VirtualGatewayHost;
  readonly #memory: SharedMemory;
  readonly #checker: HealthChecker;
  readonly #ejections: Ejections;
  readonly #circuits: Circuits;

  private constructor(set: PluginSet, host: VirtualGatewayHost) {
    const { clock, trace, seed, threads } = host;
    const { plan } = set;
    const seeds = new SeededRandom(seed, 'tables');
    const tableSeeds = [seeds.integer() | 0, seeds.integer() | 0] as const;
    const secret = Uint8Array.from({ length: SECRET_BYTES }, () => seeds.below(256));
    const memory = createSharedMemory({ threads, sticks: { seeds: tableSeeds, secret }, rateSeeds: tableSeeds });
    const outcomes = new OutcomeCounts(memory);
    this.#host = host;
    this.#memory = memory;
    this.plan = plan;
    this.slots = new Slots(memory).assign(1, plan);
    this.servers = new ServerTable(memory.servers, threads);
    this.backends = new BackendTable(memory);
    this.sticks = new StickTables(memory, (name) => set.component('stick', name)?.hasTable !== false);
    this.sticks.clock.set(clock.now());
    const checks = new SeededRandom(seed, 'checks');
    this.#checker = new HealthChecker({
      servers: this.servers,
      timers: clock,
      random: () => checks.next(),
      component: () => host.check,
      secret: (name) => set.secrets[name]!,
      changed: ({ backend, server, from, to, reason }) => {
        trace.change(`server ${backend}/${server} ${from} -> ${to}: ${reason}`);
      },
    });
    this.#ejections = new Ejections({
      servers: this.servers,
      outcomes,
      timers: clock,
      log: traceLog(trace),
      hold: (slot, reason) => this.#checker.hold(slot, reason),
      letGo: (slot, reason) => this.#checker.letGo(slot, reason),
    });
    this.#circuits = new Circuits(new CircuitTable(memory), outcomes);
  }

  /** start makes one whose servers and checks begin at once. */
  static async start(set: PluginSet, host: VirtualGatewayHost): Promise<VirtualGateway> {
    const gateway = new VirtualGateway(set, host);
    await gateway.#start(set);
    return gateway;
  }

  async #start({ plan, entries, secrets }: PluginSet): Promise<void> {
    const { servers, slots, sticks } = this;
    const modules = new Map<string, DataEntry>();
    for (const ref of entries) modules.set(ref.plugin, await importEntry(ref));
    const tables = sticks.prepare(plan);
    const assigned = { plan, slots };
    new ServerNumbers(servers).watch(assigned, null);
    for (const part of [sticks, this.#checker, this.#ejections, this.#circuits]) part.watch(assigned);
    const order: PrepareOrder = {
      generation: 1,
      plan: finish(threadPlan(plan)),
      ...{ slots, entries, secrets, sticks: tables, ports: {} },
    };
    for (let thread = 0; thread < this.#host.threads; thread++) this.threads.push(this.#thread(thread, order, modules));
    this.#host.clock.set(() => this.#tick(), TICK_MS);
    this.#checker.start();
  }

  /** listener is the one by that name, or the first that speaks HTTP, as a thread has it. Throws SG0701. */
  listener(thread: Thread, name: string | undefined): LinkedListener {
    for (const listener of thread.generation.listeners.values()) {
      if (listener.plan.protocol === 'http' && (name === undefined || listener.name === name)) return listener;
    }
    throw new GatewayError('SG0701', { wish: name === undefined ? 'one' : `\`${name}\`` });
  }

  /** state is what a server is, in one word, for people. */
  state(slot: number): string {
    const admin = ADMIN_STATES[this.servers.admin(slot)]!;
    if (admin !== 'ready') return admin;
    const state = SERVER_STATES[this.servers.state(slot)]!;
    if (state !== 'running' && state !== 'starting') return state;
    const limit = this.servers.limit(slot);
    return limit !== 0 && this.servers.open(slot) >= limit ? 'full' : state;
  }

  /** setAdmin does what an operator does. */
  setAdmin(path: string, to: AdminState): void {
    const slot = this.slots.servers[path]!;
    const wasOut = ADMIN_STATES[this.servers.admin(slot)] === 'maint';
    this.servers.setAdmin(slot, ADMIN_STATES.indexOf(to));
    if (wasOut && to !== 'maint') this.#checker.cameBack(path);
  }

  #thread(thread: number, order: PrepareOrder, modules: ReadonlyMap<string, DataEntry>): Thread {
    const { clock, trace, seed } = this.#host;
    const memory = this.#memory;
    const random = new SeededRandom(seed, `thread ${thread}`);
    const now = (): number => clock.now();
    const wheel = new TimerWheel(now);
    // Its own interval runs on real time.
    wheel.stop();
    const loop: Loop = {
      ...{
        thread,
        wheel,
        transport: NOWHERE,
        now,
        sticks: new Map(),
        connections: new Set(),
        lines: new Set(),
        isDraining: false,
        generation: null,
      },
      counters: new ThreadCounters(memory, thread),
      latency: new LatencyHistogram(memory, thread),
      serverLatency: new ServerLatency(memory, thread),
      ruleHits: new RuleHits(memory, thread),
      heartbeats: new Heartbeats(memory, thread),
      table: new ServerTable(memory.servers, memory.threads),
      backends: new BackendTable(memory),
      stickClock: this.sticks.clock,
      names: new NameTable(now),
      rates: new LimitedRates(new SharedRateTable(memory, thread, now), now),
      addresses: new AddressCounts(memory, thread),
      connectionTotal: new ConnectionTotal(memory, thread),
      outcomes: new OutcomeCounts(memory),
      circuits: new CircuitTable(memory),
      retries: new RetryCounts(memory),
      notices: new NoticeBoard(memory),
      accessLogs: new AccessLogs(() => {}),
      errors: new ErrorRing(),
      random: () => random.next(),
      failing: (slot, reason) => void clock.set(() => this.#ejections.failing(slot, reason), 0),
      circuitChanged: (slot, to, reason) => {
        const event = this.#circuits.event(slot, to, reason);
        if (event !== null) trace.change(`circuit ${event.backend} ${to}: ${reason}`);
      },
      log: (level, message, fields) => trace.change(`log ${level} ${message} ${JSON.stringify(fields)}`),
      failures: new FailureLog(now, (level, message, fields) =>
        trace.change(`log ${level} ${message} ${JSON.stringify(fields)}`),
      ),
      retired: () => {},
    };
    const paths = new Map(Object.entries(this.slots.servers).map(([path, slot]) => [slot, path]));
    const endpoint = (slot: number): ServerEndpoint => this.#host.endpoint(slot, paths.get(slot)!);
    const generation = finish(link(order, modules, endpoint, loop));
    generation.isCurrent = true;
    loop.generation = generation;
    for (const backend of generation.backends) {
      if (backend.service !== null) Object.assign(backend, { service: emptyPage(backend.plan) });
    }
    return { loop, generation };
  }

  /** tick is what data threads and the main thread do ten times a second. */
  #tick(): void {
    const { clock } = this.#host;
    this.sticks.clock.set(clock.now());
    for (const { loop } of this.threads) {
      loop.wheel.turn();
      for (const line of loop.lines) line.wakeAll();
    }
    clock.set(() => this.#tick(), TICK_MS);
  }
}

/** emptyPage stands for what a backend serves by itself: it answers at once. */
function emptyPage({ serve }: BackendPlan) {
  const status = typeof serve?.options.status === 'number' ? serve.options.status : 200;
  return { answer: () => ({ status, headers: [], length: 0, body: null }) };
}

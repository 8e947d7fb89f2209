/**
 * Runtime: all that exists only while a gateway runs: shared memory, data planes, generations, health checks. Main thread.
 *
 * Made by start, thrown away by stop. The gateway decides when; this knows how the parts hang together.
 */
import type { Plan, ServerPlan } from '@sluice/dsl/plan';
import type { Logger } from 'pino';
import { type CircuitState, CircuitTable } from '../shared/circuit-table.ts';
import type { CreateDataPlane } from '../shared/data-plane-host.ts';
import { createSharedMemory, type SharedMemory } from '../shared/memory.ts';
import type { Report } from '../shared/orders.ts';
import { OutcomeCounts } from '../shared/outcome-counts.ts';
import { ServerTable } from '../shared/server-table.ts';
import { SharedRateTable } from '../shared/shared-rate-table.ts';
import { AccessLogFile } from './access-log-file.ts';
import { type CircuitEvent, Circuits } from './circuits.ts';
import { type DrainedEvent, Drains } from './drains.ts';
import { Ejections } from './ejections.ts';
import { GatewayError } from './errors.ts';
import { type FallBackEvent, FallBackWatch } from './fall-back-watch.ts';
import { type Generation, Generations } from './generations.ts';
import { HealthChecker, type ServerEvent } from './health-checker.ts';
import { LocalPlane, type Planes } from './planes.ts';
import type { PluginSet } from './plugin-host.ts';
import type { AdminEvent, ServerControl, SetEvent } from './server-handle.ts';
import { Slots } from './slots.ts';
import { type GatewayStats, StatsReader } from './stats.ts';
import { StickTables } from './stick-tables.ts';
import { type ThreadLoss, ThreadPool } from './thread-pool.ts';
import type { Timers } from './timers.ts';
import { WordNames } from './word-names.ts';

export interface RuntimeOptions {
  /** 0: the caller's own loop. */
  readonly threads: number;
  readonly log: Logger;
  readonly timers: Timers;
  random(): number;
  readonly isTakeover: boolean;
  readonly beatLimitMs?: number | undefined;
  readonly prepareLimitMs?: number | undefined;
  readonly probesAtOnce?: number | undefined;
  readonly dataPlane?: string | undefined;
  serverChanged(event: ServerEvent): void;
  circuitChanged(event: CircuitEvent): void;
  adminChanged(event: AdminEvent): void;
  numberChanged(event: SetEvent): void;
  drained(event: DrainedEvent): void;
  fallBack(event: FallBackEvent): void;
  threadLost(loss: ThreadLoss): void;
  threadReplaced(thread: number): void;
  /** The last older generation is over: plugins that only it used may stop. */
  settled(): void;
}

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const THREAD_ENTRY = new URL(`../data/thread.${extension}`, import.meta.url).href;
const DATA_PLANE = new URL(`../data/data-plane.${extension}`, import.meta.url).href;

export class Runtime {
  readonly generations: Generations;
  readonly servers: ServerTable;
  readonly rates: SharedRateTable;
  /** What handles of servers work with. */
  readonly control: ServerControl;
  readonly #drains: Drains;
  readonly sticks: StickTables;
  readonly #options: RuntimeOptions;
  readonly #planes: Planes;
  readonly #checker: HealthChecker;
  readonly #ejections: Ejections;
  readonly #circuits: Circuits;
  readonly #fallBacks: FallBackWatch;
  readonly #stats: StatsReader;
  readonly #words: WordNames;
  readonly #accessLog: AccessLogFile;
  /** The plugins of the generation that is being put in force, or is. */
  #set: PluginSet | null = null;

  /** create makes the parts, and starts nothing. */
  static async create(options: RuntimeOptions): Promise<Runtime> {
    const memory = createSharedMemory({ threads: options.threads });
    if (options.threads > 0) return new Runtime(options, memory, null);
    const module: { createDataPlane: CreateDataPlane } = await import(options.dataPlane ?? DATA_PLANE);
    return new Runtime(options, memory, module.createDataPlane);
  }

  private constructor(options: RuntimeOptions, memory: SharedMemory, createDataPlane: CreateDataPlane | null) {
    const { log, timers, isTakeover } = options;
    this.#options = options;
    this.#words = new WordNames();
    this.#accessLog = new AccessLogFile(log);
    this.servers = new ServerTable(memory.servers, memory.threads);
    this.rates = new SharedRateTable(memory, memory.threads, () => timers.now());
    const sticks = new StickTables(memory, (name) => this.#set?.component('stick', name)?.hasTable !== false);
    this.sticks = sticks;
    sticks.clock.set(timers.now());
    this.#planes = createDataPlane === null ? this.#threads(memory) : this.#local(memory, createDataPlane);
    this.#drains = new Drains({
      servers: this.servers,
      sticks,
      planes: this.#planes,
      timers,
      areCounted: (name) => {
        const backend = name.slice(0, name.indexOf('/'));
        const stick = this.#set?.plan.backends.find((each) => each.name === backend)?.stick;
        return stick == null || this.#set?.component('stick', stick.name)?.hasTable !== false;
      },
      moved: (name) => {
        const slash = name.indexOf('/');
        const names = { backend: name.slice(0, slash), server: name.slice(slash + 1) };
        options.adminChanged({ ...names, from: 'drain', to: 'maint' });
      },
      drained: options.drained,
    });
    this.control = {
      servers: this.servers,
      sticks,
      planes: this.#planes,
      drains: this.#drains,
      timers,
      history: (name) => this.#checker.history(name),
      adminChanged: (event) => {
        options.adminChanged(event);
        if (event.from === 'maint') this.#checker.cameBack(`${event.backend}/${event.server}`);
      },
      numberChanged: options.numberChanged,
    };
    this.#stats = new StatsReader(memory, sticks, (id) => this.#words.name(id));
    this.#checker = new HealthChecker({
      servers: this.servers,
      timers,
      random: options.random,
      ...(options.probesAtOnce === undefined ? {} : { probesAtOnce: options.probesAtOnce }),
      component: (name) => this.#set!.component('check', name)!.check!,
      secret: (name) => this.#set!.secrets[name]!,
      changed: (event) => {
        const level = event.to === 'running' ? 'info' : 'warn';
        log[level](event, `server ${event.backend}/${event.server} is ${event.to}: ${event.reason}`);
        options.serverChanged(event);
        this.#fallBacks.look();
      },
    });
    const outcomes = new OutcomeCounts(memory);
    this.#circuits = new Circuits(new CircuitTable(memory), outcomes);
    this.#ejections = new Ejections({
      servers: this.servers,
      outcomes,
      timers,
      log,
      hold: (slot, reason) => this.#checker.hold(slot, reason),
      letGo: (slot, reason) => this.#checker.letGo(slot, reason),
    });
    this.#fallBacks = new FallBackWatch(this.servers, timers, (event) => {
      const { backend, to, isActive, healthy, below } = event;
      const count = `${healthy} of its servers take new clients, ${below} are needed`;
      if (isActive) log.warn(event, `backend ${backend} falls back to ${to}: ${count}`);
      else log.info(event, `backend ${backend} no longer falls back to ${to}: ${count}`);
      options.fallBack(event);
    });
    this.generations = new Generations({
      planes: this.#planes,
      slots: new Slots(memory, (servers) => this.sticks.forgetServers(servers)),
      isTakeover,
      wordIds: () => this.#words.ids(),
      tables: (plan) => this.sticks.prepare(plan),
      switching: (next, previous) => {
        setServerWords(this.servers, next, previous);
        this.#checker.watch(next.plan, next.slots);
        this.#ejections.watch(next.plan, next.slots);
        this.#circuits.watch(next.plan, next.slots);
        this.#drains.keep(next.slots.servers);
        this.sticks.carry(next.plan);
        this.#fallBacks.watch(next);
      },
      switched: () => this.sticks.settle(),
      retired: () => {
        if (this.generations.isSettled) options.settled();
      },
    });
  }

  /** start begins the threads. Call `put` next, then `check`. */
  async start(): Promise<void> {
    await this.#planes.start();
  }

  /** put puts a set's plan in force; call it in the generations' line. Rejects with the old one still running. */
  async put(set: PluginSet): Promise<Generation> {
    const previous = this.#set;
    const threads = this.#planes.size;
    const socketFile = set.plan.listeners.find(({ address }) => 'path' in address);
    if (socketFile !== undefined && threads > 1) {
      throw new GatewayError('SG0309', { listener: socketFile.name, threads });
    }
    for (const { manifest } of set.plugins) this.#words.add(manifest);
    this.#set = set;
    this.#accessLog.use(set.plan.settings.accessLog ?? null);
    try {
      return await this.generations.put(set);
    } catch (thrown) {
      this.#set = previous;
      this.#accessLog.use(previous?.plan.settings.accessLog ?? null);
      throw thrown;
    }
  }

  /** serverSet hears that somebody set a server's words by hand. */
  serverSet(): void {
    this.#fallBacks.look();
  }

  /** check begins the health checks. */
  check(): void {
    this.#checker.start();
  }

  stats(generation: Generation): GatewayStats {
    return this.#stats.read(generation, this.#planes.status(), {
      reason: (server) => this.#checker.reason(server),
      ejections: (slot) => this.#ejections.count(slot),
      fallBack: (backend) => this.#fallBacks.active(backend),
      circuit: (slot) => this.#circuits.state(slot),
    });
  }

  /** drain ends health checks and lets open requests end. Resolves to the number of connections that were cut. */
  async drain(deadlineMs: number): Promise<number> {
    this.#checker.stop();
    this.#ejections.stop();
    this.#drains.stop();
    this.#fallBacks.stop();
    return this.#planes.drain(deadlineMs);
  }

  /** stop ends everything at once, also while it drains. */
  async stop(): Promise<void> {
    this.#checker.stop();
    this.#ejections.stop();
    this.#drains.stop();
    this.#fallBacks.stop();
    await this.#planes.stop();
    await this.#accessLog.close();
  }

  #threads(memory: SharedMemory): Planes {
    const { threads, log, beatLimitMs, prepareLimitMs, dataPlane, threadLost, threadReplaced } = this.#options;
    return new ThreadPool({
      threads,
      memory,
      log,
      entry: THREAD_ENTRY,
      dataPlane: dataPlane ?? DATA_PLANE,
      ...(beatLimitMs === undefined ? {} : { beatLimitMs }),
      ...(prepareLimitMs === undefined ? {} : { prepareLimitMs }),
      wordName: (id) => this.#words.name(id),
      report: (thread, report) => this.#report(thread, report),
      lost: (loss) => {
        this.sticks.forget(loss.thread);
        this.generations.planeLost(loss.thread);
        threadLost(loss);
      },
      restoring: (restore) => this.generations.restoring(restore),
      replaced: threadReplaced,
    });
  }

  #local(memory: SharedMemory, createDataPlane: CreateDataPlane): Planes {
    const { timers, random } = this.#options;
    const report = (message: Report): void => this.#report(0, message);
    const plane = createDataPlane({ memory, thread: 0, report, now: () => timers.now(), random });
    return new LocalPlane(plane, memory, timers);
  }

  #circuitChanged(slot: number, to: CircuitState, reason: string): void {
    const event = this.#circuits.event(slot, to, reason);
    if (event === null) return;
    this.#options.log[to === 'open' ? 'warn' : 'info'](
      event,
      `the circuit of backend ${event.backend} is ${to}: ${reason}`,
    );
    this.#options.circuitChanged(event);
  }

  #report(thread: number, report: Report): void {
    if (report.type === 'log') this.#options.log[report.level]({ thread, ...report.fields }, report.message);
    else if (report.type === 'failing') this.#ejections.failing(report.slot, report.reason);
    else if (report.type === 'circuit') this.#circuitChanged(report.slot, report.to, report.reason);
    else if (report.type === 'access') this.#accessLog.take(report.batch);
    else if (report.type === 'retired') this.generations.planeRetired(thread, report.generation);
  }
}

/** A server's weight and max are the plan's, unless somebody set others by hand and the plan's have not changed since. */
function setServerWords(servers: ServerTable, next: Generation, previous: Generation | null): void {
  const before = serversOf(previous?.plan);
  for (const [name, server] of serversOf(next.plan)) {
    const slot = next.slots.servers[name]!;
    if (before.get(name)?.weight !== server.weight) servers.setWeight(slot, server.weight);
    if (before.get(name)?.max !== server.max) servers.setMax(slot, server.max);
    servers.setMostWaiting(slot, server.queue);
  }
}

function serversOf(plan: Plan | undefined): Map<string, ServerPlan> {
  const servers = new Map<string, ServerPlan>();
  for (const backend of plan?.backends ?? []) {
    for (const server of backend.servers) servers.set(`${backend.name}/${server.name}`, server);
  }
  return servers;
}

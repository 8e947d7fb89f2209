/**
 * Runtime: all that exists only while a gateway runs: shared memory, data planes, generations, and the parts that follow them. Main thread.
 *
 * Made by start, thrown away by stop. The gateway decides when; this knows how the parts hang together. What happens is told by events.
 */
import type { Steps } from '@sluice/dsl/match';
import type { Logger } from 'pino';
import { monotonicMs } from '../../shared/clock/clock.ts';
import { inSlices } from '../../shared/clock/slices.ts';
import type { CreateDataPlane } from '../../shared/orders/data-plane-host.ts';
import type { LimitedKey } from '../../shared/orders/limited-key.ts';
import type { Report, SlotMap } from '../../shared/orders/orders.ts';
import { blame } from '../../shared/plugins/blame.ts';
import { BackendTable } from '../../shared/tables/backend-table.ts';
import { type CircuitState, CircuitTable } from '../../shared/tables/circuit-table.ts';
import { CounterSums } from '../../shared/tables/counters.ts';
import { createSharedMemory } from '../../shared/tables/create-shared-memory.ts';
import { NoticeBoard } from '../../shared/tables/notice-board.ts';
import { OutcomeCounts } from '../../shared/tables/outcome-counts.ts';
import { ServerTable } from '../../shared/tables/server-table.ts';
import type { SharedMemory } from '../../shared/tables/shared-memory.ts';
import { SharedRateTable } from '../../shared/tables/shared-rate-table.ts';
import { AccessLogs } from '../access-log/access-logs.ts';
import { CertificateSources } from '../certificates/certificate-sources.ts';
import type { Timers } from '../clock/timers.ts';
import type { LiveServers } from '../explain/servers.ts';
import { Circuits } from '../health/circuits.ts';
import { Drains } from '../health/drains.ts';
import { Ejections } from '../health/ejections.ts';
import { FallBackWatch } from '../health/fall-back-watch.ts';
import { HealthChecker } from '../health/health-checker.ts';
import type { ServerControl } from '../health/server-handle.ts';
import { AddedServers } from '../members/added-servers.ts';
import { Discoverer } from '../members/discoverer.ts';
import { type NameResolver, systemNames } from '../members/name-resolver.ts';
import { ServerNames } from '../members/server-names.ts';
import { ownersOf, type PluginSet } from '../plugins/plugin-host.ts';
import { WordNames } from '../plugins/word-names.ts';
import { type Generation, Generations } from '../reload/generations.ts';
import type { SocketKeeper } from '../reload/socket-keeper.ts';
import { logFailure } from '../report/log.ts';
import { Slots } from '../slots/slots.ts';
import { StickTables } from '../slots/stick-tables.ts';
import { type ExportFor, exportState } from '../state/export-state.ts';
import { type KeptState, seedsOf } from '../state/kept-state.ts';
import { StateRestorer } from '../state/state-restorer.ts';
import type { StateSources } from '../state/state-sources.ts';
import { LocalPlane, type PlaneError, type Planes } from '../threads/planes.ts';
import { ThreadPool } from '../threads/thread-pool.ts';
import { LiveSessions } from '../watch/live-sessions.ts';
import { RuleReader } from '../watch/rule-reader.ts';
import { type GatewayStats, StatsReader } from '../watch/stats.ts';
import type { EventBus } from './event-bus.ts';
import { FoundServers } from './found-servers.ts';
import { HandMembers } from './hand-members.ts';
import { MemberEvents } from './member-events.ts';
import { type Part, switchParts } from './part.ts';
import type { RuntimeEvents } from './runtime-events.ts';
import { ServerNumbers } from './server-numbers.ts';

export interface RuntimeOptions {
  /** 0: the caller's own loop. */
  readonly threads: number;
  readonly log: Logger;
  readonly timers: Timers;
  random(): number;
  /** What happens is emitted here. Listeners that were added before `create` hear of it before the parts do. */
  readonly events: EventBus<RuntimeEvents>;
  readonly isTakeover: boolean;
  readonly sockets: SocketKeeper | null;
  readonly beatLimitMs?: number | undefined;
  readonly prepareLimitMs?: number | undefined;
  readonly probesAtOnce?: number | undefined;
  /** In place of the system's and the settings'. */
  readonly nameResolver?: NameResolver | undefined;
  readonly dataPlane?: string | undefined;
  /** What is kept of an earlier process; null: nothing. */
  readonly kept: KeptState | null;
  /** Certificates that sources keep have other files: loads them. Never rejects. */
  refreshCertificates(): Promise<void>;
}

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const THREAD_ENTRY = new URL(`../../data/thread.${extension}`, import.meta.url).href;
const DATA_PLANE = new URL(`../../data/data-plane.${extension}`, import.meta.url).href;

export class Runtime {
  readonly generations: Generations;
  readonly servers: ServerTable;
  readonly backends: BackendTable;
  readonly rates: SharedRateTable;
  readonly sticks: StickTables;
  readonly rules: RuleReader;
  readonly sessions: LiveSessions;
  readonly certificates: CertificateSources;
  /** Servers that are added and removed by hand. */
  readonly members: HandMembers;
  /** What handles of servers work with. */
  readonly control: ServerControl;
  readonly #options: RuntimeOptions;
  readonly #planes: Planes;
  readonly #drains: Drains;
  readonly #names: ServerNames;
  readonly #checker: HealthChecker;
  readonly #ejections: Ejections;
  readonly #circuits: Circuits;
  readonly #fallBacks: FallBackWatch;
  readonly #discoverer: Discoverer;
  /** Whose state is kept for the next process. */
  readonly #sources: StateSources;
  readonly #restorer: StateRestorer;
  /** All that follows the generations, in the order in which they switch. */
  readonly #parts: readonly Part[];
  readonly #counters: CounterSums;
  readonly #stats: StatsReader;
  readonly #words = new WordNames();
  readonly accessLogs: AccessLogs;
  /** The plugins of the generation that runs, or is being switched to. */
  #set: PluginSet | null = null;

  /** create makes the parts, and starts nothing. */
  static async create(options: RuntimeOptions): Promise<Runtime> {
    const memory = createSharedMemory({ threads: options.threads, ...seedsOf(options.kept) });
    if (options.threads > 0) return new Runtime(options, memory, null);
    const module: { createDataPlane: CreateDataPlane } = await import(options.dataPlane ?? DATA_PLANE);
    return new Runtime(options, memory, module.createDataPlane);
  }

  private constructor(options: RuntimeOptions, memory: SharedMemory, createDataPlane: CreateDataPlane | null) {
    const { log, timers, events, random } = options;
    this.#options = options;
    this.accessLogs = new AccessLogs(log);
    this.backends = new BackendTable(memory);
    this.servers = new ServerTable(memory.servers, memory.threads);
    this.rates = new SharedRateTable(memory, memory.threads, () => timers.now());
    const outcomes = new OutcomeCounts(memory);
    const sticks = new StickTables(memory, (name) => this.#hasStickTable(name));
    this.sticks = sticks;
    sticks.clock.set(timers.now());
    this.#planes = createDataPlane === null ? this.#threads(memory) : this.#local(memory, createDataPlane);
    this.#drains = new Drains({
      servers: this.servers,
      sticks,
      planes: this.#planes,
      timers,
      areCounted: (backend) => {
        const stick = this.#set?.plan.backends.find(({ name }) => name === backend)?.stick;
        return stick == null || this.#hasStickTable(stick.name);
      },
      moved: (server) => events.emit('admin', { ...server, from: 'drain', to: 'maint' }),
      drained: (event) => events.emit('drained', event),
    });
    this.control = {
      servers: this.servers,
      sticks,
      planes: this.#planes,
      drains: this.#drains,
      timers,
      history: (name) => this.#checker.history(name),
      adminChanged: (event) => events.emit('admin', event),
      numberChanged: (event) => events.emit('set', event),
    };
    this.#counters = new CounterSums(memory);
    this.#stats = new StatsReader(memory, sticks, (id) => this.#words.name(id));
    this.rules = new RuleReader(memory);
    this.sessions = new LiveSessions(this.#planes, timers);
    this.#names = new ServerNames({
      timers,
      log,
      resolver: ({ settings: { names } }) =>
        options.nameResolver ??
        systemNames(names === undefined || names.servers.length === 0 ? {} : { servers: names.servers }),
      update: (changes) => this.#planes.updateNames(changes),
      hold: (slot, reason) => this.#checker.hold(slot, reason, 'name'),
      letGo: (slot, reason) => this.#checker.letGo(slot, reason, 'name'),
    });
    this.#checker = new HealthChecker({
      servers: this.servers,
      lookup: this.#names.table.lookup,
      timers,
      random,
      ...(options.probesAtOnce === undefined ? {} : { probesAtOnce: options.probesAtOnce }),
      component: (name) => this.#set!.component('check', name)!.check!,
      serverTls: (name) => this.#set!.component('server tls', name)?.serverTls,
      secret: (name) => this.#set!.secrets[name]!,
      changed: (event) => events.emit('server', event),
    });
    this.#ejections = new Ejections({
      servers: this.servers,
      outcomes,
      timers,
      log,
      hold: (slot, reason) => this.#checker.hold(slot, reason),
      letGo: (slot, reason) => this.#checker.letGo(slot, reason),
    });
    this.#circuits = new Circuits(new CircuitTable(memory), outcomes);
    this.#fallBacks = new FallBackWatch(this.servers, timers, (event) => events.emit('fallBack', event));
    const added = new AddedServers();
    this.#discoverer = new Discoverer({
      added,
      timers,
      random,
      changed: () => found.changed(),
      emit: (event) => events.emit('discovery', event),
    });
    this.certificates = new CertificateSources({
      log,
      timers,
      random,
      notices: new NoticeBoard(memory),
      secret: (name) => this.#set!.secrets[name]!,
      changed: () => options.refreshCertificates(),
      emit: (event) => events.emit('certificate', event),
    });
    this.#sources = {
      ...{ servers: this.servers, sticks, rates: this.rates, checker: this.#checker, ejections: this.#ejections },
      ...{ circuits: this.#circuits, drains: this.#drains, added, timers },
    };
    this.#restorer = new StateRestorer(this.#sources, log, options.kept);
    this.#parts = [
      new MemberEvents({
        state: (name) => this.#checker.state(name),
        why: (backend, server) => this.#discoverer.why(backend, server),
        emit: (event) => events.emit('server', event),
      }),
      new ServerNumbers(this.servers),
      this.#checker,
      this.#names,
      this.#ejections,
      this.#circuits,
      this.#drains,
      sticks,
      this.#restorer,
      this.#fallBacks,
    ];
    this.generations = this.#generations(memory);
    const found: FoundServers = new FoundServers({
      log,
      servers: this.servers,
      discoverer: this.#discoverer,
      generations: this.generations,
      written: () => this.#set?.plan ?? null,
    });
    this.members = new HandMembers({ added, found, generations: this.generations });
    this.#listen();
  }

  /** start begins the threads. Call `put` next, then `check`. */
  async start(): Promise<void> {
    await this.#planes.start();
  }

  /** put switches to a set's plan; call it in the generations' line. Rejects with the old one still running. */
  async put(set: PluginSet): Promise<Generation> {
    const previous = this.#set;
    for (const { manifest } of set.plugins) this.#words.add(manifest);
    this.#set = set;
    this.accessLogs.use(set.plan);
    try {
      await this.#discoverer.prepare(set.plan, (name) => set.component('discovery', name)!.discovery!);
      this.#restorer.addServers(set.plan);
      const plan = this.#discoverer.withFound(set.plan);
      await this.#names.prepare(plan);
      await this.#checker.prove(plan);
      const generation = await this.generations.put({ ...set, plan });
      this.#discoverer.settle(set.plan);
      this.certificates.keep(set.plan, (name) => set.component('certificates', name)!.certificateSource!);
      return generation;
    } catch (thrown) {
      this.#set = previous;
      this.sticks.abandon();
      this.#discoverer.settle(previous?.plan ?? null);
      this.#names.settle();
      this.accessLogs.use(previous?.plan ?? null);
      this.accessLogs.settle();
      throw thrown;
    }
  }

  /** check begins the health checks. */
  check(): void {
    this.#checker.start();
  }

  stats(generation: Generation): GatewayStats {
    return this.#stats.read(generation, this.#planes.status(), {
      now: () => this.#options.timers.now(),
      reason: (server) => this.#checker.reason(server),
      ejections: (slot) => this.#ejections.count(slot),
      fallBack: (backend) => this.#fallBacks.active(backend),
      circuit: (slot) => this.#circuits.state(slot),
      discoveries: (backend) => this.#discoverer.stats(backend),
      accessLogs: this.accessLogs.stats(),
    });
  }

  /** errors are the `most` latest requests that were refused or failed, newest first. */
  errors(most: number): Promise<readonly PlaneError[]> {
    return this.#planes.errors(most);
  }

  /** limited are those that were over a rate limit lately, as each plane remembers them. */
  limited(most: number): Promise<readonly LimitedKey[]> {
    return this.#planes.limited(most);
  }

  /** clearLimits gives one entry, or all, their whole rate again, and says how many had less. */
  async clearLimits(entry: string | null): Promise<number> {
    if (entry !== null) return this.rates.clear(entry) ? 1 : 0;
    return inSlices(this.rates.clearAll(), monotonicMs);
  }

  /** responses counts what clients got from each listener. */
  responses(): ReturnType<StatsReader['responses']> {
    return this.#stats.responses(this.generations.current!);
  }

  /** live is what explanations ask of the servers. */
  live(current: Generation): LiveServers {
    return {
      servers: this.servers,
      backends: this.backends,
      current,
      now: () => this.#options.timers.now(),
      held: (name) => this.#checker.held(name),
      circuit: (slot) => this.#circuits.state(slot),
    };
  }

  /** exportState records what the next process is to know, a few milliseconds at a time. */
  exportState(whatFor: ExportFor): Promise<Uint8Array> {
    const { generations } = this;
    return generations.inLine(() =>
      inSlices(exportState(this.#sources, generations.current!, Date.now(), whatFor), monotonicMs),
    );
  }

  /** changes is a number that differs whenever something may have happened that is worth keeping. */
  changes(): number {
    const listeners = Object.values(this.generations.current?.slots.listeners ?? {});
    return listeners.reduce((sum, slot) => {
      const { connections, requests } = this.#counters.listener(slot);
      return sum + connections + requests;
    }, this.servers.version);
  }

  /** drain ends health checks and lets open requests end. Resolves to the number of connections that were cut. */
  async drain(deadlineMs: number): Promise<number> {
    await this.#stopParts();
    await this.#options.sockets?.release();
    return this.#planes.drain(deadlineMs);
  }

  /** stop ends everything at once, also while it drains. */
  async stop(): Promise<void> {
    await this.#stopParts();
    await this.#planes.stop();
    await this.accessLogs.close();
  }

  async #stopParts(): Promise<void> {
    for (const part of this.#parts) await part.stop?.();
    this.#discoverer.settle(null);
    await this.certificates.stop();
  }

  #generations(memory: SharedMemory): Generations {
    const { sticks } = this;
    const { isTakeover, sockets, events } = this.#options;
    return new Generations({
      planes: this.#planes,
      slots: new Slots(memory, (servers) => sticks.forgetServers(servers)),
      isTakeover,
      sockets,
      wordIds: () => this.#words.ids(),
      tables: (plan) => sticks.prepare(plan),
      switching: (next, previous, changes) => switchParts(this.#parts, next, previous, changes),
      filling: (slots) => this.#fill(slots),
      switched: () => sticks.settle(),
      retired: () => {
        if (this.generations.isSettled) events.emit('settled', undefined);
      },
    });
  }

  *#fill(slots: SlotMap): Steps<void> {
    yield* this.#restorer.fill(slots);
    yield* this.sticks.fill();
  }

  /** listen has parts hear of what others emit. */
  #listen(): void {
    const { events } = this.#options;
    events.on('admin', ({ backend, server, from }) => {
      if (from === 'maint') this.#checker.cameBack(`${backend}/${server}`);
    });
    events.on('settled', () => this.accessLogs.settle());
    // Whatever changes who takes new clients.
    for (const name of ['server', 'admin', 'set'] as const) events.on(name, () => this.#fallBacks.look());
  }

  /** Whether a component of the slot `stick` keeps its clients in the gateway's table. */
  #hasStickTable(component: string): boolean {
    return this.#set?.component('stick', component)?.hasTable !== false;
  }

  #threads(memory: SharedMemory): Planes {
    const { threads, log, events, beatLimitMs, prepareLimitMs, dataPlane } = this.#options;
    return new ThreadPool({
      threads,
      memory,
      log,
      entry: THREAD_ENTRY,
      dataPlane: dataPlane ?? DATA_PLANE,
      ...(beatLimitMs === undefined ? {} : { beatLimitMs }),
      ...(prepareLimitMs === undefined ? {} : { prepareLimitMs }),
      wordName: (id) => this.#words.name(id),
      blamed: (thrown) => {
        const { plugin } = blame(thrown, ownersOf(this.#set));
        return plugin === null ? null : `plugin ${plugin}`;
      },
      report: (thread, report) => this.#report(thread, report),
      lost: (loss) => {
        this.sticks.forget(loss.thread);
        this.#options.sockets?.lost(loss.thread);
        this.generations.planeLost(loss.thread);
        events.emit('thread', { event: 'lost', ...loss });
      },
      restoring: (restore) => this.generations.restoring(restore),
      replaced: (thread) => events.emit('thread', { event: 'replaced', thread }),
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
    if (event !== null) this.#options.events.emit('circuit', event);
  }

  #report(thread: number, report: Report): void {
    const { log } = this.#options;
    if (report.type === 'log') log[report.level]({ thread, ...report.fields }, report.message);
    else if (report.type === 'failure') logFailure(log, report, { thread });
    else if (report.type === 'failing') this.#ejections.failing(report.slot, report.reason);
    else if (report.type === 'circuit') this.#circuitChanged(report.slot, report.to, report.reason);
    else if (report.type === 'access') this.accessLogs.take(report.batch);
    else if (report.type === 'bound') this.#options.sockets?.keep(thread, report.key, report);
    else if (report.type === 'unbound') this.#options.sockets?.drop(thread, report.key);
    else if (report.type === 'retired') this.generations.planeRetired(thread, report.generation);
  }
}

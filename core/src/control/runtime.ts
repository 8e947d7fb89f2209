/**
 * Runtime: all that exists only while a gateway runs: shared memory, data planes, generations, health checks. Main thread.
 *
 * Made by start, thrown away by stop. The gateway decides when; this knows how the parts hang together.
 */
import type { BackendPlan, Plan, ServerPlan } from '@sluice/dsl/plan';
import type { Logger } from 'pino';
import type { CertificateEvent } from '../plugin/certificate-source.ts';
import type { CreateDataPlane } from '../shared/orders/data-plane-host.ts';
import { changedMembers, differenceOf } from '../shared/orders/member-change.ts';
import type { MemberChange, Report } from '../shared/orders/orders.ts';
import { blame } from '../shared/plugins/blame.ts';
import { BackendTable } from '../shared/tables/backend-table.ts';
import { type CircuitState, CircuitTable } from '../shared/tables/circuit-table.ts';
import { createSharedMemory } from '../shared/tables/create-shared-memory.ts';
import { NoticeBoard } from '../shared/tables/notice-board.ts';
import { OutcomeCounts } from '../shared/tables/outcome-counts.ts';
import { type ServerState, ServerTable } from '../shared/tables/server-table.ts';
import type { SharedMemory } from '../shared/tables/shared-memory.ts';
import { SharedRateTable } from '../shared/tables/shared-rate-table.ts';
import { CertificateSources } from './certificates/certificate-sources.ts';
import type { Timers } from './clock/timers.ts';
import type { LiveServers } from './explain/servers.ts';
import { type CircuitEvent, Circuits } from './health/circuits.ts';
import { type DrainedEvent, Drains } from './health/drains.ts';
import { Ejections } from './health/ejections.ts';
import { type FallBackEvent, FallBackWatch } from './health/fall-back-watch.ts';
import { HealthChecker, type ServerEvent } from './health/health-checker.ts';
import type { AdminEvent, ServerControl, SetEvent } from './health/server-handle.ts';
import { Discoverer } from './members/discoverer.ts';
import type { DiscoveryEvent } from './members/discovery-source.ts';
import { type NameResolver, systemNames } from './members/name-resolver.ts';
import { ServerNames } from './members/server-names.ts';
import { ownersOf, type PluginSet } from './plugins/plugin-host.ts';
import { WordNames } from './plugins/word-names.ts';
import { type Changes, type Generation, Generations } from './reload/generations.ts';
import { reasonOf } from './report/errors.ts';
import { logFailure } from './report/log.ts';
import { Slots } from './slots/slots.ts';
import { StickTables } from './slots/stick-tables.ts';
import type { SocketKeeper } from './socket-keeper.ts';
import { LocalPlane, type Planes } from './threads/planes.ts';
import { type ThreadLoss, ThreadPool } from './threads/thread-pool.ts';
import { AccessLogFile } from './watch/access-log-file.ts';
import { type GatewayStats, StatsReader } from './watch/stats.ts';

export interface RuntimeOptions {
  /** 0: the caller's own loop. */
  readonly threads: number;
  readonly log: Logger;
  readonly timers: Timers;
  random(): number;
  readonly isTakeover: boolean;
  readonly sockets: SocketKeeper | null;
  readonly beatLimitMs?: number | undefined;
  readonly prepareLimitMs?: number | undefined;
  readonly probesAtOnce?: number | undefined;
  /** In place of the system's and the settings'. */
  readonly nameResolver?: NameResolver | undefined;
  readonly dataPlane?: string | undefined;
  serverChanged(event: ServerEvent): void;
  circuitChanged(event: CircuitEvent): void;
  adminChanged(event: AdminEvent): void;
  numberChanged(event: SetEvent): void;
  drained(event: DrainedEvent): void;
  fallBack(event: FallBackEvent): void;
  /** A source of servers has other ones, fails, or is right again. */
  discovered(event: DiscoveryEvent): void;
  /** Certificates that sources keep have other files. Never rejects. */
  certificatesChanged(): Promise<void>;
  certificateTold(event: CertificateEvent): void;
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
  readonly backends: BackendTable;
  readonly rates: SharedRateTable;
  /** What handles of servers work with. */
  readonly control: ServerControl;
  readonly #drains: Drains;
  readonly sticks: StickTables;
  readonly #options: RuntimeOptions;
  readonly #planes: Planes;
  readonly #checker: HealthChecker;
  readonly #names: ServerNames;
  readonly #ejections: Ejections;
  readonly #circuits: Circuits;
  readonly #fallBacks: FallBackWatch;
  readonly #discoverer: Discoverer;
  readonly certificates: CertificateSources;
  /** Found servers changed, and that waits in the line. */
  #isChangeDue = false;
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
    this.backends = new BackendTable(memory);
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
    this.#names = new ServerNames({
      timers,
      log,
      resolver: ({ settings: { names } }) =>
        options.nameResolver ??
        systemNames(names === undefined || names.servers.length === 0 ? {} : { servers: names.servers }),
      know: (changes) => this.#planes.know(changes),
      hold: (slot, reason) => this.#checker.hold(slot, reason, 'name'),
      letGo: (slot, reason) => this.#checker.letGo(slot, reason, 'name'),
    });
    this.#checker = new HealthChecker({
      servers: this.servers,
      lookup: this.#names.table.lookup,
      timers,
      random: options.random,
      ...(options.probesAtOnce === undefined ? {} : { probesAtOnce: options.probesAtOnce }),
      component: (name) => this.#set!.component('check', name)!.check!,
      serverTls: (name) => this.#set!.component('server tls', name)?.serverTls,
      secret: (name) => this.#set!.secrets[name]!,
      changed: (event) => {
        const level = event.to === 'running' ? 'info' : 'warn';
        log[level](event, `server ${event.backend}/${event.server} is ${event.to}: ${event.reason}`);
        options.serverChanged(event);
        this.#fallBacks.look();
      },
    });
    this.#discoverer = new Discoverer({
      log,
      timers,
      random: options.random,
      changed: () => this.#foundChanged(),
      told: (event) => options.discovered(event),
    });
    this.certificates = new CertificateSources({
      log,
      timers,
      random: options.random,
      notices: new NoticeBoard(memory),
      secret: (name) => this.#set!.secrets[name]!,
      changed: () => options.certificatesChanged(),
      told: (event) => options.certificateTold(event),
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
      sockets: options.sockets,
      wordIds: () => this.#words.ids(),
      tables: (plan) => this.sticks.prepare(plan),
      switching: (next, previous, changes) => {
        if (changes === null) this.#switchTo(next, previous);
        else this.#changeTo(next, previous!, changes);
        this.#drains.keep(next.slots.servers);
        this.sticks.carry(next.plan);
        this.#fallBacks.watch(next);
      },
      filling: () => this.sticks.fill(),
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
    for (const { manifest } of set.plugins) this.#words.add(manifest);
    this.#set = set;
    this.#accessLog.use(set.plan.settings.accessLog ?? null);
    try {
      await this.#discoverer.begin(set.plan, (name) => set.component('discovery', name)!.discovery!);
      const plan = this.#discoverer.withFound(set.plan);
      await this.#names.begin(plan);
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
      now: () => this.#options.timers.now(),
      reason: (server) => this.#checker.reason(server),
      ejections: (slot) => this.#ejections.count(slot),
      fallBack: (backend) => this.#fallBacks.active(backend),
      circuit: (slot) => this.#circuits.state(slot),
      discoveries: (backend) => this.#discoverer.stats(backend),
    });
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

  /** drain ends health checks and lets open requests end. Resolves to the number of connections that were cut. */
  async drain(deadlineMs: number): Promise<number> {
    this.#checker.stop();
    this.#ejections.stop();
    this.#drains.stop();
    this.#fallBacks.stop();
    this.#discoverer.settle(null);
    await this.certificates.stop();
    this.#names.stop();
    await this.#options.sockets?.release();
    return this.#planes.drain(deadlineMs);
  }

  /** stop ends everything at once, also while it drains. */
  async stop(): Promise<void> {
    this.#checker.stop();
    this.#ejections.stop();
    this.#drains.stop();
    this.#fallBacks.stop();
    this.#discoverer.settle(null);
    await this.certificates.stop();
    this.#names.stop();
    await this.#planes.stop();
    await this.#accessLog.close();
  }

  /** foundChanged puts what was found in force when it is its turn; what changes until then goes with it. */
  #foundChanged(): void {
    if (this.#isChangeDue || this.generations.current === null) return;
    this.#isChangeDue = true;
    void this.generations.inLine(async () => {
      // What was found has just been read and compared.
      await new Promise((resolve) => setImmediate(resolve));
      this.#isChangeDue = false;
      try {
        await this.#putFound();
      } catch (thrown) {
        this.#options.log.error(`discovered servers were not applied: ${reasonOf(thrown)}`);
      }
    });
  }

  async #putFound(): Promise<void> {
    const { current } = this.generations;
    if (current === null || this.#set === null) return;
    const written = new Map(this.#set.plan.backends.map((backend) => [backend.name, backend]));
    const changes: Omit<MemberChange, 'slots'>[] = [];
    const backends = current.plan.backends.map((backend): BackendPlan => {
      if (backend.discoveries === undefined) return backend;
      const wanted = this.#discoverer.servers(written.get(backend.name)!);
      const change = differenceOf(backend.name, backend.servers, wanted);
      if (change === null) return backend;
      changes.push(change);
      return { ...backend, servers: changedMembers(backend.servers, change) };
    });
    if (changes.length === 0) return;
    await this.generations.change({ ...current.plan, backends }, changes);
    // Requests that began before may still try again: not there. Only now, as no thread counts on these servers any more.
    for (const { backend, removed } of changes) {
      for (const name of removed) this.servers.setWeight(current.slots.servers[`${backend}/${name}`]!, 0);
    }
  }

  #switchTo(next: Generation, previous: Generation | null): void {
    const gone = this.#goneMembers(next.plan, previous?.plan);
    setServerWords(this.servers, next, previous);
    this.#checker.watch(next.plan, next.slots);
    this.#names.watch(next.plan, next.slots);
    this.#ejections.watch(next.plan, next.slots);
    this.#circuits.watch(next.plan, next.slots);
    for (const event of [...gone, ...this.#newMembers(next.plan, previous?.plan)]) this.#tellMember(event);
  }

  /** changeTo does what `switchTo` does, for those servers alone that have changed: others may be thousands. */
  #changeTo({ plan, slots }: Generation, previous: Generation, changes: Changes): void {
    const events: ServerEvent[] = [];
    const come: (() => ServerEvent)[] = [];
    for (const { backend: name, removed, changed, added } of changes) {
      const backend = plan.backends.find((each) => each.name === name);
      const wanted = new Set([...removed, ...changed.map((server) => server.name)]);
      const servers = previous.plan.backends.find((each) => each.name === name)?.servers ?? [];
      const before = new Map(
        servers.filter((server) => wanted.has(server.name)).map((server) => [server.name, server]),
      );
      for (const server of removed) {
        const from = this.#checker.state(`${name}/${server}`);
        const reason = this.#discoverer.why(backend, before.get(server)!);
        events.push({ backend: name, server, from, to: 'absent', reason });
      }
      for (const server of [...changed, ...added]) {
        setWords(this.servers, slots.servers[`${name}/${server.name}`]!, server, before.get(server.name));
      }
      for (const { name: server, source } of added) {
        const to = (): ServerState => this.#checker.state(`${name}/${server}`);
        come.push(() => ({ backend: name, server, from: 'absent', to: to(), reason: `found by ${source}` }));
      }
    }
    this.#checker.change(plan, slots, changes);
    this.#names.change(plan, slots, changes);
    this.#ejections.change(plan, slots, previous.slots, changes);
    for (const event of events) this.#tellMember(event);
    for (const event of come) this.#tellMember(event());
  }

  /** goneMembers are found servers that the next plan lacks, with the states that they had. */
  #goneMembers(next: Plan, previous: Plan | undefined): ServerEvent[] {
    return changedBackends(previous, next).flatMap(([before, backend]) => {
      const names = new Set(backend?.servers.map(({ name }) => name));
      const gone = before.servers.filter(({ name, source }) => source !== undefined && !names.has(name));
      return gone.map((server): ServerEvent => {
        const from = this.#checker.state(`${before.name}/${server.name}`);
        const reason = this.#discoverer.why(backend, server);
        return { backend: before.name, server: server.name, from, to: 'absent', reason };
      });
    });
  }

  #newMembers(next: Plan, previous: Plan | undefined): ServerEvent[] {
    return changedBackends(next, previous).flatMap(([backend, before]) => {
      const names = new Set(before?.servers.map(({ name }) => name));
      const come = backend.servers.filter(({ name, source }) => source !== undefined && !names.has(name));
      return come.map(({ name, source }): ServerEvent => {
        const to = this.#checker.state(`${backend.name}/${name}`);
        return { backend: backend.name, server: name, from: 'absent', to, reason: `found by ${source}` };
      });
    });
  }

  #tellMember(event: ServerEvent): void {
    const { backend, server, to, reason } = event;
    this.#options.log.info(
      event,
      `server ${backend}/${server} ${to === 'absent' ? 'was removed' : 'was added'}: ${reason}`,
    );
    this.#options.serverChanged(event);
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
      blamed: (thrown) => {
        const { plugin } = blame(thrown, ownersOf(this.#set));
        return plugin === null ? null : `plugin ${plugin}`;
      },
      report: (thread, report) => this.#report(thread, report),
      lost: (loss) => {
        this.sticks.forget(loss.thread);
        this.#options.sockets?.lost(loss.thread);
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
    const { log } = this.#options;
    if (report.type === 'log') log[report.level]({ thread, ...report.fields }, report.message);
    else if (report.type === 'failure') logFailure(log, report, { thread });
    else if (report.type === 'failing') this.#ejections.failing(report.slot, report.reason);
    else if (report.type === 'circuit') this.#circuitChanged(report.slot, report.to, report.reason);
    else if (report.type === 'access') this.#accessLog.take(report.batch);
    else if (report.type === 'bound') this.#options.sockets?.keep(thread, report.key, report);
    else if (report.type === 'unbound') this.#options.sockets?.drop(thread, report.key);
    else if (report.type === 'retired') this.generations.planeRetired(thread, report.generation);
  }
}

/** A server's weight and max are the plan's, unless somebody set others by hand and the plan's have not changed since. */
function setServerWords(servers: ServerTable, next: Generation, previous: Generation | null): void {
  const before = serversOf(previous?.plan);
  for (const [name, server] of serversOf(next.plan)) {
    setWords(servers, next.slots.servers[name]!, server, before.get(name));
  }
}

function setWords(servers: ServerTable, slot: number, server: ServerPlan, before: ServerPlan | undefined): void {
  if (before?.weight !== server.weight) servers.setWeight(slot, server.weight);
  if (before?.max !== server.max) servers.setMax(slot, server.max);
  servers.setMostWaiting(slot, server.queue);
}

function serversOf(plan: Plan | undefined): Map<string, ServerPlan> {
  const servers = new Map<string, ServerPlan>();
  for (const backend of plan?.backends ?? []) {
    for (const server of backend.servers) servers.set(`${backend.name}/${server.name}`, server);
  }
  return servers;
}

/** changedBackends pairs backends that find servers with those of another plan, where their servers are not the very same. */
function changedBackends(plan: Plan | undefined, other: Plan | undefined): [BackendPlan, BackendPlan | undefined][] {
  const others = new Map(other?.backends.map((backend) => [backend.name, backend]));
  return (plan?.backends ?? [])
    .filter(({ discoveries }) => discoveries !== undefined)
    .map((backend): [BackendPlan, BackendPlan | undefined] => [backend, others.get(backend.name)])
    .filter(([backend, pair]) => pair?.servers !== backend.servers);
}

/**
 * Gateway: what an embedder, and the command, holds in hand. Main thread.
 *
 * No global state, no signal handlers, no exit: several gateways live in one process, and nothing is left open after stop.
 * A gateway runs once: created, starting, running, stopping, stopped.
 */
import { EventEmitter } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Address, type ListenerPlan, type NewEntries, type Plan, replaceEntries } from '@sluice/dsl/plan';
import type { Logger } from 'pino';
import { blame, lateFailure } from '../shared/plugins/blame.ts';
import type { FailureLog } from '../shared/plugins/failure-log.ts';
import { type AdminChange, AdminHost, type OpenAdmin } from './admin/admin-host.ts';
import type { SourcedCertificate } from './certificates/certificate-sources.ts';
import { FileCertificates } from './certificates/file-certificates.ts';
import { type Duration, durationMs } from './clock/deadline.ts';
import { systemTimers } from './clock/timers.ts';
import { Configuration } from './configuration/configuration.ts';
import { explain } from './explain/explain.ts';
import type { Explanation } from './explain/explanation.ts';
import type { ExplainRequest } from './explain/request.ts';
import { StickinessHandle } from './explain/stickiness-handle.ts';
import type { GatewayEvents } from './gateway-events.ts';
import type { GatewayOptions } from './gateway-options.ts';
import { ServerHandle } from './health/server-handle.ts';
import type { NewServer } from './members/added-servers.ts';
import { ComponentFiles } from './plugins/component-files.ts';
import { ownersOf, type PluginHost, type PluginSet } from './plugins/plugin-host.ts';
import type { Generation } from './reload/generations.ts';
import { addressList, newAddresses } from './reload/new-addresses.ts';
import { boundAddresses, hasReusePort } from './reload/ports.ts';
import { GatewayError, reasonOf } from './report/errors.ts';
import { EventOutlet } from './report/event-outlet.ts';
import { failureFields, failureLog } from './report/log.ts';
import {
  changeEntries,
  type ListChange,
  type ListChanged,
  type ListPage,
  type ListPageOptions,
  listPage,
} from './rules/list-entries.ts';
import { ListWatcher } from './rules/list-watcher.ts';
import { loadRulesToRun, type Rules, rehearseRules, tellWarnings } from './rules/rules.ts';
import { EventBus } from './runtime/event-bus.ts';
import { logEvents } from './runtime/event-log.ts';
import { Runtime } from './runtime/runtime.ts';
import { PUBLIC_EVENTS, type RuntimeEvents } from './runtime/runtime-events.ts';
import { type KeptState, readState } from './state/kept-state.ts';
import { StateKeeper } from './state/state-keeper.ts';
import type { PlaneError } from './threads/planes.ts';
import type { OpenSessionList, SessionWish } from './watch/live-sessions.ts';
import type { RuleStats } from './watch/rule-reader.ts';
import type { GatewayStats } from './watch/stats.ts';

const MOST_ERRORS = 100;

export type GatewayState = 'created' | 'starting' | 'running' | 'stopping' | 'stopped';

/** StopResult says how a stop went. */
export interface StopResult {
  /** Connections that the deadline cut off. */
  readonly cut: number;
}

export class Gateway extends EventEmitter<GatewayEvents> {
  readonly #options: GatewayOptions;
  readonly #log: Logger;
  readonly #plugins: PluginHost;
  #rules: Rules;
  /** The plugins and the plan that are active, or will be once started. */
  #set: PluginSet;
  #state: GatewayState = 'created';
  #runtime: Runtime | null = null;
  #configuration: Configuration | null = null;
  readonly #lists: ListWatcher;
  readonly #files: ComponentFiles;
  readonly #fileCertificates = new FileCertificates(() => new Set(this.#sourcedCertificates().map(({ file }) => file)));
  readonly #admin: AdminHost<Gateway>;
  readonly #keeper: StateKeeper;
  readonly #events = new EventBus<RuntimeEvents>();
  #startedMs = 0;
  /** A certificate came while the gateway was still starting. */
  #isRefreshDue = false;
  /** A reload of the same source that has not begun. */
  #waitingReload: Promise<void> | null = null;
  #starting: Promise<void> | null = null;
  #stopping: Promise<StopResult> | null = null;

  /** Reports what fails of listeners. */
  readonly #failures: FailureLog;
  readonly #outlet: EventOutlet;

  /** Use createGateway. */
  constructor(
    options: GatewayOptions,
    log: Logger,
    plugins: PluginHost,
    set: PluginSet,
    openAdmin: OpenAdmin<Gateway>,
  ) {
    super();
    this.#options = options;
    this.#log = log;
    this.#plugins = plugins;
    this.#rules = options.rules;
    this.#set = set;
    this.#failures = failureLog(log);
    this.#outlet = new EventOutlet({
      listeners: (event) => this.rawListeners(event as keyof GatewayEvents),
      failed: (event, error) => {
        this.#failures.report(`listener ${event}`, `a listener of the event \`${event}\` failed`, { event }, error);
        if (event !== 'listenerFailed') this.#emitSoon('listenerFailed', { event, error });
      },
    });
    this.#admin = new AdminHost<Gateway>(this, options.admin, log, openAdmin, options.isTakeover ?? false);
    this.#lists = new ListWatcher({
      log,
      timers: options.timers ?? systemTimers,
      plan: () => this.plan,
      put: (entries) => this.#putEntries(entries),
      emit: (event) => this.#emitSoon('list', event),
    });
    this.#files = new ComponentFiles({
      timers: options.timers ?? systemTimers,
      files: () => this.#set.files,
      changed: () => this.#refreshComponents(),
    });
    this.#keeper = new StateKeeper({
      log,
      timers: options.timers ?? systemTimers,
      exportState: () => this.#runtime!.exportState('disk'),
      changes: () => this.#runtime!.changes(),
    });
    for (const name of ['admin', 'set'] as const) this.#events.on(name, () => this.#keeper.saveSoon());
    logEvents(this.#events, log);
    for (const name of PUBLIC_EVENTS) this.#events.on(name, (event) => this.#emitSoon(name, event as never));
    this.#events.on('settled', () => {
      void this.#runtime?.generations.inLine(() => this.#plugins.settle(this.#set));
    });
  }

  get state(): GatewayState {
    return this.#state;
  }

  /** The active plan; before start, the one that will be. */
  get plan(): Plan {
    return this.#set.plan;
  }

  /** Milliseconds since it was started; 0 before. */
  get uptimeMs(): number {
    return this.#startedMs === 0 ? 0 : systemTimers.now() - this.#startedMs;
  }

  /** What the admin API is bound to; null: there is none. */
  get adminAddress(): Address | null {
    return this.#admin.address;
  }

  /** start starts plugins, threads, listeners and checks, in that order. Rejects with everything closed again. */
  async start(): Promise<void> {
    this.#need('created', 'start');
    this.#state = 'starting';
    this.#starting = this.#start();
    await this.#starting;
  }

  /**
   * reload reads the rules again, or takes others, and switches to them without losing a request. Rejects with the old
   * ones still running. Reloads wait for each other; those of the same source that wait at the same time are one, as it will
   * read what is there when it begins.
   */
  async reload(options: { readonly rules?: Rules } = {}): Promise<void> {
    this.#need('running', 'reload');
    if (options.rules !== undefined) return this.#reload(options);
    this.#waitingReload ??= this.#reload(options);
    return this.#waitingReload;
  }

  async #reload(options: { readonly rules?: Rules }): Promise<void> {
    const { generations } = this.#runtime!;
    await generations.inLine(async () => {
      if (options.rules === undefined) this.#waitingReload = null;
      this.#need('running', 'reload');
      const rules = options.rules ?? this.#rules;
      const before = this.#set;
      try {
        const generation = await this.#switchTo(rules);
        this.#certificatesTaken(before);
        this.#log.info({ generation: generation.number }, `generation ${generation.number} is active`);
        this.#emitSoon('reload', { isOk: true, generation: generation.number });
      } catch (thrown) {
        const error = asGatewayError(thrown, generations.current!.number);
        const generation = generations.current!.number;
        this.#log.error(
          { ...failureFields(error), generation },
          `reload failed, the running rules are unchanged: ${error.message}`,
        );
        this.#certificatesRefused(error);
        this.#emitSoon('reload', { isOk: false, generation, error });
        throw error;
      }
    });
  }

  /**
   * stop lets open requests end, cuts the rest at the deadline (default: the rules' `drain` setting), then closes
   * everything. Called again while it stops, a deadline of 0 ends it at once. `isReplaced`: another process has its addresses by now, and that
   * of the admin API, which therefore stops to listen first.
   */
  async stop(options: { readonly deadline?: Duration; readonly isReplaced?: boolean } = {}): Promise<StopResult> {
    const deadlineMs = options.deadline === undefined ? this.plan.settings.drainMs : durationMs(options.deadline);
    if (this.#stopping === null) this.#stopping = this.#stop(deadlineMs, options.isReplaced ?? false);
    else if (deadlineMs === 0) await this.#runtime?.stop();
    return this.#stopping;
  }

  /**
   * upgrade has the version that is on disk take over, and resolves when that serves; this gateway then stops. Rejects with SG0801 where nobody can
   * do that, and with SG0802, with everything as it was, when the new one does not get ready.
   */
  async upgrade(): Promise<void> {
    this.#need('running', 'upgrade');
    const { upgrade } = this.#options;
    if (upgrade === undefined) throw new GatewayError('SG0801', {});
    const problem = await upgrade();
    if (problem !== null) throw new GatewayError('SG0802', { problem });
  }

  /** configuration is the text of the rules: to read, replace, try, confirm and roll back. */
  get configuration(): Configuration {
    const { stateDir } = this.plan.settings;
    this.#configuration ??= new Configuration({
      rules: () => this.#rules,
      set: () => this.#set,
      generation: () => this.#current('configuration').number,
      load: (text) => this.#rehearse(text),
      reload: (rules) => this.reload({ rules }),
      responses: () => responsesOf(this.stats()),
      log: this.#log,
      timers: this.#options.timers ?? systemTimers,
      historyFolder: stateDir === undefined ? null : join(stateDir, 'history'),
    });
    return this.#configuration;
  }

  async #rehearse(text: string): Promise<PluginSet> {
    this.#need('running', 'configuration');
    let set: PluginSet | null = null;
    await this.#runtime!.generations.inLine(async () => {
      set = await rehearseRules(this.#rules, text, this.#plugins, this.#options.admin);
    });
    return set!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** addresses are the bound addresses by listener name: the first one of each; `stats` has all. */
  addresses(): Readonly<Record<string, Address>> {
    const { plan, ports } = this.#current('addresses');
    return Object.fromEntries(plan.listeners.map((listener) => [listener.name, boundAddresses(listener, ports)[0]!]));
  }

  /** stats is one picture of all that is counted, plain data. */
  stats(): GatewayStats {
    const current = this.#current('stats');
    return this.#runtime!.stats(current);
  }

  /** rules are all active rules, and how often each was hit. */
  rules(): readonly RuleStats[] {
    const current = this.#current('rules');
    return this.#runtime!.rules.read(current);
  }

  /** sessions are the requests and tunnels that are open: the `most` oldest (default 100). Rejects with SG0502 or SG0511. */
  async sessions(options: SessionWish & { readonly most?: number } = {}): Promise<OpenSessionList> {
    const { most, ...wish } = options;
    const current = this.#current('sessions');
    return this.#runtime!.sessions.list(current, wish, most);
  }

  /**
   * endSessions ends open requests (503, or broken off) and tunnels, and resolves to how many that were. Rejects with SG0502, SG0511, or SG0512
   * for an id that no session has.
   */
  async endSessions(wish: SessionWish): Promise<number> {
    const current = this.#current('endSessions');
    const count = await this.#runtime!.sessions.end(current, wish);
    this.#log.info({ ...wish, count }, `${count} sessions were ended`);
    return count;
  }

  /**
   * errors are the latest requests that were refused or failed, newest first: `most` of them (default 100). Each thread remembers 200, and a lost thread
   * none.
   */
  async errors(options: { readonly most?: number } = {}): Promise<readonly PlaneError[]> {
    this.#current('errors');
    return this.#runtime!.errors(options.most ?? MOST_ERRORS);
  }

  /** certificates are all that listeners have, and how they stand: those that the gateway renews by itself, then those from files. */
  certificates(): readonly SourcedCertificate[] {
    return [...this.#sourcedCertificates(), ...this.#fileCertificates.states(this.#set, Date.now())];
  }

  #sourcedCertificates(): readonly SourcedCertificate[] {
    return this.#runtime?.certificates.states() ?? [];
  }

  /** renewCertificate tries for the certificates with a name now, whatever their schedule says. Throws SG0510 for a name that none has. */
  renewCertificate(name: string): void {
    this.#current('renewCertificate');
    if (this.#runtime!.certificates.renew(name)) return;
    const known = this.#runtime!.certificates.states().flatMap(({ names }) => names);
    throw new GatewayError('SG0510', { name, known: known.join(', ') });
  }

  /** server finds a server by `backend/server`. Throws SG0502. */
  server(name: string): ServerHandle {
    const { slots } = this.#current('server');
    const slot = Object.hasOwn(slots.servers, name) ? slots.servers[name] : undefined;
    if (slot === undefined) {
      throw new GatewayError('SG0502', { server: name, known: Object.keys(slots.servers).join(', ') });
    }
    const slash = name.indexOf('/');
    const [backend, server] = [name.slice(0, slash), name.slice(slash + 1)];
    return new ServerHandle(backend, server, slot, this.#runtime!.control);
  }

  /**
   * addServer adds a server to a backend, without a reload, and resolves to its handle when all threads have it. It is kept over reloads for as long as the rules
   * have the backend, and over a restart where the gateway's state is. Rejects with SG0404, SG0513 or SG0514, with nothing added.
   */
  async addServer(backend: string, server: NewServer): Promise<ServerHandle> {
    this.#current('addServer');
    const name = await this.#runtime!.members.add(backend, server);
    this.#keeper.saveSoon();
    return this.server(`${backend}/${name}`);
  }

  /**
   * removeServer removes a server that was added by hand. Requests that are open there end there. Rejects with SG0502, SG0513, or SG0515 for one
   * that was not added by hand.
   */
  async removeServer(backend: string, server: string): Promise<void> {
    this.#current('removeServer');
    await this.#runtime!.members.remove(backend, server);
    this.#keeper.saveSoon();
  }

  /** list looks at the entries of a list, a page at a time (default: the first 100). Throws SG0517. */
  list(name: string, options: ListPageOptions = {}): ListPage {
    this.#current('list');
    return listPage(this.plan, name, options);
  }

  /**
   * changeList adds and removes entries of a list, all or none, and resolves when all threads have them. The change holds until the next reload, or until the list's
   * file changes and is read: it is written nowhere. Rejects with SG0517 or SG0518.
   */
  async changeList(name: string, change: ListChange): Promise<ListChanged> {
    this.#current('changeList');
    let changed: ListChanged | undefined;
    await this.#putEntries((plan) => {
      const { entries, ...rest } = changeEntries(plan, name, change);
      changed = rest;
      return { lists: { [name]: entries } };
    });
    const { count, added, removed } = changed!;
    this.#log.info(
      { list: name, ...changed },
      `list ${name}: ${added} entries were added and ${removed} removed by hand, ${count} now`,
    );
    return changed!;
  }

  /** stickiness looks into a backend's stickiness. Throws SG0509 for a backend that has none. */
  stickiness(backend: string): StickinessHandle {
    return new StickinessHandle(backend, () => {
      const current = this.#current('stickiness');
      const runtime = this.#runtime!;
      return { ...runtime.live(current), sticks: runtime.sticks };
    });
  }

  /**
   * exportState is what another gateway can take over, as its option `state`: stick tables, rates, health, what was set by hand, and the
   * keys of TLS sessions, which are a secret. It costs some 20 bytes a client, and never holds the event loop for more than some milliseconds.
   * Rejects with SG0501.
   */
  async exportState(): Promise<Uint8Array> {
    this.#need('running', 'exportState');
    return this.#runtime!.exportState('process');
  }

  /** reopenLogs opens the files of access logs again, which may have been moved. A reload does so too. */
  reopenLogs(): void {
    this.#runtime?.accessLogs.reopen();
  }

  /** explain says what would happen to a request now, and why. Throws SG0505 or SG0507. */
  async explain(request: ExplainRequest): Promise<Explanation> {
    const runtime = this.#runtime;
    const current = runtime?.generations.current ?? null;
    return explain(
      request,
      current === null ? this.#set : { ...this.#set, plan: current.plan },
      runtime === null || current === null
        ? null
        : { ...runtime.live(current), rates: runtime.rates, sticks: runtime.sticks },
    );
  }

  /**
   * contain is for `uncaughtException` handlers of the process, which are the embedder's alone: what plugins throw late, in probes, discoveries or,
   * with `threads: 0`, on the data plane, reaches nobody else. True: a plugin threw it, nothing of the gateway was interrupted, and it has been
   * logged: the process can go on. `isOwnProcess`: there is no code in this process but the gateway's and its plugins', so that an
   * error without a stack is contained, too.
   */
  contain(
    thrown: unknown,
    origin: NodeJS.UncaughtExceptionOrigin = 'uncaughtException',
    { isOwnProcess = false }: { readonly isOwnProcess?: boolean } = {},
  ): boolean {
    const isRejection = origin === 'unhandledRejection';
    const blamed = blame(thrown, ownersOf(this.#set), isRejection);
    const { plugin, place, kind } = blamed;
    if (!blamed.isWhole || (plugin === null && !isOwnProcess)) return false;
    this.#failures.report(kind, lateFailure(blamed, isRejection), { plugin: plugin ?? undefined, place }, thrown);
    return true;
  }

  /** emitSoon has an event's listeners called when what is under way is done; what they throw is reported. */
  #emitSoon<Name extends keyof GatewayEvents>(event: Name, ...values: GatewayEvents[Name]): void {
    this.#outlet.emit(event, values);
  }

  async #start(): Promise<void> {
    const { beatLimitMs, prepareLimitMs, probesAtOnce, nameResolver, dataPlane } = this.#options;
    try {
      const threads = await this.#threadsToRun();
      await this.#plugins.start(this.#set);
      const runtime = await Runtime.create({
        threads,
        log: this.#log,
        timers: this.#options.timers ?? systemTimers,
        random: this.#options.random ?? Math.random,
        isTakeover: this.#options.isTakeover ?? false,
        sockets: this.#options.sockets ?? null,
        beatLimitMs,
        prepareLimitMs,
        probesAtOnce,
        nameResolver,
        dataPlane,
        kept: await this.#keptState(),
        events: this.#events,
        refreshCertificates: () => this.#refreshComponents(),
      });
      this.#runtime = runtime;
      await runtime.generations.inLine(async () => {
        await runtime.start();
        this.#announceListeners(await runtime.put(this.#set), null);
      });
      runtime.check();
      (await this.#admin.prepare(this.#set.plan, this.#set.secrets)).commit();
      this.#startedMs = systemTimers.now();
      if (this.#state === 'starting') {
        this.#state = 'running';
        this.#lists.watch();
        this.#files.watch();
        this.#keeper.start();
        if (this.#isRefreshDue) void this.#refreshComponents();
      }
    } catch (thrown) {
      await this.#admin.stop();
      await this.#runtime?.stop();
      await this.#keeper.finish(null);
      await this.#plugins.stop();
      this.#state = 'stopped';
      throw asGatewayError(thrown, 1);
    }
  }

  async #stop(deadlineMs: number, isReplaced: boolean): Promise<StopResult> {
    if (this.#state === 'stopped') return { cut: 0 };
    await this.#starting?.catch(() => {});
    if (this.state === 'stopped') return { cut: 0 };
    this.#state = 'stopping';
    if (isReplaced) this.#admin.leave();
    this.#configuration?.stop();
    this.#lists.stop();
    this.#files.stop();
    const runtime = this.#runtime;
    // A reload under way ends first, if it does so in time.
    const line = runtime?.generations.inLine(async () => {});
    await Promise.race([line, new Promise((resolve) => setTimeout(resolve, deadlineMs).unref())]);
    const written = this.#keeper.finish(await this.#keeper.stop());
    const cut = (await runtime?.drain(deadlineMs)) ?? 0;
    await this.#admin.stop();
    await runtime?.stop();
    await written;
    await this.#plugins.stop();
    this.#state = 'stopped';
    this.#log.info({ cut }, 'the gateway has stopped');
    return { cut };
  }

  async #switchTo(rules: Rules): Promise<Generation> {
    const before = this.#set;
    const runtime = this.#runtime!;
    const previous = runtime.generations.current!;
    const set = await loadRulesToRun(rules, this.#plugins, this.#log, this.#options);
    this.#need('running', 'reload');
    await this.#plugins.start(set);
    let next: Generation;
    let admin: AdminChange | null = null;
    try {
      admin = await this.#admin.prepare(set.plan, set.secrets);
      next = await runtime.put(set);
    } catch (thrown) {
      await admin?.abandon();
      // A gateway that stopped meanwhile has stopped its plugins too.
      if (this.#state !== 'running') await this.#plugins.stop();
      else {
        await this.#plugins.start(before);
        await this.#plugins.settle(before);
      }
      throw thrown;
    }
    admin.commit();
    const { threads } = set.plan.settings;
    if (this.#options.threads === undefined && threads !== before.plan.settings.threads) {
      this.#log.warn({ threads }, 'the new number of threads takes effect when the gateway is restarted');
    }
    this.#set = set;
    this.#rules = rules;
    this.#keeper.use(set.plan.settings.stateDir ?? null);
    this.#lists.watch();
    this.#files.watch();
    if (runtime.generations.isSettled) await this.#plugins.settle(set);
    this.#announceListeners(next, previous.plan.listeners);
    return next;
  }

  /** putEntries is a reload of nothing but lists and maps: the rules are not read again. */
  async #putEntries(wanted: NewEntries | ((plan: Plan) => NewEntries)): Promise<void> {
    const runtime = this.#runtime!;
    await runtime.generations.inLine(async () => {
      this.#need('running', 'a list');
      const { plan, source } = this.#set;
      const entries = typeof wanted === 'function' ? wanted(plan) : wanted;
      const set = { ...this.#set, plan: replaceEntries(plan, entries), source: replaceEntries(source, entries) };
      await runtime.put(set);
      this.#set = set;
    });
  }

  /** refreshComponents activates the same rules with what their files hold now: certificates, above all. */
  async #refreshComponents(): Promise<void> {
    await this.#runtime!.generations.inLine(async () => {
      this.#isRefreshDue = this.#state === 'starting';
      if (this.#state !== 'running') return;
      const before = this.#set;
      try {
        const set = await this.#plugins.assemble(before.source, false, before);
        await this.#runtime!.put(set);
        this.#set = set;
        tellWarnings(set, this.#log);
        this.#log.info({ files: set.files.length }, 'files used by the rules have changed and were reloaded');
        this.#certificatesTaken(before);
        this.#emitSoon('files', { isOk: true });
        // It may have begun to stop meanwhile.
        if (this.state === 'running') this.#files.watch();
      } catch (thrown) {
        const error = asGatewayError(thrown, this.#runtime!.generations.current!.number);
        this.#log.error(
          failureFields(error),
          `files used by the rules have changed, but were not reloaded: ${error.message}`,
        );
        this.#certificatesRefused(error);
        this.#emitSoon('files', { isOk: false, error });
      }
    });
  }

  /** keptState is what an earlier gateway hands over, or else has left on disk; null: nothing that can be used. */
  async #keptState(): Promise<KeptState | null> {
    const { state, isTakeover = false } = this.#options;
    const read = async (take: () => Promise<Uint8Array | null>): Promise<KeptState | null> => {
      try {
        const bytes = await take();
        return bytes === null ? null : readState(bytes, Date.now(), this.#log);
      } catch (thrown) {
        this.#log.warn(`the state of an earlier gateway is not used: ${reasonOf(thrown)}`);
        return null;
      }
    };
    const handed = await read(async () => (typeof state === 'function' ? state() : (state ?? null)));
    const folder = this.plan.settings.stateDir ?? null;
    const stored = await this.#keeper.read(folder, isTakeover || handed !== null);
    return handed ?? (await read(async () => stored));
  }

  #certificatesTaken(before: PluginSet): void {
    for (const event of this.#fileCertificates.taken(this.#set, before, Date.now()))
      this.#emitSoon('certificate', event);
  }

  #certificatesRefused(error: GatewayError): void {
    for (const event of this.#fileCertificates.refused(this.#set, error, Date.now()))
      this.#emitSoon('certificate', event);
  }

  #announceListeners(generation: Generation, before: readonly ListenerPlan[] | null): void {
    for (const { listener, addresses } of newAddresses(generation, before)) {
      this.#log.info({ listener }, `listener ${listener} is on ${addressList(addresses)}`);
      for (const address of addresses) this.#emitSoon('listening', { listener, address });
    }
  }

  async #threadsToRun(): Promise<number> {
    const wanted = this.#options.threads ?? this.plan.settings.threads ?? availableParallelism();
    if (wanted <= 1) return wanted;
    if (await hasReusePort()) return wanted;
    this.#log.warn(`one data thread runs, not ${wanted}: this system has no SO_REUSEPORT to share ports with`);
    return 1;
  }

  #current(wish: string): Generation {
    const current = this.#runtime?.generations.current ?? null;
    if (current === null) throw new GatewayError('SG0501', { state: this.#state, wish, needed: 'running' });
    return current;
  }

  #need(needed: GatewayState, wish: string): void {
    if (this.#state !== needed) throw new GatewayError('SG0501', { state: this.#state, wish, needed });
  }
}

function asGatewayError(thrown: unknown, generation: number): GatewayError {
  if (thrown instanceof GatewayError) return thrown;
  return new GatewayError('SG0401', { generation, message: reasonOf(thrown) }, { cause: thrown });
}

/** responsesOf counts what clients got from all listeners. */
function responsesOf({ listeners }: GatewayStats): { readonly responses: number; readonly errors: number } {
  let [responses, errors] = [0, 0];
  for (const { counters } of listeners) {
    const { answers2xx, answers3xx, answers4xx, answers5xx } = counters;
    responses += answers2xx + answers3xx + answers4xx + answers5xx;
    errors += answers5xx;
  }
  return { responses, errors };
}

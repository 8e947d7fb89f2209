/**
 * Gateway: what an embedder, and the command, holds in hand. Main thread.
 *
 * No global state, no signal handlers, no exit: several gateways live in one process, and nothing is left open after stop.
 * A gateway runs once: created, starting, running, stopping, stopped.
 */
import { EventEmitter } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Address, Plan } from '@sluice/dsl/plan';
import type { Logger } from 'pino';
import { blame, lateFailure } from '../shared/plugins/blame.ts';
import type { FailureLog } from '../shared/plugins/failure-log.ts';
import { ActiveRules } from './active-rules.ts';
import { AdminHost, type OpenAdmin } from './admin/admin-host.ts';
import type { SourcedCertificate } from './certificates/certificate-sources.ts';
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
import { ownersOf, type PluginHost, type PluginSet } from './plugins/plugin-host.ts';
import type { Generation } from './reload/generations.ts';
import { boundAddresses, hasReusePort } from './reload/ports.ts';
import { asGatewayError, GatewayError } from './report/errors.ts';
import { EventOutlet } from './report/event-outlet.ts';
import { failureLog } from './report/log.ts';
import {
  type ListChange,
  type ListChanged,
  type ListPage,
  type ListPageOptions,
  listPage,
} from './rules/list-entries.ts';
import type { Rules } from './rules/rules.ts';
import { EventBus } from './runtime/event-bus.ts';
import { logEvents } from './runtime/event-log.ts';
import { Runtime } from './runtime/runtime.ts';
import { PUBLIC_EVENTS, type RuntimeEvents } from './runtime/runtime-events.ts';
import { StateKeeper } from './state/state-keeper.ts';
import type { PlaneError } from './threads/planes.ts';
import { type LimitedClient, readLimits } from './watch/limit-reader.ts';
import type { OpenSessionList, SessionWish } from './watch/live-sessions.ts';
import type { RuleStats } from './watch/rule-reader.ts';
import type { GatewayStats } from './watch/stats.ts';

const MOST_ERRORS = 100;
const MOST_LIMITED = 100;

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
  readonly #active: ActiveRules;
  #state: GatewayState = 'created';
  #runtime: Runtime | null = null;
  #configuration: Configuration | null = null;
  readonly #admin: AdminHost<Gateway>;
  readonly #keeper: StateKeeper;
  readonly #events = new EventBus<RuntimeEvents>();
  #startedMs = 0;
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
    this.#failures = failureLog(log);
    this.#outlet = new EventOutlet({
      listeners: (event) => this.rawListeners(event as keyof GatewayEvents),
      failed: (event, error) => {
        this.#failures.report(`listener ${event}`, `a listener of the event \`${event}\` failed`, { event }, error);
        if (event !== 'listenerFailed') this.#emitSoon('listenerFailed', { event, error });
      },
    });
    this.#admin = new AdminHost<Gateway>(this, options.admin, log, openAdmin, options.isTakeover ?? false);
    this.#active = new ActiveRules({
      ...{ options, set, log, plugins },
      timers: options.timers ?? systemTimers,
      runtime: () => this.#runtime,
      isRunning: () => this.#state === 'running',
      isStarting: () => this.#state === 'starting',
      needRunning: (wish) => this.#need('running', wish),
      prepareAdmin: (set) => this.#admin.prepare(set),
      reloaded: ({ settings }) => this.#keeper.use(settings.stateDir ?? null),
      emit: (event, ...values) => this.#emitSoon(event, ...values),
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
      void this.#runtime?.generations.inLine(() => this.#plugins.settle(this.#active.set));
    });
  }

  get state(): GatewayState {
    return this.#state;
  }

  /** The active plan; before start, the one that will be. */
  get plan(): Plan {
    return this.#active.set.plan;
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
    return this.#active.reload(options);
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
      rules: () => this.#active.source,
      set: () => this.#active.set,
      generation: () => this.#current('configuration').number,
      load: (text) => this.#active.rehearse(text),
      reload: (rules) => this.reload({ rules }),
      responses: () => this.#runtime!.responses(),
      log: this.#log,
      timers: this.#options.timers ?? systemTimers,
      historyFolder: stateDir === undefined ? null : join(stateDir, 'history'),
    });
    return this.#configuration;
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

  /**
   * limited are the clients, or whatever the limits count by, that were over a rate limit lately: those that are now first, then the latest, `most` of
   * them (default 100). Each thread remembers the latest 100 of each limit, and a lost thread none.
   */
  async limited(options: { readonly most?: number } = {}): Promise<readonly LimitedClient[]> {
    const { most = MOST_LIMITED } = options;
    const current = this.#current('limited');
    const { rates } = this.#runtime!;
    return readLimits(current, await this.#runtime!.limited(most), rates, most);
  }

  /** clearLimits gives one entry of `limited`, or all, their whole rate again, and resolves to how many had less. Rejects with SG0519. */
  async clearLimits(wish: { readonly entry: string } | { readonly all: true }): Promise<number> {
    this.#current('clearLimits');
    const cleared = await this.#runtime!.clearLimits('entry' in wish ? wish.entry : null);
    if (cleared === 0 && 'entry' in wish) throw new GatewayError('SG0519', { entry: wish.entry });
    return cleared;
  }

  /** certificates are all that listeners have, and their states: those that the gateway renews automatically, then those from files. */
  certificates(): readonly SourcedCertificate[] {
    return this.#active.certificates();
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
    return this.#active.changeList(name, change);
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
      current === null ? this.#active.set : { ...this.#active.set, plan: current.plan },
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
    const blamed = blame(thrown, ownersOf(this.#active.set), isRejection);
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
    const { set } = this.#active;
    const { state, isTakeover = false } = this.#options;
    const { beatLimitMs, prepareLimitMs, probesAtOnce, nameResolver, dataPlane } = this.#options;
    try {
      const threads = await this.#threadsToRun();
      await this.#plugins.start(set);
      const runtime = await Runtime.create({
        threads,
        log: this.#log,
        timers: this.#options.timers ?? systemTimers,
        random: this.#options.random ?? Math.random,
        isTakeover,
        sockets: this.#options.sockets ?? null,
        beatLimitMs,
        prepareLimitMs,
        probesAtOnce,
        nameResolver,
        dataPlane,
        kept: await this.#keeper.restore(state, set.plan.settings.stateDir ?? null, isTakeover),
        events: this.#events,
        refreshCertificates: () => this.#active.refresh(),
      });
      this.#runtime = runtime;
      await runtime.generations.inLine(async () => {
        await runtime.start();
        this.#active.announceListeners(await runtime.put(set), null);
      });
      runtime.check();
      (await this.#admin.prepare(set)).commit();
      this.#startedMs = systemTimers.now();
      if (this.#state === 'starting') {
        this.#state = 'running';
        this.#active.watch();
        this.#keeper.start();
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
    this.#active.stop();
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

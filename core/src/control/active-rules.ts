/**
 * ActiveRules: the rules that a gateway runs, and every way in which they change: a reload, other entries of a list, other contents of a
 * file that they use. Main thread.
 *
 * All changes wait in the generations' line. One that fails leaves the rules as they were, and says why.
 */
import { type ListenerPlan, type NewEntries, type Plan, replaceEntries } from '@sluice/dsl/plan';
import type { Logger } from 'pino';
import type { AdminChange } from './admin/admin-host.ts';
import type { SourcedCertificate } from './certificates/certificate-sources.ts';
import { FileCertificates } from './certificates/file-certificates.ts';
import type { Timers } from './clock/timers.ts';
import type { GatewayEvents } from './gateway-events.ts';
import type { GatewayOptions } from './gateway-options.ts';
import { ComponentFiles } from './plugins/component-files.ts';
import type { PluginHost, PluginSet } from './plugins/plugin-host.ts';
import type { Generation } from './reload/generations.ts';
import { addressList, newAddresses } from './reload/new-addresses.ts';
import { asGatewayError, type GatewayError } from './report/errors.ts';
import { failureFields } from './report/log.ts';
import { changeEntries, type ListChange, type ListChanged } from './rules/list-entries.ts';
import { ListWatcher } from './rules/list-watcher.ts';
import { loadRulesToRun, type Rules, rehearseRules, tellWarnings } from './rules/rules.ts';
import type { Runtime } from './runtime/runtime.ts';

export interface ActiveRulesOptions {
  readonly options: GatewayOptions;
  /** The plugins and the plan of the rules to begin with. */
  readonly set: PluginSet;
  readonly log: Logger;
  readonly timers: Timers;
  readonly plugins: PluginHost;
  /** null: the gateway has not started. */
  runtime(): Runtime | null;
  isRunning(): boolean;
  isStarting(): boolean;
  /** Throws SG0501 unless the gateway runs. */
  needRunning(wish: string): void;
  prepareAdmin(set: PluginSet): Promise<AdminChange>;
  /** Rules were reloaded. */
  reloaded(plan: Plan): void;
  emit<Name extends keyof GatewayEvents>(event: Name, ...values: GatewayEvents[Name]): void;
}

export class ActiveRules {
  readonly #with: ActiveRulesOptions;
  #rules: Rules;
  #set: PluginSet;
  readonly #lists: ListWatcher;
  readonly #files: ComponentFiles;
  readonly #fileCertificates = new FileCertificates(() => new Set(this.#sourced().map(({ file }) => file)));
  /** A certificate came while the gateway was still starting. */
  #isRefreshDue = false;
  /** A reload of the same source that has not begun. */
  #waitingReload: Promise<void> | null = null;

  constructor(options: ActiveRulesOptions) {
    const { log, timers } = options;
    this.#with = options;
    this.#rules = options.options.rules;
    this.#set = options.set;
    this.#lists = new ListWatcher({
      log,
      timers,
      plan: () => this.#set.plan,
      put: (entries) => this.#putEntries(() => entries),
      emit: (event) => options.emit('list', event),
    });
    this.#files = new ComponentFiles({ timers, files: () => this.#set.files, changed: () => this.refresh() });
  }

  /** The plugins and the plan that are active, or will be once started. */
  get set(): PluginSet {
    return this.#set;
  }

  /** Where the rules came from. */
  get source(): Rules {
    return this.#rules;
  }

  /** watch begins to look at the files that the rules use. */
  watch(): void {
    this.#lists.watch();
    this.#files.watch();
    if (this.#isRefreshDue) void this.refresh();
  }

  /** stop looks at no file any more. */
  stop(): void {
    this.#lists.stop();
    this.#files.stop();
  }

  /** reload is the gateway's. */
  async reload(options: { readonly rules?: Rules }): Promise<void> {
    if (options.rules !== undefined) return this.#reload(options);
    this.#waitingReload ??= this.#reload(options);
    return this.#waitingReload;
  }

  async #reload(options: { readonly rules?: Rules }): Promise<void> {
    const { log, needRunning, emit } = this.#with;
    const { generations } = this.#runtime();
    await generations.inLine(async () => {
      if (options.rules === undefined) this.#waitingReload = null;
      needRunning('reload');
      const before = this.#set;
      try {
        const { number: generation } = await this.#switchTo(options.rules ?? this.#rules);
        this.#certificatesTaken(before);
        log.info({ generation }, `generation ${generation} is active`);
        emit('reload', { isOk: true, generation });
      } catch (thrown) {
        const generation = generations.current!.number;
        const error = asGatewayError(thrown, generation);
        log.error(
          { ...failureFields(error), generation },
          `reload failed, the running rules are unchanged: ${error.message}`,
        );
        this.#certificatesRefused(error);
        emit('reload', { isOk: false, generation, error });
        throw error;
      }
    });
  }

  /** rehearse compiles, checks and tests a text in the place of the rules; opens nothing. */
  async rehearse(text: string): Promise<PluginSet> {
    const { options, plugins, needRunning } = this.#with;
    needRunning('configuration');
    return this.#runtime().generations.inLine(() => rehearseRules(this.#rules, text, plugins, options.admin));
  }

  /** changeList is the gateway's. */
  async changeList(name: string, change: ListChange): Promise<ListChanged> {
    let changed: ListChanged | undefined;
    await this.#putEntries((plan) => {
      const { entries, ...rest } = changeEntries(plan, name, change);
      changed = rest;
      return { lists: { [name]: entries } };
    });
    const { count, added, removed } = changed!;
    this.#with.log.info(
      { list: name, ...changed },
      `list ${name}: ${added} entries were added and ${removed} removed by hand, ${count} now`,
    );
    return changed!;
  }

  /** refresh activates the same rules with what their files hold now: certificates, above all. Never rejects. */
  async refresh(): Promise<void> {
    const { log, plugins, isStarting, isRunning, prepareAdmin, emit } = this.#with;
    const { generations } = this.#runtime();
    await generations.inLine(async () => {
      this.#isRefreshDue = isStarting();
      if (!isRunning()) return;
      const before = this.#set;
      let admin: AdminChange | null = null;
      try {
        const set = await plugins.assemble(before.source, false, before);
        admin = await prepareAdmin(set);
        await this.#runtime().put(set);
        admin.commit();
        this.#set = set;
        tellWarnings(set, log);
        log.info({ files: set.files.length }, 'files used by the rules have changed and were reloaded');
        this.#certificatesTaken(before);
        emit('files', { isOk: true });
        // It may have begun to stop meanwhile.
        if (isRunning()) this.#files.watch();
      } catch (thrown) {
        await admin?.abandon();
        const error = asGatewayError(thrown, generations.current!.number);
        log.error(
          failureFields(error),
          `files used by the rules have changed, but were not reloaded: ${error.message}`,
        );
        this.#certificatesRefused(error);
        emit('files', { isOk: false, error });
      }
    });
  }

  /** certificates are all that listeners have: those that the gateway renews automatically, then those from files. */
  certificates(): readonly SourcedCertificate[] {
    return [...this.#sourced(), ...this.#fileCertificates.states(this.#set, Date.now())];
  }

  /** announceListeners logs and emits the addresses that a generation has and the one before had not. `before`: null at the start. */
  announceListeners(generation: Generation, before: readonly ListenerPlan[] | null): void {
    const { log, emit } = this.#with;
    for (const { listener, addresses } of newAddresses(generation, before)) {
      log.info({ listener }, `listener ${listener} is on ${addressList(addresses)}`);
      for (const address of addresses) emit('listening', { listener, address });
    }
  }

  async #switchTo(rules: Rules): Promise<Generation> {
    const { options, log, plugins, isRunning, needRunning, prepareAdmin, reloaded } = this.#with;
    const before = this.#set;
    const runtime = this.#runtime();
    const previous = runtime.generations.current!;
    const set = await loadRulesToRun(rules, plugins, log, options);
    needRunning('reload');
    await plugins.start(set);
    let next: Generation;
    let admin: AdminChange | null = null;
    try {
      admin = await prepareAdmin(set);
      next = await runtime.put(set);
    } catch (thrown) {
      await admin?.abandon();
      // A gateway that stopped meanwhile has stopped its plugins too.
      if (!isRunning()) await plugins.stop();
      else {
        await plugins.start(before);
        await plugins.settle(before);
      }
      throw thrown;
    }
    admin.commit();
    const { threads } = set.plan.settings;
    if (options.threads === undefined && threads !== before.plan.settings.threads) {
      log.warn({ threads }, 'the new number of threads takes effect when the gateway is restarted');
    }
    this.#set = set;
    this.#rules = rules;
    reloaded(set.plan);
    this.#lists.watch();
    this.#files.watch();
    if (runtime.generations.isSettled) await plugins.settle(set);
    this.announceListeners(next, previous.plan.listeners);
    return next;
  }

  /** putEntries is a reload of nothing but lists and maps: the rules are not read again. */
  async #putEntries(wanted: (plan: Plan) => NewEntries): Promise<void> {
    const runtime = this.#runtime();
    await runtime.generations.inLine(async () => {
      this.#with.needRunning('a list');
      const { plan, source } = this.#set;
      const entries = wanted(plan);
      const set = { ...this.#set, plan: replaceEntries(plan, entries), source: replaceEntries(source, entries) };
      await runtime.put(set);
      this.#set = set;
    });
  }

  #runtime(): Runtime {
    return this.#with.runtime()!;
  }

  /** Certificates that sources keep. */
  #sourced(): readonly SourcedCertificate[] {
    return this.#with.runtime()?.certificates.states() ?? [];
  }

  #certificatesTaken(before: PluginSet): void {
    for (const event of this.#fileCertificates.taken(this.#set, before, Date.now())) {
      this.#with.emit('certificate', event);
    }
  }

  #certificatesRefused(error: GatewayError): void {
    for (const event of this.#fileCertificates.refused(this.#set, error, Date.now())) {
      this.#with.emit('certificate', event);
    }
  }
}

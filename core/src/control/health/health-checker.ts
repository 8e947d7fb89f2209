/**
 * HealthChecker: keeps every server's state in the server table true, over reloads: to what its check says, and to what holds it
 * back besides (an ejection). Main thread.
 *
 * A server that comes back, from being stopped or from maintenance, or that a reload adds to a backend that serves already, is
 * `starting` for as long as the backend's `slow start` says.
 *
 * Servers without a check are running. One that has the same address in the next generation keeps its state and its history, also
 * when its check has changed; its schedule too, when it has not. So does a server that got another name. At the start all servers
 * are taken on trust. Later nothing that is new, or has another address, gets a request before a probe has passed: a reload
 * probes it before it switches over (`prove`), and until a probe passes it is stopped.
 */
import type { Address, BackendPlan, CheckPlan, Plan, ServerPlan } from '@sluice/dsl/plan';
import type { ProbeResult } from '../../plugin/health-check.ts';
import {
  LAST_CHECKS,
  MAINT,
  SERVER_STATES,
  type ServerState,
  type ServerTable,
} from '../../shared/tables/server-table.ts';
import { TimerGrid } from '../clock/timer-grid.ts';
import type { Timers } from '../clock/timers.ts';
import type { Assigned, Changes } from '../reload/generations.ts';
import { type Check, Checks, type ChecksOptions, proofKey } from './checks.ts';
import { FirstProbes } from './first-probes.ts';
import { type HealthEntry, HealthHistory } from './health-history.ts';
import { KnownServers } from './known-servers.ts';
import { ProbeQueue } from './probe-queue.ts';
import { ProbeSchedule } from './probe-schedule.ts';
import { type HealthCounts, ServerHealth } from './server-health.ts';
import { type Holder, heldBy, type ServerEvent, ServerStates, type Watched } from './server-states.ts';

export interface HealthCheckerOptions extends ChecksOptions {
  readonly servers: ServerTable;
  readonly timers: Timers;
  random(): number;
  changed(event: ServerEvent): void;
  /** Most probes at once. Default: what the plan's settings say, or else 256. */
  readonly probesAtOnce?: number;
}

/** KeptHealth is what is kept of a checked server's health for the next process. */
export interface KeptHealth {
  /** As JSON: it is that machine's health. */
  readonly address: string;
  readonly counts: HealthCounts;
  /** Newest first. */
  readonly history: readonly HealthEntry[];
  /** For how long it has been starting; null: it was not. */
  readonly startingForMs: number | null;
}

const PROBES_AT_ONCE = 256;
/** New servers' first probes are spread so that about one begins in each millisecond. */
const SPREAD_MS = 1;
/** The longest that a reload waits for the first probes of the servers that it brings. */
const PROOF_LIMIT_MS = 5000;

export class HealthChecker {
  readonly #options: HealthCheckerOptions;
  readonly #queue: ProbeQueue;
  readonly #grid: TimerGrid;
  readonly #checks: Checks;
  readonly #states: ServerStates;
  readonly #firstProbes: FirstProbes;
  #watched = new Map<string, Watched>();
  #bySlot = new Map<number, Watched>();
  #isStarted = false;
  /** Schedules that were made and not started yet. */
  #waiting: { readonly schedule: ProbeSchedule; readonly check: CheckPlan; readonly watched: Watched }[] = [];

  constructor(options: HealthCheckerOptions) {
    this.#options = options;
    this.#queue = new ProbeQueue(options.probesAtOnce ?? PROBES_AT_ONCE);
    this.#grid = new TimerGrid(options.timers);
    this.#checks = new Checks(options);
    this.#states = new ServerStates(options.servers, options.timers, (event) => options.changed(event));
    this.#firstProbes = new FirstProbes({
      queue: this.#queue,
      grid: this.#grid,
      timers: options.timers,
      component: options.component,
    });
  }

  /**
   * prove probes the servers of a plan that nothing is known of yet, once each, and resolves when all probes have ended, or
   * after 5 s at most. `watch` then begins with what they said, so that a switch to new servers loses no request. Before the
   * start there is nothing to do.
   */
  async prove(plan: Plan): Promise<void> {
    if (!this.#isStarted) return;
    const known = new KnownServers(this.#watched.values());
    for (const backend of plan.backends) {
      if (backend.check === null) continue;
      let check: Check | null = null;
      for (const server of backend.servers) {
        const path = `${backend.name}/${server.name}`;
        const address = JSON.stringify(server.address);
        const before = this.#watched.get(path);
        if (before?.address === address) continue;
        if (before !== undefined && this.#options.servers.admin(before.slot) === MAINT) continue;
        check ??= this.#checks.check(backend.check, backend.tls);
        if (known.find(backend.name, address, check.text) !== null) continue;
        this.#firstProbes.add({
          path,
          key: proofKey(address, check),
          target: this.#checks.target(backend.name, server.name, server.address, backend.check, check),
          check: backend.check,
          options: check.options,
        });
      }
    }
    await this.#firstProbes.run(PROOF_LIMIT_MS);
  }

  /** watch changes over to a plan: its servers, and only those, are probed from now on. */
  watch({ plan, slots }: Assigned): void {
    const before = this.#watched;
    const after = new Map<string, Watched>();
    const others = new KnownServers([...before.values()]);
    this.#queue.limit = this.#options.probesAtOnce ?? plan.settings.probesAtOnce ?? PROBES_AT_ONCE;
    for (const backend of plan.backends) {
      const check = backend.check === null ? null : this.#checks.check(backend.check, backend.tls);
      const isServing = backend.servers.some(({ name }) => before.has(`${backend.name}/${name}`));
      for (const server of backend.servers) {
        const path = `${backend.name}/${server.name}`;
        const known = before.get(path);
        const watched = this.#take(backend, server, slots.servers[path]!, check, isServing, known, others);
        if (watched === known) before.delete(path);
        after.set(path, watched);
      }
    }
    for (const gone of before.values()) this.#leave(gone);
    this.#firstProbes.clear();
    this.#watched = after;
    this.#bySlot = new Map([...after.values()].map((watched) => [watched.slot, watched]));
    if (this.#isStarted) this.#startWaiting();
  }

  /** change changes over to a plan that differs from the one before in nothing but these servers. */
  change({ plan, slots }: Assigned, _: unknown, changes: Changes): void {
    const backends = new Map(plan.backends.map((backend) => [backend.name, backend]));
    for (const { backend: name, removed, changed, added } of changes) {
      const backend = backends.get(name)!;
      const check = backend.check === null ? null : this.#checks.check(backend.check, backend.tls);
      const isServing = backend.servers.length > added.length;
      const left: Watched[] = [];
      for (const server of removed) {
        const path = `${name}/${server}`;
        const gone = this.#watched.get(path);
        if (gone === undefined) continue;
        left.push(gone);
        this.#leave(gone);
        this.#watched.delete(path);
        this.#bySlot.delete(gone.slot);
      }
      const others = new KnownServers(left);
      for (const server of [...changed, ...added]) {
        const path = `${name}/${server.name}`;
        const slot = slots.servers[path]!;
        const known = this.#watched.get(path);
        const watched = this.#take(backend, server, slot, check, isServing, known, others);
        if (known !== undefined && watched !== known) this.#leave(known);
        this.#watched.set(path, watched);
        this.#bySlot.set(slot, watched);
      }
    }
    if (this.#isStarted) this.#startWaiting();
  }

  /** start begins to probe; servers watched later are probed soon after they are. */
  start(): void {
    this.#isStarted = true;
    this.#startWaiting();
  }

  /** stop ends all probes. States stay as they are. */
  stop(): void {
    this.#isStarted = false;
    this.#firstProbes.stop();
    this.#queue.clear();
    this.#states.stop();
    for (const { schedule } of this.#watched.values()) schedule?.stop();
    this.#watched.clear();
    this.#bySlot.clear();
    this.#waiting = [];
  }

  /** reason is why a server is held back, or else what its last probe said; empty before the first. */
  reason(name: string): string {
    const watched = this.#watched.get(name);
    if (watched === undefined) return '';
    const held = heldBy(watched);
    if (held !== null || watched.history.reason !== '') return held ?? watched.history.reason;
    return watched.state === 'stopped' ? 'not probed yet' : '';
  }

  /** state is the state of a server; running for one that is not watched. */
  state(name: string): ServerState {
    return this.#watched.get(name)?.state ?? 'running';
  }

  /** held is why a server is held back in spite of its check; null: it is not. */
  held(name: string): string | null {
    const watched = this.#watched.get(name);
    return watched === undefined ? null : heldBy(watched);
  }

  /** history is what its probes said, newest first, at most 16 entries. */
  history(name: string): readonly HealthEntry[] {
    return this.#watched.get(name)?.history.entries(this.#options.timers.now()) ?? [];
  }

  /** kept is what `resume` continues from in another process; null: the server has no check. */
  kept(name: string): KeptHealth | null {
    const watched = this.#watched.get(name);
    if (watched === undefined || watched.health === null) return null;
    const { address, health } = watched;
    const startingForMs = this.#states.startingForMs(watched);
    return { address, counts: health.counts, history: this.history(name), startingForMs };
  }

  /**
   * resume continues, before the checks start, from what was known of a server `agoMs` ago. `isLate`: probes were missed meanwhile. False: the
   * server has no check any more, or another address.
   */
  resume(
    name: string,
    { address, counts, history, startingForMs }: KeptHealth,
    agoMs: number,
    isLate: boolean,
  ): boolean {
    const watched = this.#watched.get(name);
    if (watched === undefined || watched.health === null || watched.address !== address) return false;
    const { servers, timers } = this.#options;
    watched.history.resume(history, timers.now(), agoMs);
    watched.health.resume(counts, isLate);
    servers.setLastCheck(watched.slot, LAST_CHECKS.indexOf(counts.lastCheck));
    const elapsedMs = startingForMs === null ? Number.POSITIVE_INFINITY : startingForMs + agoMs;
    if (watched.state === 'running' && counts.state === 'running' && elapsedMs < watched.slowStartMs) {
      this.#states.slowStart(watched, 'its slow start continues', elapsedMs);
    } else this.#states.settle(watched, watched.history.reason);
    return true;
  }

  /** hold keeps a server stopped, whatever its check says. False: it is not watched, or held back already. */
  hold(slot: number, reason: string, by: Holder = 'ejection'): boolean {
    const watched = this.#bySlot.get(slot);
    return watched !== undefined && this.#states.hold(watched, reason, by);
  }

  /** letGo ends that. */
  letGo(slot: number, reason: string, by: Holder = 'ejection'): void {
    const watched = this.#bySlot.get(slot);
    if (watched !== undefined) this.#states.letGo(watched, reason, by);
  }

  /** cameBack: a server is ready again that was in maintenance. */
  cameBack(name: string): void {
    const watched = this.#watched.get(name);
    if (watched !== undefined) this.#states.cameBack(watched);
  }

  /** take is a server of a plan as it is watched from now on: what is `known` of it, or of the same machine among `others`. */
  #take(
    backend: BackendPlan,
    { name: server, address }: ServerPlan,
    slot: number,
    check: Check | null,
    isServing: boolean,
    known: Watched | undefined,
    others: KnownServers<Watched>,
  ): Watched {
    const text = JSON.stringify(address);
    const isSame = known?.slot === slot && known.address === text;
    const other = isSame || check === null || !this.#isStarted ? null : others.find(backend.name, text, check.text);
    const watched = isSame ? known : this.#newServer(backend, server, slot, text, check, other);
    watched.slowStartMs = backend.slowStartMs;
    if (watched.check !== (check?.text ?? null)) this.#setCheck(watched, address, backend.check, check);
    const isSlow = other === null ? known === undefined && isServing : other.state === 'starting';
    if (isSlow && watched.state === 'running') this.#states.slowStart(watched, 'it was added');
    if (known !== undefined && !isSame) this.#states.announce(watched, known.state, 'its address was changed');
    return watched;
  }

  #leave(watched: Watched): void {
    watched.schedule?.stop();
    this.#states.leave(watched);
  }

  /** newServer is a server with what is known of its machine: by another name, by its first probe, or nothing. */
  #newServer(
    { name: backend, check: plan }: BackendPlan,
    server: string,
    slot: number,
    address: string,
    check: Check | null,
    other: Watched | null,
  ): Watched {
    const { servers, timers } = this.#options;
    let history = new HealthHistory();
    let health: ServerHealth | null = null;
    // Nobody waits for a server that is new while the gateway runs, so its check has the first word.
    if (plan !== null && check !== null && this.#isStarted) {
      if (other !== null) {
        history = other.history.copy();
        health = other.health!.copy(plan);
      } else {
        health = new ServerHealth(plan, false);
        const proof = this.#firstProbes.take(`${backend}/${server}`, proofKey(address, check));
        if (proof !== null) {
          health.note(proof.result.status);
          history.note(proof.result, timers.now(), proof.tookMs);
        }
      }
    }
    const state = health?.state ?? 'running';
    servers.setState(slot, SERVER_STATES.indexOf(state));
    servers.setLastCheck(slot, LAST_CHECKS.indexOf(health?.lastCheck ?? 'unknown'));
    return {
      ...{ slot, backend, server, address, history },
      ...{ check: null, health, schedule: null, held: new Map(), slowStartMs: 0, state },
    };
  }

  #setCheck(watched: Watched, address: Address, plan: CheckPlan | null, check: Check | null): void {
    const { servers, random, component } = this.#options;
    watched.schedule?.stop();
    watched.schedule = null;
    watched.check = check?.text ?? null;
    if (plan === null || check === null) {
      watched.health = null;
      servers.setLastCheck(watched.slot, LAST_CHECKS.indexOf('unknown'));
      this.#states.settle(watched, 'it has no check any more');
      return;
    }
    if (watched.health === null) watched.health = new ServerHealth(plan);
    else watched.health.policy = plan;
    const target = this.#checks.target(watched.backend, watched.server, address, plan, check);
    const schedule = new ProbeSchedule({
      target,
      check: plan,
      options: check.options,
      component: component(plan.probe.name),
      queue: this.#queue,
      grid: this.#grid,
      random,
      isWanted: () => servers.admin(watched.slot) !== MAINT,
      isChanging: () => watched.health!.isChanging,
      probed: (result, tookMs) => this.#probed(watched, result, tookMs),
    });
    watched.schedule = schedule;
    this.#waiting.push({ schedule, check: plan, watched });
  }

  /** startWaiting spreads first probes over the jitter's share of the interval; the more begin, the longer, up to a whole one. */
  #startWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { schedule, check, watched } of waiting) {
      if (watched.state === 'stopped') {
        schedule.start(0);
        continue;
      }
      const spreadMs = Math.max(check.intervalMs * check.jitter, waiting.length * SPREAD_MS);
      schedule.start(Math.min(check.intervalMs, spreadMs));
    }
  }

  #probed(watched: Watched, result: ProbeResult, tookMs: number): void {
    const { servers, timers } = this.#options;
    const health = watched.health!;
    health.note(result.status);
    watched.history.note(result, timers.now(), tookMs);
    servers.setLastCheck(watched.slot, LAST_CHECKS.indexOf(health.lastCheck));
    this.#states.settle(watched, result.reason);
  }
}

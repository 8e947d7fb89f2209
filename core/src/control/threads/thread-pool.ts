/**
 * ThreadPool: all data threads, and the watch over them. Main thread.
 *
 * A thread that ends, or whose heartbeat stops, is made to go; what it had counted as open is given back; a new one takes
 * its number, is prepared with the active generation, and activated. The loss is logged with the word or plugin that the
 * thread was in last.
 */
import type { Logger } from 'pino';
import { monotonicMs } from '../../shared/clock/clock.ts';
import { inSlices } from '../../shared/clock/slices.ts';
import type { LimitedKey } from '../../shared/orders/limited-key.ts';
import type { MembersOrder, PrepareOrder, Report, SessionFilter } from '../../shared/orders/orders.ts';
import { type PackedOrder, packOrder } from '../../shared/orders/packed-order.ts';
import { AddressCounts } from '../../shared/tables/address-counts.ts';
import { BackendTable } from '../../shared/tables/backend-table.ts';
import { ConnectionTotal } from '../../shared/tables/connection-total.ts';
import { CounterSums } from '../../shared/tables/counters.ts';
import { Heartbeats, HeartbeatWatch } from '../../shared/tables/heartbeats.ts';
import type { NameChanges } from '../../shared/tables/name-table.ts';
import { ServerTable } from '../../shared/tables/server-table.ts';
import type { SharedMemory } from '../../shared/tables/shared-memory.ts';
import { SharedRateTable } from '../../shared/tables/shared-rate-table.ts';
import { systemTimers } from '../clock/timers.ts';
import { type GatewayError, reasonOf } from '../report/errors.ts';
import { DataThread } from './data-thread.ts';
import {
  mergeErrors,
  mergeSessions,
  type PlaneError,
  type PlaneSessions,
  type PlaneStatus,
  type Planes,
} from './planes.ts';

/** ThreadLoss says how a thread was lost. */
export interface ThreadLoss {
  readonly thread: number;
  readonly reason: string;
  /** The word it was in, such as `field country of plugin geo`; null: the gateway's own code. */
  readonly word: string | null;
}

export interface ThreadPoolOptions {
  readonly threads: number;
  readonly memory: SharedMemory;
  readonly log: Logger;
  /** `file:` URLs of data/thread.ts and of the data plane. */
  readonly entry: string;
  readonly dataPlane: string;
  /** How long a thread may not beat. Default 5 s. */
  readonly beatLimitMs?: number;
  /** How long a new thread may take to beat for the first time. Default 30 s. */
  readonly startLimitMs?: number;
  /** How long a generation may take to prepare. Default 60 s. */
  readonly prepareLimitMs?: number;
  /** The words behind the heartbeats' ids. */
  wordName(id: number): string | null;
  /** The plugin that an error comes from, as `plugin geo`, or null. */
  blamed(thrown: unknown): string | null;
  report(thread: number, report: Report): void;
  lost(loss: ThreadLoss): void;
  /** Runs `restore` when no reload is under way, with the active order; null when there is none yet. */
  restoring(restore: (order: PrepareOrder | null) => Promise<void>): void;
  replaced(thread: number): void;
}

const BEAT_LIMIT_MS = 5000;
const START_LIMIT_MS = 30_000;
const PREPARE_LIMIT_MS = 60_000;
/** How long a thread may take to end by itself when it is told to stop. */
const STOP_LIMIT_MS = 2000;
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5000;
/** A thread that served for so long is no early death. */
const SETTLED_MS = 1000;

function pack(order: PrepareOrder): Promise<PackedOrder> {
  return inSlices(packOrder(order), monotonicMs);
}

interface Place {
  thread: DataThread | null;
  state: PlaneStatus['state'];
  replaced: number;
  /** Beats that the place had counted when its thread began. */
  beatsBefore: number;
  servingSinceMs: number;
  retryMs: number;
  retry: NodeJS.Timeout | undefined;
}

export class ThreadPool implements Planes {
  readonly size: number;
  readonly #options: ThreadPoolOptions;
  readonly #places: Place[];
  readonly #watch: HeartbeatWatch;
  /** What threads that come later have to know. */
  readonly #names = new Map<string, readonly string[]>();
  #timer: NodeJS.Timeout | undefined;
  #lastLookMs = 0;
  #isStopping = false;

  constructor(options: ThreadPoolOptions) {
    this.size = options.threads;
    this.#options = options;
    this.#watch = new HeartbeatWatch(options.memory);
    this.#places = Array.from({ length: options.threads }, () => ({
      thread: null,
      state: 'starting',
      replaced: 0,
      beatsBefore: 0,
      servingSinceMs: 0,
      retryMs: FIRST_RETRY_MS,
      retry: undefined,
    }));
  }

  async start(): Promise<void> {
    for (let number = 0; number < this.size; number++) this.#spawn(number);
    const limitMs = this.#options.beatLimitMs ?? BEAT_LIMIT_MS;
    this.#lastLookMs = systemTimers.now();
    this.#timer = setInterval(() => this.#look(limitMs), Math.max(20, limitMs / 10));
  }

  async prepare(order: PrepareOrder | MembersOrder): Promise<void> {
    const packed = 'members' in order ? order : await pack(order);
    // All are waited for, so that no thread is still preparing when the failure of another one is told.
    const results = await Promise.allSettled(
      this.#places.map(async ({ thread, state }) => {
        // A place between two threads is prepared when it gets its next one.
        return thread !== null && state !== 'lost' ? await thread.prepare(packed) : undefined;
      }),
    );
    let loss: GatewayError | null = null;
    let isPrepared = false;
    for (const result of results) {
      if (result.status === 'rejected') throw result.reason;
      if (result.value === null) isPrepared = true;
      else loss ??= result.value ?? null;
    }
    // What no thread has tried is not activated.
    if (loss !== null && !isPrepared) throw loss;
  }

  async activate(generation: number): Promise<void> {
    await Promise.allSettled(
      this.#places.map(async (place) => {
        if (place.thread === null || place.state === 'lost') return;
        await place.thread.activate(generation);
        if (place.state === 'starting') this.#serves(place);
      }),
    );
  }

  async abandon(generation: number): Promise<void> {
    for (const { thread } of this.#places) thread?.abandon(generation);
  }

  updateNames(changes: NameChanges): void {
    for (const [name, addresses] of Object.entries(changes)) {
      if (addresses === null) this.#names.delete(name);
      else this.#names.set(name, addresses);
    }
    for (const { thread } of this.#places) thread?.updateNames(changes);
  }

  async drain(deadlineMs: number): Promise<number> {
    this.#isStopping = true;
    const cuts = await Promise.all(this.#places.map(({ thread }) => thread?.drain(deadlineMs) ?? 0));
    return cuts.reduce((sum, cut) => sum + cut, 0);
  }

  async sessions(wanted: SessionFilter, most: number): Promise<PlaneSessions> {
    const nothing = { count: 0, sessions: [] };
    return mergeSessions(
      await Promise.all(this.#places.map(async ({ thread }) => (await thread?.sessions(wanted, most)) ?? nothing)),
    );
  }

  async endSessions(wanted: SessionFilter): Promise<number> {
    const ended = await Promise.all(this.#places.map(async ({ thread }) => (await thread?.endSessions(wanted)) ?? 0));
    return ended.reduce((sum, count) => sum + count, 0);
  }

  async limited(most: number): Promise<readonly LimitedKey[]> {
    return (await Promise.all(this.#places.map(async ({ thread }) => (await thread?.limited(most)) ?? []))).flat();
  }

  async errors(most: number): Promise<readonly PlaneError[]> {
    return mergeErrors(
      await Promise.all(this.#places.map(async ({ thread }) => (await thread?.errors(most)) ?? [])),
      most,
    );
  }

  async cut(slot: number): Promise<number> {
    const cuts = await Promise.all(this.#places.map(async ({ thread }) => (await thread?.cut(slot)) ?? 0));
    return cuts.reduce((sum, cut) => sum + cut, 0);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#timer);
    await Promise.all(
      this.#places.map(async (place) => {
        clearTimeout(place.retry);
        await place.thread?.stop(STOP_LIMIT_MS);
        place.state = 'stopped';
      }),
    );
  }

  status(): readonly PlaneStatus[] {
    return this.#places.map(({ state, replaced }, thread) => ({ thread, state, replaced }));
  }

  #spawn(number: number): DataThread {
    const { memory, entry, dataPlane, prepareLimitMs, report } = this.#options;
    const place = this.#places[number]!;
    place.state = 'starting';
    place.beatsBefore = this.#watch.pulse(number).beats;
    new Heartbeats(memory, number).start(systemTimers.now());
    place.thread = new DataThread({
      thread: number,
      memory,
      entry,
      dataPlane,
      prepareLimitMs: prepareLimitMs ?? PREPARE_LIMIT_MS,
      report: (message) => report(number, message),
      lost: (reason, thrown) => this.#lost(number, reason, thrown),
    });
    if (this.#names.size > 0) place.thread.updateNames(Object.fromEntries(this.#names));
    return place.thread;
  }

  #look(limitMs: number): void {
    const now = systemTimers.now();
    const sinceLookMs = now - this.#lastLookMs;
    this.#lastLookMs = now;
    // Whoever looks late has been stopped himself (a suspended machine), and so have the threads: look again first.
    if (sinceLookMs > limitMs / 2) return;
    const startLimitMs = Math.max(limitMs, this.#options.startLimitMs ?? START_LIMIT_MS);
    for (let number = 0; number < this.size; number++) {
      const place = this.#places[number]!;
      if (place.thread === null || place.state === 'lost' || place.state === 'stopped') continue;
      // Who serves has started, even if it hung in its first request, before its first beat.
      const hasStarted = place.state === 'serving' || this.#watch.pulse(number).beats > place.beatsBefore;
      const silentMs = this.#watch.silentMs(number, now);
      if (silentMs > (hasStarted ? limitMs : startLimitMs)) {
        place.thread.kill(`it has not answered for ${Math.round(silentMs)} ms`);
      }
    }
  }

  #lost(number: number, reason: string, thrown: unknown): void {
    const { memory, log, wordName, lost } = this.#options;
    const place = this.#places[number]!;
    const hasServed = place.state === 'serving' && systemTimers.now() - place.servingSinceMs > SETTLED_MS;
    place.state = 'lost';
    place.thread = null;
    const word = wordName(this.#watch.pulse(number).wordId) ?? this.#options.blamed(thrown);
    new ServerTable(memory.servers, memory.threads).forget(number);
    new BackendTable(memory).forget(number);
    new CounterSums(memory).forget(number);
    new SharedRateTable(memory, number, monotonicMs).forget(number);
    new AddressCounts(memory, number).forget(number);
    new ConnectionTotal(memory, number).forget(number);
    log.error(
      { thread: number, reason, word },
      `data thread ${number} was lost in ${word ?? "the gateway's own code"}`,
    );
    lost({ thread: number, reason, word });
    if (!this.#isStopping) this.#restoreSoon(number, hasServed);
  }

  /** At once where the last thread had served for a while; else later each time, not to spend the machine on trying. */
  #restoreSoon(number: number, hasServed: boolean): void {
    const place = this.#places[number]!;
    if (hasServed) {
      place.retryMs = FIRST_RETRY_MS;
      this.#restore(number);
      return;
    }
    place.retry = setTimeout(() => this.#restore(number), place.retryMs);
    place.retryMs = Math.min(LAST_RETRY_MS, 2 * place.retryMs);
  }

  #restore(number: number): void {
    const { log, replaced, restoring } = this.#options;
    const place = this.#places[number]!;
    restoring(async (order) => {
      if (this.#isStopping) return;
      try {
        const thread = this.#spawn(number);
        if (order !== null) {
          await thread.prepare(await pack(order));
          await thread.activate(order.generation);
        }
      } catch (thrown) {
        const reason = reasonOf(thrown);
        log.error({ thread: number, reason }, `data thread ${number} could not be replaced`);
        // Its end counts as another loss; without a thread at all there is none.
        if (place.thread !== null) place.thread.kill(reason);
        else if (place.state === 'starting') this.#restoreSoon(number, false);
        return;
      }
      this.#serves(place);
      place.replaced++;
      log.info({ thread: number }, `data thread ${number} was replaced`);
      replaced(number);
    });
  }

  #serves(place: Place): void {
    place.state = 'serving';
    place.servingSinceMs = systemTimers.now();
  }
}

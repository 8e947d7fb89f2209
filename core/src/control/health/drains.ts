/**
 * Drains: watches servers that were taken out of service until the last session on them has gone. Main thread.
 *
 * A session is a request or tunnel that is open on the server, or a client that may come back to it: an entry of the stick
 * table whose time is not over. In `drain` both are waited for; in `maint`, which takes nobody, only what is open.
 *
 * Where clients that may come back cannot be counted (a cookie of the gateway's own), a drain with a deadline lasts until then,
 * and one without ends when nothing is open.
 *
 * The end is told once, and never too early: counts are believed only after every data plane has answered a question that it
 * was asked after the server was taken out, since a plane may have chosen the server just before, and not counted it yet.
 * Threads count; nothing is sent per request. Looked at every 50 ms, so the end may be told that much late.
 */
import { type AdminState, DRAIN, MAINT, type ServerTable } from '../../shared/tables/server-table.ts';
import type { Timers } from '../clock/timers.ts';
import type { Assigned } from '../reload/generations.ts';
import type { StickTables } from '../slots/stick-tables.ts';
import type { Planes } from '../threads/planes.ts';

/**
 * DrainResult says how a drain ended: `drained`: the last session has gone. `cancelled`: the server was set to ready.
 * `removed`: a reload took the server away. `stopped`: the gateway stopped.
 */
export interface DrainResult {
  readonly outcome: 'drained' | 'cancelled' | 'removed' | 'stopped';
  readonly tookMs: number;
  /** The deadline came first, and sticky clients were sent to other servers. */
  readonly isMoved: boolean;
  /** Requests and tunnels that the deadline ended: broken off, or answered with 503. Those that went to another server do not count. */
  readonly cut: number;
}

/** DrainedEvent: the last session of a server that was taken out of service has gone. */
export interface DrainedEvent extends Omit<DrainResult, 'outcome'> {
  readonly backend: string;
  readonly server: string;
  /** What it was taken out by, as it is now. */
  readonly admin: AdminState;
}

/** DrainStatus is a drain as it is now; it stays to be seen after the end, until the server is ready again. */
export interface DrainStatus {
  /** Grows with each drain of the gateway. */
  readonly id: number;
  readonly isDone: boolean;
  readonly isMoved: boolean;
  readonly cut: number;
  readonly elapsedMs: number;
  /** Until the deadline; null: there is none, or it is over. */
  readonly deadlineInMs: number | null;
}

export interface DrainWish {
  readonly to: 'drain' | 'maint';
  /** After so long a drain becomes maint; null: it waits for as long as it takes. */
  readonly deadlineMs: number | null;
  /** What is open at the deadline is cut. With maint: at once. */
  readonly isCutting: boolean;
}

export interface DrainsOptions {
  readonly servers: ServerTable;
  readonly sticks: StickTables;
  readonly planes: Planes;
  readonly timers: Timers;
  /** Whether the clients that may come back to a backend's servers can be counted: their cookies may be all there is to know of them. */
  areCounted(backend: string): boolean;
  /** The deadline of a drain has come: it is maint from now on. */
  moved(server: ServerName): void;
  drained(event: DrainedEvent): void;
}

interface ServerName {
  readonly backend: string;
  readonly server: string;
}

interface Drain {
  readonly id: number;
  readonly name: string;
  readonly slot: number;
  readonly startMs: number;
  readonly result: PromiseWithResolvers<DrainResult>;
  deadlineAtMs: number | null;
  isCutting: boolean;
  isMoved: boolean;
  cut: number;
  /** null: it goes on. */
  endMs: number | null;
}

const LOOK_MS = 50;

export class Drains {
  readonly #options: DrainsOptions;
  readonly #drains = new Map<string, Drain>();
  #lastId = 0;
  #wakes = new Set<() => void>();

  constructor(options: DrainsOptions) {
    this.#options = options;
  }

  /**
   * start watches a server (`backend/server`) whose admin state has just been set. One that is watched already goes on, with
   * the new deadline. Never rejects.
   */
  start(name: string, slot: number, wish: DrainWish): Promise<DrainResult> {
    const now = this.#options.timers.now();
    let drain = this.#drains.get(name);
    const isNew = drain === undefined || drain.endMs !== null || drain.slot !== slot;
    if (isNew) {
      drain = {
        id: ++this.#lastId,
        name,
        slot,
        startMs: now,
        result: Promise.withResolvers(),
        deadlineAtMs: null,
        isCutting: false,
        isMoved: false,
        cut: 0,
        endMs: null,
      };
      this.#drains.set(name, drain);
    }
    const { to, deadlineMs, isCutting } = wish;
    // For maint the deadline is now: nobody is kept.
    const waitMs = to === 'maint' ? 0 : deadlineMs;
    drain!.deadlineAtMs = waitMs === null ? null : now + waitMs;
    drain!.isCutting = isCutting;
    if (isNew) void this.#watch(drain!);
    else this.#wake();
    return drain!.result.promise;
  }

  /** cancel ends the watch over a server that is ready again, and forgets it. */
  cancel(name: string): void {
    const drain = this.#drains.get(name);
    this.#drains.delete(name);
    if (drain !== undefined) this.#end(drain, 'cancelled');
  }

  /** watch switches to a generation: the watch over servers that it lacks ends. */
  watch({ slots }: Assigned): void {
    for (const [name, drain] of this.#drains) {
      if (slots.servers[name] === drain.slot) continue;
      this.#drains.delete(name);
      this.#end(drain, 'removed');
    }
  }

  /** stop ends all watches. */
  stop(): void {
    for (const drain of this.#drains.values()) this.#end(drain, 'stopped');
    this.#drains.clear();
  }

  /** isCutting: what is open at the deadline of a server's drain is cut. */
  isCutting(name: string): boolean {
    return this.#drains.get(name)?.isCutting ?? false;
  }

  status(name: string): DrainStatus | null {
    const drain = this.#drains.get(name);
    if (drain === undefined) return null;
    const { id, endMs, startMs, isMoved, cut, deadlineAtMs } = drain;
    const now = this.#options.timers.now();
    const deadlineInMs = endMs !== null || isMoved || deadlineAtMs === null ? null : Math.max(0, deadlineAtMs - now);
    return { id, isDone: endMs !== null, isMoved, cut, elapsedMs: (endMs ?? now) - startMs, deadlineInMs };
  }

  async #watch(drain: Drain): Promise<void> {
    const { timers } = this.#options;
    while (drain.endMs === null) {
      if (drain.deadlineAtMs !== null && timers.now() >= drain.deadlineAtMs) await this.#meetDeadline(drain);
      if (drain.endMs !== null) return;
      if (await this.#isOver(drain)) {
        if (drain.endMs === null) this.#end(drain, 'drained');
        return;
      }
      if (drain.endMs === null) await this.#sleep(drain);
    }
  }

  async #meetDeadline(drain: Drain): Promise<void> {
    const { servers, planes, moved } = this.#options;
    drain.deadlineAtMs = null;
    if (servers.admin(drain.slot) === DRAIN) {
      servers.setAdmin(drain.slot, MAINT);
      drain.isMoved = true;
      moved(namesOf(drain));
    }
    if (drain.isCutting) drain.cut += await planes.cut(drain.slot);
  }

  /** Entries are read after what is open, since a request makes its entry before it ends. */
  async #isOver(drain: Drain): Promise<boolean> {
    const { servers, sticks, planes, areCounted } = this.#options;
    const { slot, deadlineAtMs } = drain;
    // Clients that nobody can count are waited for as long as they were given.
    if (servers.admin(slot) === DRAIN && deadlineAtMs !== null && !areCounted(namesOf(drain).backend)) return false;
    const isEmpty = (): boolean =>
      servers.open(slot) === 0 && (servers.admin(slot) !== DRAIN || sticks.countOf(slot) === 0);
    if (!isEmpty()) return false;
    await planes.sessions({ id: null, slot, client: null }, 0);
    return isEmpty();
  }

  #end(drain: Drain, outcome: DrainResult['outcome']): void {
    if (drain.endMs !== null) return;
    const { timers, servers, drained } = this.#options;
    drain.endMs = timers.now();
    const { slot, isMoved, cut } = drain;
    const tookMs = Math.round(drain.endMs - drain.startMs);
    if (outcome === 'drained') {
      const admin = servers.admin(slot) === DRAIN ? 'drain' : 'maint';
      drained({ ...namesOf(drain), admin, tookMs, isMoved, cut });
    }
    // Whoever waits for the promise has had the event.
    drain.result.resolve({ outcome, tookMs, isMoved, cut });
    this.#wake();
  }

  #sleep({ deadlineAtMs }: Drain): Promise<void> {
    const { timers } = this.#options;
    return new Promise((resolve) => {
      const wake = (): void => {
        timers.clear(timer);
        this.#wakes.delete(wake);
        resolve();
      };
      const untilDeadline = deadlineAtMs === null ? LOOK_MS : Math.max(0, deadlineAtMs - timers.now());
      const timer = timers.set(wake, Math.min(LOOK_MS, untilDeadline));
      this.#wakes.add(wake);
    });
  }

  #wake(): void {
    for (const wake of [...this.#wakes]) wake();
  }
}

function namesOf({ name }: Drain): ServerName {
  const slash = name.indexOf('/');
  return { backend: name.slice(0, slash), server: name.slice(slash + 1) };
}

/**
 * WaitingLine: requests of one backend, on one event loop, that wait for a server with room. Hot path when servers are full.
 *
 * First come, first served: a new request does not overtake those that wait here. Most wait for any server; a client that
 * belongs to a full server waits for that one, and holds up nobody else. Room made by this loop is noticed at once, room made
 * by other threads when the next request comes, at the latest at the next tick. How many may wait, in all and for one server,
 * is counted over all threads.
 */

import type { Loop } from '../loop/loop.ts';
import type { LinkedBackend } from './generation.ts';
import type { LiveServerPool } from './live-server-pool.ts';

/** After so many who cannot go on (they have tried the servers that have room) the others wait for the next tick. */
const MOST_REFUSED = 4;

export interface Waiting {
  /** tryAgain leaves the line and goes on, if a server has room now. False: it goes on waiting. */
  tryAgain(): boolean;
  /** moveTo: it waits in the line of this backend now, for a server of it, or any (-1). */
  moveTo(backend: LinkedBackend, server: number): void;
}

export class WaitingLine {
  readonly #loop: Loop;
  /** The backend's slot. */
  readonly #slot: number;
  /** Most that wait at once, over all threads. */
  readonly #most: number;
  readonly #slotOf: (server: number) => number;
  /** Who waits for any server, with their number in the line. */
  readonly #forAny = new Map<Waiting, number>();
  /** Who waits for one server, by its index. */
  readonly #forOne = new Map<number, Map<Waiting, number>>();
  readonly #servers = new Map<Waiting, number>();
  #last = 0;

  constructor(loop: Loop, slot: number, most: number, slotOf: (server: number) => number) {
    this.#loop = loop;
    this.#slot = slot;
    this.#most = most;
    this.#slotOf = slotOf;
  }

  /** isOpen: nobody waits whom a new request would overtake. Those who can go on are let go first. */
  isOpen(): boolean {
    if (this.#forAny.size === 0) return true;
    this.wake();
    return this.#forAny.size === 0;
  }

  /** join puts a request at the end, for one server or any (-1); false when the line is too long, or that server's own. */
  join(waiting: Waiting, server = -1): boolean {
    const { backends, table, thread } = this.#loop;
    if (!backends.tryWait(this.#slot, thread, this.#most)) return false;
    if (server !== -1 && !table.tryWait(this.#slotOf(server), thread)) {
      backends.stopWaiting(this.#slot, thread);
      return false;
    }
    this.#add(waiting, server);
    return true;
  }

  #add(waiting: Waiting, server: number): void {
    const number = ++this.#last;
    this.#loop.lines.add(this);
    if (server === -1) {
      this.#forAny.set(waiting, number);
      return;
    }
    let line = this.#forOne.get(server);
    if (line === undefined) {
      line = new Map();
      this.#forOne.set(server, line);
    }
    line.set(waiting, number);
    this.#servers.set(waiting, server);
  }

  leave(waiting: Waiting): void {
    const { backends, table, thread, lines } = this.#loop;
    if (!this.#forAny.delete(waiting)) {
      const server = this.#servers.get(waiting);
      if (server === undefined) return;
      this.#servers.delete(waiting);
      const line = this.#forOne.get(server)!;
      line.delete(waiting);
      if (line.size === 0) this.#forOne.delete(server);
      table.stopWaiting(this.#slotOf(server), thread);
    }
    backends.stopWaiting(this.#slot, thread);
    if (this.#forAny.size === 0 && this.#servers.size === 0) lines.delete(this);
  }

  get isEmpty(): boolean {
    return this.#forAny.size === 0 && this.#servers.size === 0;
  }

  /**
   * moveTo has all of them wait in the line of the same backend with other servers, in their order, and lets go those who can. `pool`
   * has the servers of this line. Whose server is gone waits for any.
   */
  moveTo(backend: LinkedBackend, pool: LiveServerPool): void {
    const { table, thread, lines } = this.#loop;
    const all = [...this.#forAny].map(([waiting, number]) => ({ waiting, number, server: -1 }));
    for (const [server, line] of this.#forOne) {
      for (const [waiting, number] of line) all.push({ waiting, number, server });
    }
    all.sort((one, other) => one.number - other.number);
    this.#forAny.clear();
    this.#forOne.clear();
    this.#servers.clear();
    lines.delete(this);
    for (const { waiting, server } of all) {
      const now = server === -1 ? -1 : backend.pool.indexOfSlot(pool.slot(server));
      if (server !== -1 && now === -1) table.stopWaiting(this.#slotOf(server), thread);
      backend.line.#add(waiting, now);
      waiting.moveTo(backend, now);
    }
    backend.line.wakeAll();
  }

  /** wake lets those who can go on do so, in order. `server` is the one that has room now, if it is known. */
  wake(server = -1): void {
    const own = server === -1 ? undefined : this.#forOne.get(server);
    if (own !== undefined) {
      const [first, number] = own.entries().next().value!;
      const [, general = Number.POSITIVE_INFINITY] = this.#forAny.entries().next().value ?? [];
      if (number < general) first.tryAgain();
    }
    this.#wakeAny(MOST_REFUSED);
    if (own !== undefined) wakeInOrder(own);
  }

  /** wakeAll asks everyone. */
  wakeAll(): void {
    for (const line of this.#forOne.values()) wakeInOrder(line);
    this.#wakeAny(Number.POSITIVE_INFINITY);
  }

  #wakeAny(mostRefused: number): void {
    let refused = 0;
    for (const waiting of this.#forAny.keys()) {
      if (!waiting.tryAgain() && ++refused >= mostRefused) return;
    }
  }
}

/** All wait for the same, so the first who is refused speaks for the others. */
function wakeInOrder(line: ReadonlyMap<Waiting, number>): void {
  for (const waiting of line.keys()) if (!waiting.tryAgain()) return;
}

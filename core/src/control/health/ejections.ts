/**
 * Ejections: takes servers that fail real requests out for a while, and back in. Main thread.
 *
 * Data threads count, and tell of a server once it has failed too often. Here it is decided: never so that more than the backend's share
 * of servers is out, whatever has put them there, and for longer each time it happens again. A quiet time takes one back.
 * How many are out is kept up with each change of a state, so that hearing of one server costs the same in any pool.
 */
import type { Address, EjectPlan, Plan } from '@sluice/dsl/plan';
import type { Logger } from 'pino';
import type { SlotMap } from '../../shared/orders/orders.ts';
import { OutcomeCounts } from '../../shared/tables/outcome-counts.ts';
import { READY, RUNNING, type ServerTable, STARTING } from '../../shared/tables/server-table.ts';
import type { Timers } from '../clock/timers.ts';
import type { Assigned, Changes } from '../reload/generations.ts';

export interface EjectionsOptions {
  readonly servers: ServerTable;
  readonly outcomes: OutcomeCounts;
  readonly timers: Timers;
  readonly log: Logger;
  /** Takes a server out; false: it is out already. */
  hold(slot: number, reason: string): boolean;
  letGo(slot: number, reason: string): void;
}

/** KeptEjection is what is kept of a server's ejection for the next process. */
export interface KeptEjection {
  /** As JSON: another machine is not kept out. */
  readonly address: string;
  /** How much longer it is out. */
  readonly leftMs: number;
  readonly level: number;
  readonly count: number;
  readonly reason: string;
}

/** The servers of a backend. */
interface Pool {
  size: number;
  /** Those that take no new clients, whatever the reason. */
  out: number;
}

interface Member {
  /** `backend/server`. */
  name: string;
  readonly address: string;
  slot: number;
  policy: EjectPlan;
  pool: Pool;
  isOut: boolean;
  /** When it was last said that it fails, but was not ejected; null: since it began to fail it was not. */
  sparedMs: number | null;
  /** Ejections so far, for people. */
  count: number;
  /** In a row, less those that quiet times took back. */
  level: number;
  endedMs: number;
  /** Set while it is out. */
  timer: unknown;
  /** When it will be over. */
  untilMs: number;
  /** Why it was ejected the last time, for people. */
  reason: string;
}

export class Ejections {
  readonly #options: EjectionsOptions;
  #members = new Map<number, Member>();
  /** By backend name. */
  readonly #pools = new Map<string, Pool>();

  constructor(options: EjectionsOptions) {
    this.#options = options;
    options.servers.onChange((slot) => this.#count(slot));
  }

  /** watch changes over to a plan. A server that stays, also under another name, stays out for as long as was said. */
  watch({ plan, slots }: Assigned): void {
    const before = this.#members;
    const after = new Map<number, Member>();
    this.#pools.clear();
    const staying = new Set(Object.values(slots.servers));
    for (const member of [...before.values()]) {
      if (member.timer !== null && !staying.has(member.slot)) this.#rename(member, plan, slots);
    }
    for (const { name: backend, servers, eject } of plan.backends) {
      if (eject === null) continue;
      const pool: Pool = { size: servers.length, out: 0 };
      this.#pools.set(backend, pool);
      for (const server of servers) {
        const name = `${backend}/${server.name}`;
        const slot = slots.servers[name]!;
        const known = before.get(slot);
        const member = this.#take(name, server.address, slot, eject, pool, known);
        if (member === known) before.delete(slot);
        after.set(slot, member);
      }
    }
    for (const member of before.values()) this.#leave(member, !after.has(member.slot));
    this.#members = after;
  }

  /** change changes over to a plan that differs from the one before in nothing but these servers. */
  change({ plan, slots }: Assigned, previous: Assigned, changes: Changes): void {
    for (const { backend, removed, changed, added } of changes) {
      const pool = this.#pools.get(backend);
      if (pool === undefined) continue;
      const { eject, servers } = plan.backends.find(({ name }) => name === backend)!;
      for (const server of removed) {
        const slot = previous.slots.servers[`${backend}/${server}`]!;
        const gone = this.#members.get(slot);
        if (gone === undefined) continue;
        if (gone.timer !== null && this.#rename(gone, plan, slots)) continue;
        if (gone.isOut) pool.out--;
        this.#members.delete(slot);
        this.#leave(gone, true);
      }
      pool.size = servers.length;
      for (const server of [...changed, ...added]) {
        const name = `${backend}/${server.name}`;
        const slot = slots.servers[name]!;
        const known = this.#members.get(slot);
        if (known?.isOut === true) pool.out--;
        const member = this.#take(name, server.address, slot, eject!, pool, known);
        if (known !== undefined && member !== known) this.#leave(known, false);
        this.#members.set(slot, member);
      }
    }
  }

  /** failing hears from a data thread that a server has failed too often. */
  failing(slot: number, reason: string): void {
    const { timers, hold } = this.#options;
    const member = this.#members.get(slot);
    if (member === undefined || member.timer !== null) return;
    const { policy, pool } = member;
    if (member.isOut || pool.out + 1 > Math.floor(pool.size * policy.mostShare)) {
      this.#spare(member, reason);
      return;
    }
    member.sparedMs = null;
    const quiet = Math.floor((timers.now() - member.endedMs) / policy.timeMs);
    member.level = Math.max(0, member.level - quiet) + 1;
    const timeMs = Math.min(member.level * policy.timeMs, Math.max(policy.mostMs, policy.timeMs));
    const told = `ejected for ${timeMs / 1000} s: ${reason}`;
    if (!hold(slot, told)) return;
    member.reason = told;
    member.count++;
    this.#endIn(member, timeMs);
  }

  /** kept is what `resume` continues from in another process; null: the server is not ejected. */
  kept(slot: number): KeptEjection | null {
    const member = this.#members.get(slot);
    if (member === undefined || member.timer === null) return null;
    const { address, untilMs, level, count, reason } = member;
    return { address, leftMs: Math.max(0, untilMs - this.#options.timers.now()), level, count, reason };
  }

  /** resume keeps out, for the rest of its time, a server that was ejected `agoMs` ago and has the same address. */
  resume(slot: number, { address, leftMs, level, count, reason }: KeptEjection, agoMs: number): void {
    const member = this.#members.get(slot);
    if (member === undefined || member.timer !== null || member.address !== address || leftMs <= agoMs) return;
    if (!this.#options.hold(slot, reason)) return;
    Object.assign(member, { level, count, reason });
    this.#endIn(member, leftMs - agoMs);
  }

  /** count is how often `backend/server`'s slot was ejected since it is watched. */
  count(slot: number): number {
    return this.#members.get(slot)?.count ?? 0;
  }

  /** stop lets go of every timer. States stay as they are. */
  stop(): void {
    for (const { timer } of this.#members.values()) if (timer !== null) this.#options.timers.clear(timer);
    this.#members.clear();
  }

  /** spare lets a server that fails go on. It is said once, and again only after it has been well for as long as an ejection lasts. */
  #spare(member: Member, reason: string): void {
    const { timers, log } = this.#options;
    const { policy, pool, name: server, sparedMs } = member;
    const nowMs = timers.now();
    member.sparedMs = nowMs;
    this.#forget(member.slot);
    if (sparedMs !== null && nowMs - sparedMs < policy.timeMs) return;
    const most = Math.floor(pool.size * policy.mostShare);
    const out = `${pool.out} of ${pool.size} servers are out, at most ${most} may be`;
    log.warn({ server, reason }, `server ${server} fails, but is not ejected: ${out}`);
  }

  #count(slot: number): void {
    const member = this.#members.get(slot);
    if (member === undefined) return;
    const isOut = !isUp(this.#options.servers, slot);
    if (isOut === member.isOut) return;
    member.isOut = isOut;
    member.pool.out += isOut ? 1 : -1;
  }

  /** take is a server as it is watched from now on: what is `known` of it, or anew when it is another one. */
  #take(
    name: string,
    address: Address,
    slot: number,
    policy: EjectPlan,
    pool: Pool,
    known: Member | undefined,
  ): Member {
    const text = JSON.stringify(address);
    const isOut = !isUp(this.#options.servers, slot);
    if (isOut) pool.out++;
    if (known?.name === name && known.address === text) {
      if (JSON.stringify(known.policy) !== JSON.stringify(policy) && known.timer === null) this.#forget(slot);
      return Object.assign(known, { policy, pool, isOut });
    }
    this.#forget(slot);
    const times = { count: 0, level: 0, endedMs: 0, sparedMs: null, timer: null, untilMs: 0, reason: '' };
    return { name, address: text, slot, policy, pool, isOut, ...times };
  }

  /** rename keeps an ejected server out under the name that a plan gives it; false: nothing in its backend has its address. */
  #rename(member: Member, plan: Plan, slots: SlotMap): boolean {
    const backendName = member.name.slice(0, member.name.indexOf('/'));
    const backend = plan.backends.find(({ name }) => name === backendName);
    const server = backend?.servers.find(({ address }) => JSON.stringify(address) === member.address);
    if (backend == null || server === undefined || backend.eject === null) return false;
    const name = `${backendName}/${server.name}`;
    const slot = slots.servers[name]!;
    if (this.#members.has(slot)) return false;
    this.#members.delete(member.slot);
    Object.assign(member, { name, slot });
    this.#members.set(slot, member);
    this.#options.hold(slot, member.reason);
    return true;
  }

  /** leave ends the watch over a server that is out. `isGone`: its slot is watched no more. */
  #leave({ timer, slot }: Member, isGone: boolean): void {
    if (timer === null) return;
    this.#options.timers.clear(timer);
    if (isGone) this.#options.letGo(slot, 'nothing ejects it any more');
  }

  #endIn(member: Member, timeMs: number): void {
    const { timers } = this.#options;
    member.untilMs = timers.now() + timeMs;
    member.timer = timers.set(() => this.#end(member), timeMs);
  }

  #end(member: Member): void {
    member.timer = null;
    member.endedMs = this.#options.timers.now();
    this.#forget(member.slot);
    this.#options.letGo(member.slot, 'its ejection is over');
  }

  #forget(slot: number): void {
    this.#options.outcomes.reset(OutcomeCounts.ofServer(slot));
  }
}

function isUp(servers: ServerTable, slot: number): boolean {
  const state = servers.state(slot);
  return (state === RUNNING || state === STARTING) && servers.admin(slot) === READY;
}

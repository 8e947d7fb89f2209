/**
 * ServerChoice: which server of a backend gets a request, and what stickiness and the strategy learn from the answer. Hot
 * path; data plane.
 *
 * One belongs to an exchange and is used again with it. A server that is chosen has been counted as open, so that its max holds
 * whatever other threads do at the same moment: `leave` must follow.
 */
import { wordKey } from '../../shared/orders/orders.ts';
import { BackendIndex, ListenerIndex } from '../../shared/tables/counters.ts';
import { StickIndex } from '../../shared/tables/shared-stick-table.ts';
import type { LinkedBackend, LinkedListener } from '../backend/generation.ts';
import type { Loop } from '../loop/loop.ts';
import type { AnswerHead } from '../message/answer-head.ts';
import { toFieldValue } from '../message/field-edits.ts';
import type { LiveRequest } from '../message/live-request.ts';

/** What `choose` says besides an index. */
export const NOBODY = -1;
/** Nobody now, but a server that is full may have room later. */
export const FULL = -2;

/** Other threads may fill each server that is picked; after so many the request waits. */
const MOST_PICKS = 8;

/** Asker is the exchange whose server is chosen. */
export interface Asker {
  readonly backend: LinkedBackend;
  readonly request: LiveRequest;
  readonly listener: LinkedListener;
  readonly loop: Loop;
}

export class ServerChoice {
  /** The server that was chosen, or whose room is waited for, is the one that the client belongs to. */
  isSticky = false;
  /** After FULL: the server whose room is waited for; -1: any. */
  waitsFor = -1;
  /** The request finds out whether the server takes connections again. */
  isTrial = false;
  readonly #asker: Asker;
  /** The server that the client was known to belong to; -1: none. */
  #owner = -1;

  constructor(asker: Asker) {
    this.#asker = asker;
  }

  /** clear makes it ready for the next request. */
  clear(): void {
    this.isSticky = false;
    this.#owner = -1;
  }

  /**
   * choose returns a server's index, FULL or NOBODY. `tried`: who refused the request already. `waitsFor`: the request waits already, for this
   * server (-1: for any, or not at all); `isBehind`: others wait, whom it may not overtake, so that only a server of its own will do; `isLast`: it has
   * been refused elsewhere, and may fail no more.
   */
  choose(tried: readonly number[] | null, waitsFor: number, isBehind: boolean, isLast: boolean): number {
    const { backend, request, loop } = this.#asker;
    const { pool, stickiness, balancer, plan, slot } = backend;
    const { table, thread } = loop;
    this.isSticky = false;
    this.#owner = -1;
    this.isTrial = false;
    if (backend.outcomes !== null && !backend.outcomes.admits(request)) return NOBODY;
    this.waitsFor = -1;
    let missed: number = StickIndex.misses;
    let asked: 'balance' | 'stick' = 'stick';
    if (plan.max !== 0 && loop.backends.open(slot) >= plan.max) return FULL;
    try {
      pool.startPick(tried);
      if (stickiness !== null) {
        const own = stickiness.find(request, pool);
        this.#owner = own;
        if (own !== -1 && pool.keepsSticky(own)) {
          const ownSlot = pool.slot(own);
          this.isSticky = true;
          if (table.tryOpen(ownSlot, thread)) return this.#open(own, StickIndex.hits);
          // A full server keeps its clients waiting rather than have them lose what it knows of them, while its line is short.
          const most = table.mostWaiting(ownSlot);
          if (own === waitsFor || most === 0 || table.waiting(ownSlot) < most) {
            this.waitsFor = own;
            return FULL;
          }
          this.isSticky = false;
        }
        if (own !== -1) missed = StickIndex.moves;
      }
      if (isBehind) return FULL;
      asked = 'balance';
      for (let picks = 0; picks < MOST_PICKS; picks++) {
        // Whoever has just answered is the least likely to be gone as well.
        let picked = isLast ? pool.lastToAnswer() : -1;
        if (picked === -1) picked = balancer.pick(request);
        if (picked === -1 && pool.takeAll()) picked = balancer.pick(request);
        if (picked === -1) return pool.isFull ? FULL : NOBODY;
        this.isTrial = pool.isSuspect(picked);
        if (this.isTrial && pool.isTrialTaken(picked, plan.timeouts.connectMs)) continue;
        if (table.tryOpen(pool.slot(picked), thread)) return this.#open(picked, missed);
      }
      return FULL;
    } catch (error) {
      this.#failed(backend, asked, 'choosing a server failed; the request was refused with 503', error);
      return NOBODY;
    }
  }

  /** open counts the request on the backend too; where that is full the server is given back. `known`: its StickIndex. */
  #open(index: number, known: number): number {
    const { pool, plan, slot, sticks } = this.#asker.backend;
    const { table, backends, thread } = this.#asker.loop;
    if (backends.tryOpen(slot, thread, plan.max)) {
      sticks?.count(known);
      return index;
    }
    table.closed(pool.slot(index), thread);
    this.waitsFor = -1;
    return FULL;
  }

  /** leave gives back the place that the request had on a server. */
  leave(index: number): void {
    const { backend, loop } = this.#asker;
    const { table, backends, thread } = loop;
    table.closed(backend.pool.slot(index), thread);
    backends.closed(backend.slot, thread);
    if (!backend.balancer.hearsEnds) return;
    try {
      backend.balancer.onRequestEnd(index);
    } catch (error) {
      this.#failed(backend, 'balance', 'the strategy failed when a request ended', error);
    }
  }

  /** answered tells a strategy that asks for it of an answer to what was sent at `sentMs`; status 0: there was none. */
  answered(index: number, sentMs: number, status: number): void {
    const { backend, loop } = this.#asker;
    try {
      backend.balancer.answered(index, Math.max(0, loop.now() - sentMs), status);
    } catch (error) {
      this.#failed(backend, 'balance', 'the strategy failed at an answer', error);
    }
  }

  /**
   * standIn is the backend that a request for this one goes to now: itself, or what it falls back to, over several steps. A client that belongs to a
   * server which is being drained keeps it. For most backends one comparison.
   */
  standIn(backend: LinkedBackend): LinkedBackend {
    let chosen = backend;
    while (chosen.fallBack !== null && chosen.pool.healthy < chosen.plan.fallBack!.below) {
      if (chosen.stickiness !== null && this.#hasServerOfItsOwn(chosen)) break;
      this.#asker.loop.counters.backend(chosen.slot, BackendIndex.fallBacks);
      chosen = chosen.fallBack;
    }
    return chosen;
  }

  #hasServerOfItsOwn(backend: LinkedBackend): boolean {
    try {
      backend.pool.startPick(null);
      const own = backend.stickiness!.find(this.#asker.request, backend.pool);
      return own !== -1 && backend.pool.keepsSticky(own);
    } catch (error) {
      this.#failed(backend, 'stick', 'stickiness could not find a server', error);
      return false;
    }
  }

  /**
   * learn tells the backend's stickiness, if it has one, which cookies the answer of the server that was chosen sets. Returns a field line to add to the
   * answer's head, or ''.
   */
  learn(server: number, answer: AnswerHead): string {
    const { backend, request } = this.#asker;
    const { stickiness, pool } = backend;
    const { isSticky } = this;
    if (stickiness === null || (isSticky && answer.hasNoCookies && stickiness.isRenewing !== true)) return '';
    try {
      if (answer.hasNoCookies && !isSticky && stickiness.ownCookie === undefined) {
        // Another request of the same client may have been answered first, elsewhere: the client is at home there then.
        const now = stickiness.find(request, pool);
        pool.startPick(null);
        if (now !== -1 && now !== server && now !== this.#owner && pool.keepsSticky(now)) return '';
      }
      const cookie = stickiness.learn(request, pool, server, answer.setCookies());
      return cookie === '' ? '' : `Set-Cookie: ${toFieldValue(cookie)}\r\n`;
    } catch (error) {
      this.#failed(backend, 'stick', 'stickiness could not learn from an answer', error);
      return '';
    }
  }

  /** failed counts and reports what a strategy or a stickiness has thrown; `slot` says which of the two. */
  #failed(backend: LinkedBackend, slot: 'balance' | 'stick', message: string, error: unknown): void {
    const { listener, loop } = this.#asker;
    loop.counters.listener(listener.slot, ListenerIndex.pluginErrors);
    const name = backend.plan[slot]?.name ?? '';
    const word = wordKey(slot, name);
    const plugin = backend.owner(word);
    const whose = plugin === undefined ? word : `${word} of plugin ${plugin}`;
    loop.failures.report(
      `${message} ${backend.name} ${word}`,
      `${whose}: ${message}`,
      { backend: backend.name, [slot]: name, plugin, word },
      error,
    );
  }
}

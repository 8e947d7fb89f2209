/**
 * ServerChoice: which server of a backend gets a request, and what stickiness and the strategy learn from the answer. Hot
 * path; data plane.
 *
 * A server that is chosen has been counted as open, so that its max holds whatever other threads do at the same moment:
 * `leaveServer` must follow.
 */

import { wordKey } from '../../shared/orders/orders.ts';
import { BackendIndex, ListenerIndex } from '../../shared/tables/counters.ts';
import { StickIndex } from '../../shared/tables/shared-stick-table.ts';
import type { LinkedBackend } from '../backend/generation.ts';
import type { Loop } from '../loop/loop.ts';
import type { AnswerHead } from '../message/answer-head.ts';
import { toFieldValue } from '../message/field-edits.ts';
import type { LiveRequest } from '../message/live-request.ts';

/** What chooseServer says besides an index. */
export const NOBODY = -1;
/** Nobody now, but a server that is full may have room later. */
export const FULL = -2;

/** Other threads may fill each server that is picked; after so many the request waits. */
const MOST_PICKS = 8;

/**
 * One an event loop, filled by `chooseServer` and read at once: the server is the one that the client belongs to; with FULL,
 * the one whose room is waited for, or -1 for any; `owner`: the server that the client was known to belong to, or -1;
 * `isTrial`: the request finds out whether the server takes connections again.
 */
export const choice = { isSticky: false, waitsFor: -1, owner: -1, isTrial: false };

/**
 * chooseServer returns a server's index, FULL or NOBODY. `listener` is the slot that a failing plugin is counted under;
 * `waitsFor`: the request waits already, for this server (-1: for any, or not at all); `isBehind`: others wait, whom it may not
 * overtake, so that only a server of its own will do; `isLast`: it has been refused elsewhere, and may fail no more.
 */
export function chooseServer(
  backend: LinkedBackend,
  request: LiveRequest,
  tried: readonly number[] | null,
  listener: number,
  loop: Loop,
  waitsFor = -1,
  isBehind = false,
  isLast = false,
): number {
  const { pool, stickiness, balancer, plan, slot } = backend;
  const { table, thread } = loop;
  choice.isSticky = false;
  choice.owner = -1;
  choice.isTrial = false;
  if (backend.outcomes !== null && !backend.outcomes.admits(request)) return NOBODY;
  choice.waitsFor = -1;
  let missed: number = StickIndex.misses;
  let asked: 'balance' | 'stick' = 'stick';
  if (plan.max !== 0 && loop.backends.open(slot) >= plan.max) return FULL;
  try {
    pool.begin(tried);
    if (stickiness !== null) {
      const own = stickiness.find(request, pool);
      choice.owner = own;
      if (own !== -1 && pool.keepsSticky(own)) {
        const ownSlot = pool.slot(own);
        choice.isSticky = true;
        if (table.tryOpen(ownSlot, thread)) return open(backend, own, StickIndex.hits, loop);
        // A full server keeps its clients waiting rather than have them lose what it knows of them, while its line is short.
        const most = table.mostWaiting(ownSlot);
        if (own === waitsFor || most === 0 || table.waiting(ownSlot) < most) {
          choice.waitsFor = own;
          return FULL;
        }
        choice.isSticky = false;
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
      choice.isTrial = pool.isSuspect(picked);
      if (choice.isTrial && pool.isTrialTaken(picked, plan.timeouts.connectMs)) continue;
      if (table.tryOpen(pool.slot(picked), thread)) return open(backend, picked, missed, loop);
    }
    return FULL;
  } catch (error) {
    failed(backend, asked, 'choosing a server failed; the request was refused with 503', error, listener, loop);
    return NOBODY;
  }
}

/** open counts the request on the backend too; where that is full the server is given back. `known`: its StickIndex. */
function open(backend: LinkedBackend, index: number, known: number, { table, backends, thread }: Loop): number {
  const { pool, plan, slot, sticks } = backend;
  if (backends.tryOpen(slot, thread, plan.max)) {
    sticks?.count(known);
    return index;
  }
  table.closed(pool.slot(index), thread);
  choice.waitsFor = -1;
  return FULL;
}

/** leaveServer gives back the place that a request had on a server. */
export function leaveServer(backend: LinkedBackend, index: number, listener: number, loop: Loop): void {
  const { table, backends, thread } = loop;
  table.closed(backend.pool.slot(index), thread);
  backends.closed(backend.slot, thread);
  if (!backend.balancer.hearsEnds) return;
  try {
    backend.balancer.ended(index);
  } catch (error) {
    failed(backend, 'balance', 'the strategy failed when a request ended', error, listener, loop);
  }
}

/** answered tells a strategy that asks for it of an answer; status 0: there was none. */
export function answered(
  backend: LinkedBackend,
  index: number,
  sentMs: number,
  status: number,
  listener: number,
  loop: Loop,
): void {
  try {
    backend.balancer.answered(index, Math.max(0, loop.now() - sentMs), status);
  } catch (error) {
    failed(backend, 'balance', 'the strategy failed at an answer', error, listener, loop);
  }
}

/**
 * standIn is the backend that a request for this one goes to now: itself, or what it falls back to, over several steps. A
 * client that belongs to a server which is being drained keeps it. Hot path: for most backends one comparison.
 */
export function standIn(backend: LinkedBackend, request: LiveRequest, listener: number, loop: Loop): LinkedBackend {
  let chosen = backend;
  while (chosen.fallBack !== null && chosen.pool.healthy < chosen.plan.fallBack!.below) {
    if (chosen.stickiness !== null && hasServerOfItsOwn(chosen, request, listener, loop)) break;
    loop.counters.backend(chosen.slot, BackendIndex.fallBacks);
    chosen = chosen.fallBack;
  }
  return chosen;
}

function hasServerOfItsOwn(backend: LinkedBackend, request: LiveRequest, listener: number, loop: Loop): boolean {
  try {
    backend.pool.begin(null);
    const own = backend.stickiness!.find(request, backend.pool);
    return own !== -1 && backend.pool.keepsSticky(own);
  } catch (error) {
    failed(backend, 'stick', 'stickiness could not find a server', error, listener, loop);
    return false;
  }
}

/**
 * learn tells the backend's stickiness, if it has one, which cookies a server's answer sets. Returns a field line to add to
 * the answer's head, or ''. `isSticky`: the client was known to belong to that server; `owner`: the one that it was known to
 * belong to when the server was chosen, or -1.
 */
export function learn(
  backend: LinkedBackend,
  request: LiveRequest,
  server: number,
  isSticky: boolean,
  owner: number,
  answer: AnswerHead,
  listener: number,
  loop: Loop,
): string {
  const { stickiness, pool } = backend;
  if (stickiness === null || (isSticky && answer.hasNoCookies && stickiness.isRenewing !== true)) return '';
  try {
    if (answer.hasNoCookies && !isSticky && stickiness.ownCookie === undefined) {
      // Another request of the same client may have been answered first, elsewhere: the client is at home there then.
      const now = stickiness.find(request, pool);
      pool.begin(null);
      if (now !== -1 && now !== server && now !== owner && pool.keepsSticky(now)) return '';
    }
    const cookie = stickiness.learn(request, pool, server, answer.setCookies());
    return cookie === '' ? '' : `Set-Cookie: ${toFieldValue(cookie)}\r\n`;
  } catch (error) {
    failed(backend, 'stick', 'stickiness could not learn from an answer', error, listener, loop);
    return '';
  }
}

/** failed counts and reports what a strategy or a stickiness has thrown; `slot` says which of the two. */
function failed(
  backend: LinkedBackend,
  slot: 'balance' | 'stick',
  message: string,
  error: unknown,
  listener: number,
  loop: Loop,
): void {
  loop.heartbeats.leave();
  loop.counters.listener(listener, ListenerIndex.pluginErrors);
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

/**
 * ServerChoice: which server of a backend gets a request, and what stickiness learns from the answer. Hot path; data plane.
 */
import { ListenerIndex } from '../../shared/counters.ts';
import type { LinkedBackend } from '../generation.ts';
import type { Loop } from '../loop.ts';
import type { LiveRequest } from './live-request.ts';

/** What chooseServer says besides an index. */
export const NOBODY = -1;
/** Nobody now, but a server that is full may have room later. */
export const FULL = -2;

/** One an event loop, filled by `chooseServer` and read at once: the server is the one that the client belongs to. */
export const choice = { isSticky: false };

/** chooseServer returns a server's index, FULL or NOBODY. `listener` is the slot that a failing plugin is counted under. */
export function chooseServer(
  backend: LinkedBackend,
  request: LiveRequest,
  tried: readonly number[] | null,
  listener: number,
  loop: Loop,
): number {
  const { pool, stickiness, balancer } = backend;
  choice.isSticky = false;
  try {
    pool.begin(tried);
    if (stickiness !== null) {
      const own = stickiness.find(request, pool);
      // A full server keeps its clients waiting rather than have them lose what it knows of them.
      if (own !== -1 && pool.keepsSticky(own)) {
        choice.isSticky = true;
        return pool.hasRoom(own) ? own : FULL;
      }
    }
    let picked = balancer.pick(request, pool);
    if (picked !== -1) return picked;
    const isFull = pool.isFull;
    if (pool.useBackups()) picked = balancer.pick(request, pool);
    if (picked !== -1) return picked;
    return isFull || pool.isFull ? FULL : NOBODY;
  } catch (error) {
    failed(backend, 'choosing a server failed; the request was refused with 503', error, listener, loop);
    return NOBODY;
  }
}

/** learn tells the backend's stickiness, if it has one, which cookies a server's answer sets. */
export function learn(
  backend: LinkedBackend,
  request: LiveRequest,
  server: number,
  setCookies: readonly string[],
  listener: number,
  loop: Loop,
): void {
  try {
    backend.stickiness?.learn(request, backend.pool, server, setCookies);
  } catch (error) {
    failed(backend, 'stickiness could not learn from an answer', error, listener, loop);
  }
}

function failed(backend: LinkedBackend, message: string, error: unknown, listener: number, loop: Loop): void {
  loop.heartbeats.leave();
  loop.counters.listener(listener, ListenerIndex.pluginErrors);
  loop.log('error', message, {
    backend: backend.name,
    balance: backend.plan.balance.name,
    error: error instanceof Error ? error.message : String(error),
  });
}

/**
 * Counters: what happened, per thread, listener and server, in shared memory. Hot path; both planes.
 *
 * Each thread writes only its own block, so counting is one addition without a lock; the control plane adds the blocks up.
 * Values are exact to 2^53. A lost thread's block stays, so totals never go backwards.
 */

import { SERVER_CAPACITY } from './server-table.ts';
import type { SharedMemory } from './shared-memory.ts';

export const LISTENER_COUNTERS = [
  'connections',
  'connectionsClosed',
  'connectionsRefused',
  'requests',
  'answers1xx',
  'answers2xx',
  'answers3xx',
  'answers4xx',
  'answers5xx',
  'denied',
  'badRequests',
  'clientAborts',
  'bytesIn',
  'bytesOut',
  'pluginErrors',
  'limited',
  'tlsFailures',
] as const;

export const SERVER_COUNTERS = [
  'requests',
  'connects',
  'connectFailures',
  'badAnswers',
  'timeouts',
  'retries',
  'answers2xx',
  'answers5xx',
  'tlsHandshakes',
  'tlsResumed',
  'tlsFailures',
  'refusals',
] as const;

export const BACKEND_COUNTERS = ['fallBacks', 'served', 'serveErrors', 'retriesOverBudget', 'closedOnDown'] as const;

export type BackendCounter = (typeof BACKEND_COUNTERS)[number];
export type ListenerCounter = (typeof LISTENER_COUNTERS)[number];
export type ServerCounter = (typeof SERVER_COUNTERS)[number];

/** ListenerIndex has the number of each listener counter, for `ThreadCounters.listener`. A test ties it to the names. */
export const ListenerIndex = {
  connections: 0,
  connectionsClosed: 1,
  connectionsRefused: 2,
  requests: 3,
  answers1xx: 4,
  answers2xx: 5,
  answers3xx: 6,
  answers4xx: 7,
  answers5xx: 8,
  denied: 9,
  badRequests: 10,
  clientAborts: 11,
  bytesIn: 12,
  bytesOut: 13,
  pluginErrors: 14,
  limited: 15,
  tlsFailures: 16,
} as const satisfies Record<ListenerCounter, number>;

/** ServerIndex has the number of each server counter, for `ThreadCounters.server`. A test ties it to the names. */
export const ServerIndex = {
  requests: 0,
  connects: 1,
  connectFailures: 2,
  badAnswers: 3,
  timeouts: 4,
  retries: 5,
  answers2xx: 6,
  answers5xx: 7,
  tlsHandshakes: 8,
  tlsResumed: 9,
  tlsFailures: 10,
  /** Requests that the server is known not to have processed (RFC 9113 section 8.7). */
  refusals: 11,
} as const satisfies Record<ServerCounter, number>;

/** BackendIndex has the number of each backend counter, for `ThreadCounters.backend`. A test ties it to the names. */
export const BackendIndex = {
  /** Requests that went to another backend, as this one had too few servers. */
  fallBacks: 0,
  /** Its own answers. */
  served: 1,
  /** Its own answers that it could not give or finish. */
  serveErrors: 2,
  /** Requests that were not sent again, as too many had been lately. */
  retriesOverBudget: 3,
  /** Requests and tunnels that left a server because it went down. */
  closedOnDown: 4,
} as const satisfies Record<BackendCounter, number>;

/** Most listeners, and most backends, in one gateway. */
export const LISTENER_CAPACITY = 1024;
export const BACKEND_CAPACITY = 4096;

const LISTENER_STRIDE = 24;
const SERVER_STRIDE = 16;
const BACKEND_STRIDE = 8;
const SERVERS_AT = LISTENER_CAPACITY * LISTENER_STRIDE;
const BACKENDS_AT = SERVERS_AT + SERVER_CAPACITY * SERVER_STRIDE;
const BLOCK = BACKENDS_AT + BACKEND_CAPACITY * BACKEND_STRIDE;

/** ThreadCounters counts for one thread. Every method is one plain addition. */
export class ThreadCounters {
  readonly thread: number;
  readonly #own: Float64Array;
  readonly #all: Float64Array;
  readonly #threads: number;

  /** bytes is the size of the memory for so many threads (at least 1). */
  static bytes(threads: number): number {
    return 8 * BLOCK * threads;
  }

  constructor(memory: SharedMemory, thread: number) {
    this.thread = thread;
    this.#threads = memory.threads;
    this.#own = new Float64Array(memory.counters, 8 * BLOCK * thread, BLOCK);
    this.#all = new Float64Array(memory.counters);
  }

  /** listener adds to a listener's counter: `counters.listener(slot, ListenerIndex.requests)`. */
  listener(slot: number, counter: number, amount = 1): void {
    const at = slot * LISTENER_STRIDE + counter;
    this.#own[at] = this.#own[at]! + amount;
  }

  /** server adds to a server's counter: `counters.server(slot, ServerIndex.connects)`. */
  server(slot: number, counter: number, amount = 1): void {
    const at = SERVERS_AT + slot * SERVER_STRIDE + counter;
    this.#own[at] = this.#own[at]! + amount;
  }

  /** backend adds to a backend's counter: `counters.backend(slot, BackendIndex.fallBacks)`. */
  backend(slot: number, counter: number, amount = 1): void {
    const at = BACKENDS_AT + slot * BACKEND_STRIDE + counter;
    this.#own[at] = this.#own[at]! + amount;
  }

  /** openConnections is the number of a listener's connections now, over all threads; a moment old at worst. */
  openConnections(slot: number): number {
    const at = slot * LISTENER_STRIDE;
    let open = 0;
    for (let thread = 0; thread < this.#threads; thread++) {
      const block = thread * BLOCK + at;
      open += this.#all[block]! - this.#all[block + 1]!;
    }
    return open;
  }
}

/** CounterSums adds the threads' blocks up. Control plane. */
export class CounterSums {
  readonly #all: Float64Array;
  readonly #threads: number;

  constructor(memory: SharedMemory) {
    this.#threads = memory.threads;
    this.#all = new Float64Array(memory.counters);
  }

  listener(slot: number): Record<ListenerCounter, number> {
    return this.#sum(LISTENER_COUNTERS, slot * LISTENER_STRIDE);
  }

  server(slot: number): Record<ServerCounter, number> {
    return this.#sum(SERVER_COUNTERS, SERVERS_AT + slot * SERVER_STRIDE);
  }

  backend(slot: number): Record<BackendCounter, number> {
    return this.#sum(BACKEND_COUNTERS, BACKENDS_AT + slot * BACKEND_STRIDE);
  }

  /** forget marks the connections that a lost thread had open as closed. Call it once the thread is gone. */
  forget(thread: number): void {
    for (let slot = 0; slot < LISTENER_CAPACITY; slot++) {
      const at = thread * BLOCK + slot * LISTENER_STRIDE;
      this.#all[at + ListenerIndex.connectionsClosed] = this.#all[at + ListenerIndex.connections]!;
    }
  }

  /** resetListener sets a freed listener slot's counters to 0, in all threads. */
  resetListener(slot: number): void {
    this.#reset(slot * LISTENER_STRIDE, LISTENER_STRIDE);
  }

  /** resetServer sets a freed server slot's counters to 0, in all threads. */
  resetServer(slot: number): void {
    this.#reset(SERVERS_AT + slot * SERVER_STRIDE, SERVER_STRIDE);
  }

  /** resetBackend sets a freed backend slot's counters to 0, in all threads. */
  resetBackend(slot: number): void {
    this.#reset(BACKENDS_AT + slot * BACKEND_STRIDE, BACKEND_STRIDE);
  }

  #reset(offset: number, length: number): void {
    for (let thread = 0; thread < this.#threads; thread++) {
      const at = thread * BLOCK + offset;
      this.#all.fill(0, at, at + length);
    }
  }

  #sum<Name extends string>(names: readonly Name[], offset: number): Record<Name, number> {
    const sums = {} as Record<Name, number>;
    for (let index = 0; index < names.length; index++) {
      let sum = 0;
      for (let thread = 0; thread < this.#threads; thread++) sum += this.#all[thread * BLOCK + offset + index]!;
      sums[names[index]!] = sum;
    }
    return sums;
  }
}

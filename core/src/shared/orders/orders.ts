/**
 * Orders and reports: what the control plane tells a data plane over its MessagePort, and what comes back. Plain data.
 * With `threads: 0` the same calls are made directly. Never sent per request.
 */
import type { Address, ComponentSlot, ServerPlan } from '@sluice/dsl/plan';
import type { FailureLevel } from '../plugins/failure-log.ts';
import type { CircuitState } from '../tables/circuit-table.ts';
import type { NameChanges } from '../tables/name-table.ts';
import type { AccessBatch } from './access-batch.ts';
import type { FailedRequest } from './failed-request.ts';
import type { LimitedKey } from './limited-key.ts';
import type { PackedOrder } from './packed-order.ts';
import type { PrepareOrder } from './prepare-order.ts';

export type { EntryRef, PrepareOrder, SlotMap } from './prepare-order.ts';

/** MemberChange is how the servers of one backend differ from those before. */
export interface MemberChange {
  readonly backend: string;
  /** Names that are gone. */
  readonly removed: readonly string[];
  /** Servers under names that were there before, with another address or other words. */
  readonly changed: readonly ServerPlan[];
  readonly added: readonly ServerPlan[];
  /** The slots of what was changed and added, by name. */
  readonly slots: Readonly<Record<string, number>>;
}

/** MembersOrder makes a generation that is the one before but for the servers of some backends. */
export interface MembersOrder {
  readonly generation: number;
  /** The generation before; the order is refused if another one is current. */
  readonly base: number;
  readonly members: readonly MemberChange[];
}

/** portName is an address of a listener: the first one has the listener's name. */
export function portName(listener: string, index: number): string {
  return index === 0 ? listener : `${listener} ${index}`;
}

/** portKey tells bound ports apart: by address, so that a listener may change its name; by name where the system chose the port. */
export function portKey(name: string, index: number, address: Address): string {
  const text = JSON.stringify(address);
  return 'port' in address && address.port === 0 ? `${portName(name, index)} ${text}` : text;
}

/** wordKey is a word's name in `PrepareOrder.wordIds`; `kind` is `field`, `verb` or a component's slot. */
export function wordKey(kind: 'field' | 'verb' | ComponentSlot, name: string): string {
  return `${kind} ${name}`;
}

/** OpenSession is one request or tunnel that is open on a server. The path has no query, which may hold secrets. */
export interface OpenSession {
  /** The request's id, as in the access log. */
  readonly id: string;
  /** Where it was sent; null: nowhere. */
  readonly backend: string | null;
  /** The server that it is on, or that was tried last; null: none. */
  readonly server: string | null;
  readonly kind: 'request' | 'tunnel';
  /** The client's address, as rules see it. */
  readonly client: string;
  readonly listener: string;
  /** Empty for a plain TCP connection. */
  readonly method: string;
  readonly path: string;
  /** When its head had come, on the data planes' clock. */
  readonly startMs: number;
  /** The server is the one that the client belonged to before. */
  readonly isSticky: boolean;
  /** Bytes from the client, and to it. */
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** SessionFilter says which open requests and tunnels are meant: those that have all of it. null: any. */
export interface SessionFilter {
  /** Of the request. */
  readonly id: string | null;
  /** Of the server that it is on. */
  readonly slot: number | null;
  /** The client's address, as rules see it. */
  readonly client: string | null;
}

/** OpenSessions are the oldest ones, and how many there are in all. */
export interface OpenSessions {
  readonly count: number;
  readonly sessions: readonly OpenSession[];
}

export type Order =
  | { readonly type: 'prepare'; readonly order: PackedOrder }
  /** Answered as a prepare is. */
  | { readonly type: 'change'; readonly order: MembersOrder }
  | { readonly type: 'activate'; readonly generation: number }
  /** Throws away a prepared generation that was never activated. */
  | { readonly type: 'abandon'; readonly generation: number }
  /** Servers' names have these addresses from now on. */
  | { readonly type: 'names'; readonly changes: NameChanges }
  | { readonly type: 'drain'; readonly deadlineMs: number }
  /** Asks what is open; `ask` comes back with the answer. */
  | { readonly type: 'sessions'; readonly ask: number; readonly wanted: SessionFilter; readonly most: number }
  /** Ends what is open and wanted. */
  | { readonly type: 'end'; readonly ask: number; readonly wanted: SessionFilter }
  /** Asks which requests failed lately. */
  | { readonly type: 'errors'; readonly ask: number; readonly most: number }
  /** Asks who was over a rate limit lately. */
  | { readonly type: 'limited'; readonly ask: number; readonly most: number }
  /** Ends what is open on a server. */
  | { readonly type: 'cut'; readonly ask: number; readonly slot: number }
  | { readonly type: 'stop' };

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export type Report =
  /** The order to prepare a generation, or to change to it, has come: what happens from now on may be its doing. */
  | { readonly type: 'taken'; readonly generation: number }
  | { readonly type: 'prepared'; readonly generation: number; readonly ports: Readonly<Record<string, number>> }
  | { readonly type: 'failed'; readonly generation: number; readonly message: string; readonly code: string | null }
  | { readonly type: 'activated'; readonly generation: number }
  /** A socket is bound: under which `portKey`, with which port (0: a Unix socket) and file descriptor of the process; `isFile`: clients find it by a file. */
  | {
      readonly type: 'bound';
      readonly key: string;
      readonly port: number;
      readonly descriptor: number;
      readonly isFile: boolean;
    }
  | { readonly type: 'unbound'; readonly key: string }
  /** The last request of an older generation has ended. */
  | { readonly type: 'retired'; readonly generation: number }
  /** How many connections the deadline cut off. */
  | { readonly type: 'drained'; readonly cut: number }
  | { readonly type: 'sessions'; readonly ask: number; readonly open: OpenSessions }
  | { readonly type: 'cut'; readonly ask: number; readonly count: number }
  | { readonly type: 'ended'; readonly ask: number; readonly count: number }
  | { readonly type: 'errors'; readonly ask: number; readonly errors: readonly FailedRequest[] }
  | { readonly type: 'limited'; readonly ask: number; readonly keys: readonly LimitedKey[] }
  /** A server has failed too many requests. */
  | { readonly type: 'failing'; readonly slot: number; readonly reason: string }
  /** A backend's circuit has another state. */
  | { readonly type: 'circuit'; readonly slot: number; readonly to: CircuitState; readonly reason: string }
  | { readonly type: 'access'; readonly batch: AccessBatch }
  | { readonly type: 'log'; readonly level: LogLevel; readonly message: string; readonly fields: object }
  /** Something of a plugin's has failed. `stack` is for `debug`; null: there is none. */
  | {
      readonly type: 'failure';
      readonly level: FailureLevel;
      readonly message: string;
      readonly fields: object;
      readonly stack: string | null;
    };

/**
 * DataPlane serves traffic on one event loop: one a data thread, or one on the caller's own loop with `threads: 0`.
 */
export interface DataPlane {
  /**
   * prepare imports the data entries, links the plan beside the current one, and binds new listeners (which do not serve
   * yet). Resolves to the bound port of every address that is new or kept, by `portName`. Rejects, with everything it opened closed again, when an
   * entry cannot be imported, a plan cannot be linked, or an address cannot be bound.
   */
  prepare(order: PrepareOrder | MembersOrder): Promise<Readonly<Record<string, number>>>;
  /** activate switches to a prepared generation at once. Open requests end on their own one. Closes listeners it lacks. */
  activate(generation: number): void;
  abandon(generation: number): Promise<void>;
  /** updateNames takes in the addresses that servers' names have from now on. Names that are not among the changes stay as they are. */
  updateNames(changes: NameChanges): void;
  /** drain closes listeners, ends idle connections, waits for open requests, then cuts. Resolves to the number cut. */
  drain(deadlineMs: number): Promise<number>;
  /**
   * sessions tells what is open and wanted: the `most` oldest ones. Whatever this event loop had chosen a server for before
   * the call is counted as open when it returns.
   */
  sessions(wanted: SessionFilter, most: number): OpenSessions;
  /** endSessions ends what is open and wanted: what has no answer yet gets 503, the rest is broken off. Says how many. */
  endSessions(wanted: SessionFilter): number;
  /** errors are the requests that were refused or failed here: the `most` latest, newest first. */
  errors(most: number): readonly FailedRequest[];
  /** limited are the keys that were over a rate limit here: the `most` latest, latest first. */
  limited(most: number): readonly LimitedKey[];
  /**
   * cut ends what is open on a server that takes nobody any more: what nobody has answered yet goes to another server where that can do no harm, or
   * gets 503; answers and tunnels are broken off. Says how many did not go elsewhere.
   */
  cut(slot: number): number;
  /**
   * contain hears of an error that nobody caught. True: it was reported and interrupted nothing of the gateway, which goes on; false: its
   * state may be broken. Default: false.
   */
  contain?(thrown: unknown, isRejection: boolean): boolean;
  /** stop closes everything at once. */
  stop(): Promise<void>;
}

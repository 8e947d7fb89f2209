/**
 * PrepareOrder: the plan of a generation, with its place in shared memory, for a data plane to prepare. Both planes; plain data.
 */
import type { Plan } from '@sluice/dsl/plan';
import type { ImportableEntry } from '../plugins/import-entry.ts';

/** SlotMap gives every listener, backend and server of a plan its place in shared memory. Kept over reloads. */
export interface SlotMap {
  /** By listener name. */
  readonly listeners: Readonly<Record<string, number>>;
  /** By backend name. */
  readonly backends: Readonly<Record<string, number>>;
  /** By `backend/server`. */
  readonly servers: Readonly<Record<string, number>>;
  /**
   * By listener name: where the hits of its rules are counted, in the order of `countedRules`. Rules that have no place share one that nobody reads. Default: all
   * of them.
   */
  readonly rules?: Readonly<Record<string, Uint16Array>>;
}

/** EntryRef names a plugin's data entry for a thread to import, with the words and components whose functions it holds. */
export type EntryRef = ImportableEntry;

/** GivenSocket is a listening socket that is there before a generation binds. */
export interface GivenSocket {
  /** A file descriptor for each thread. */
  readonly descriptors: readonly number[];
  /** Somebody else's, who keeps its file. */
  readonly isLent: boolean;
}

export interface PrepareOrder {
  readonly generation: number;
  readonly plan: Plan;
  readonly slots: SlotMap;
  readonly entries: readonly EntryRef[];
  /** Ports to bind in place of port 0, by `portName`, so that all threads share one. */
  readonly ports: Readonly<Record<string, number>>;
  /** Stick tables by backend name. The same memory as before where nothing changed. Default: none. */
  readonly sticks?: Readonly<Record<string, SharedArrayBuffer>>;
  /** Listening sockets that are there already, by `portKey`. Default: none. */
  readonly sockets?: Readonly<Record<string, GivenSocket>>;
  /** Bind ports that another process of ours still serves. Default false. */
  readonly isTakeover?: boolean;
  /**
   * Ids for `Heartbeats.enter`, by `wordKey(kind, name)`: `field country`, `verb set header`, `balance round-robin`. They
   * hold for the gateway's life. A word that is not in it runs as 0.
   */
  readonly wordIds?: Readonly<Record<string, number>>;
  /** The values of the secrets that the plan names. Never shown. Default: none. */
  readonly secrets?: Readonly<Record<string, string>>;
}

/**
 * StickTable: which client belongs to which server; one table in shared memory for all threads. Hot path.
 *
 * Keys are hashed to 64 bits and never stored. Entries go when their ttl is over, and before that when their set is full:
 * the one unused for longest goes first. A reader never sees half an entry.
 */
export interface StickTable {
  /** get returns the server's slot, or -1, and restarts the entry's ttl. `scope` keeps backends apart. */
  get(scope: string, key: string, ttlMs: number): number;
  set(scope: string, key: string, slot: number, ttlMs: number): void;
}

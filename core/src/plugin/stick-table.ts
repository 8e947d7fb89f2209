/**
 * StickTable: which client belongs to which server of one backend; in shared memory, the same for all threads. Hot path.
 *
 * Keys are hashed to 64 bits and never stored. Entries go when their ttl is over, and before that when their set is full:
 * the one unused for longest goes first. A reader never sees half an entry. Entries outlive reloads, also one that changes
 * the table's size; those of a server that has left the backend go with it.
 */
export interface StickTable {
  /** get returns the server's slot, or -1, and restarts the entry's ttl. Keys of other components are never met. */
  get(key: string, ttlMs: number): number;
  set(key: string, slot: number, ttlMs: number): void;
}

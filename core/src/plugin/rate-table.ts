/**
 * RateTable: how much of its rate each key has used; one table in shared memory for all threads. Hot path.
 *
 * Keys are hashed to 64 bits and never stored. When a key's set is full, the key that is nearest to having its whole burst
 * again gives way.
 */
export interface RateTable {
  /**
   * take lets one event of a key pass and returns 0, or returns the milliseconds, more than 0, until the next one may. In any
   * time t at most `burst + t / intervalMs` events of one key pass, over all threads. `scope` keeps limits apart
   * (`Linker.scope`); `intervalMs` is the time in which one event becomes free again, `burst` (1 or more) how many may come
   * at once.
   */
  take(scope: string, key: string, intervalMs: number, burst: number): number;
}

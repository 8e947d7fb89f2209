/**
 * ServerPool: the servers of one backend as one data thread sees them. Hot path.
 *
 * A strategy is given one pool for the servers that are no backups, and, where the backend has backups, another instance of it
 * a pool of those. Indexes are places in the pool, 0 to size - 1, and hold for one generation. `slot` is the server's number
 * in the shared server table, the same in all threads and over reloads: keep slots, not indexes, in anything shared.
 *
 * A pool may have 10,000 servers, and a pick has a microsecond. So a strategy does not look at all of them: it asks
 * `nextUsable`, or keeps an order of its own (a ServerHeap) over the *candidates* and is told by `watch` what changes.
 */
export interface ServerPool {
  readonly backend: string;
  readonly size: number;
  /**
   * Changes whenever a weight, or what is a candidate, may have changed, so that what a strategy worked out can be kept until
   * then. Open counts and this request's tries do not change it.
   */
  readonly version: number;
  /** May this request's next attempt go there: a candidate with room, not tried before by this request. */
  isUsable(index: number): boolean;
  /**
   * Running or starting, ready, weight above 0, not known to be full, and not passed over because its last connections failed. It
   * stays so until a watcher's `changed`.
   */
  isCandidate(index: number): boolean;
  /** The first usable server at or behind `from`, round the end to the beginning; -1: none is. As fast in any pool. */
  nextUsable(from: number): number;
  /** watch has `changed` called with each index whose weight, or being a candidate, has changed. One watcher a pool. */
  watch(watcher: PoolWatcher): void;
  /** 0 to 256 as it is now: in slow start a part of the full one, in steps of 1/256. */
  weight(index: number): number;
  /** 0 to 256, as it is when slow start is over. */
  fullWeight(index: number): number;
  /** The sum of the weights of the servers that are up and not passed over, full ones too. */
  readonly totalWeight: number;
  /** Requests (and tunnels) open on the server, over all threads. */
  open(index: number): number;
  /** Requests (and tunnels) open on all servers of the backend, backups too, over all threads. */
  readonly openInAll: number;
  name(index: number): string;
  slot(index: number): number;
  /** The index of the server with that slot, or -1 when it is not in this pool now. */
  indexOfSlot(slot: number): number;
  /** A number from 0 up to, not including, 1. Tests inject it. */
  random(): number;
  /** Milliseconds on a clock that all threads share. Tests inject it. */
  now(): number;
  /**
   * A number of the strategy's own for a server, in memory that all threads share, 0 until it is set; `which` is 0 to 3. It is a
   * 32-bit float, it outlives reloads, and the last writer wins. It is 0 again when the server comes back from being stopped or
   * from maintenance, and when a connection to it fails.
   */
  note(index: number, which: number): number;
  setNote(index: number, which: number, value: number): void;
}

/** StickyPool is all servers of a backend, backups too, as stickiness sees them; its indexes are places in the plan's list. */
export type StickyPool = Pick<
  ServerPool,
  'backend' | 'size' | 'isUsable' | 'weight' | 'open' | 'name' | 'slot' | 'indexOfSlot' | 'random'
>;

/** PoolWatcher hears of changes before the pick that they matter to, never during one but for a server just found full. */
export interface PoolWatcher {
  changed(index: number): void;
}

/**
 * ServerPool: the servers of one backend as one data thread sees them. Hot path.
 *
 * Indexes are places in the backend's list, 0 to size - 1, and hold for one generation. `slot` is the server's number in
 * the shared server table, the same in all threads and over reloads: keep slots, not indexes, in anything shared.
 */
export interface ServerPool {
  readonly backend: string;
  readonly size: number;
  /**
   * Changes whenever a weight, max, state or admin state may have changed (`ServerTable.version` will do), so that what a
   * strategy worked out from weights can be kept until then. Open counts and this request's tries do not change it.
   */
  readonly version: number;
  /**
   * May this request's next attempt go there: running, ready, weight above 0, below its max, not tried before, and a
   * backup only when no other server is usable.
   */
  isUsable(index: number): boolean;
  /** 0 to 256, as it is now. */
  weight(index: number): number;
  /** Requests (and tunnels) open on the server, over all threads. */
  open(index: number): number;
  name(index: number): string;
  slot(index: number): number;
  /** The index of the server with that slot, or -1 when it is not in this backend now. */
  indexOfSlot(slot: number): number;
  /** A number from 0 up to, not including, 1. Tests inject it. */
  random(): number;
}

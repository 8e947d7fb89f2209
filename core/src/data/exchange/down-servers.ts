/**
 * DownServers: notices servers that have gone down, and has what is open on them closed where a backend says `on down close`.
 * Data plane; looks once a tick, so that requests pay nothing for it.
 */
import type { ServerTable } from '../../shared/tables/server-table.ts';
import type { Closable } from '../loop/loop.ts';

export class DownServers {
  readonly #table: ServerTable;
  /** The changes of the table that have been looked at. */
  #seen: number;

  constructor(table: ServerTable) {
    this.#table = table;
    this.#seen = table.version;
  }

  /** check has all connections leave servers that are down, if one has gone down since the last look. */
  check(connections: Iterable<Closable>): void {
    if (!this.#hasNew()) return;
    for (const connection of connections) connection.leaveDownServers();
  }

  #hasNew(): boolean {
    const table = this.#table;
    const { version } = table;
    // Both wrap at 32 bits.
    const changes = (version - this.#seen) | 0;
    const first = this.#seen;
    this.#seen = version;
    for (let at = 0; at < changes; at++) {
      const slot = table.changed((first + at) | 0);
      // A forgotten change may have been anything.
      if (slot === -1 || table.isDown(slot)) return true;
    }
    return false;
  }
}

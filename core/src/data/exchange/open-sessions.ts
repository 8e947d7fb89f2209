/**
 * OpenSessions: who is here, or on a server, gathered from this loop's connections when somebody asks. Data plane; not on the hot
 * path: connections keep nothing for it.
 */
import type { OpenSession, OpenSessions, SessionFilter } from '../../shared/orders/orders.ts';
import type { Closable } from '../loop/loop.ts';

/** openSessions counts all that is open and wanted, and describes the `most` oldest. */
export function openSessions(connections: Iterable<Closable>, wanted: SessionFilter, most: number): OpenSessions {
  const found: OpenSession[] = [];
  for (const connection of connections) connection.addSessionsIf(wanted, found);
  found.sort((a, b) => a.startMs - b.startMs);
  return { count: found.length, sessions: found.slice(0, most) };
}

/** endSessions ends all that is open and wanted, and counts it. */
export function endSessions(connections: Iterable<Closable>, wanted: SessionFilter): number {
  let count = 0;
  for (const connection of [...connections]) count += connection.endSessionsIf(wanted);
  return count;
}

/**
 * OpenSessions: who is on a server, gathered from this loop's connections when somebody asks. Data plane; not on the hot
 * path: connections keep nothing for it.
 */
import type { OpenSession, OpenSessions } from '../../shared/orders/orders.ts';
import type { Closable } from '../loop/loop.ts';

/** openSessions counts all that is open on a server's slot, and describes the `most` oldest. */
export function openSessions(connections: Iterable<Closable>, slot: number, most: number): OpenSessions {
  const found: OpenSession[] = [];
  for (const connection of connections) connection.addSessionsOn(slot, found);
  found.sort((a, b) => a.startMs - b.startMs);
  return { count: found.length, sessions: found.slice(0, most) };
}

/**
 * LiveSessions: requests and tunnels that are open anywhere in the gateway, and ending them by hand. Main thread.
 *
 * Data planes keep nothing for it: they look through their connections when somebody asks.
 */
import { parseIp } from '@sluice/dsl/match';
import type { SessionFilter } from '../../shared/orders/orders.ts';
import type { Timers } from '../clock/timers.ts';
import type { Generation } from '../reload/generations.ts';
import { GatewayError } from '../report/errors.ts';
import type { PlaneSession, Planes } from '../threads/planes.ts';

/** SessionWish says which sessions are meant: those that have all of it. */
export interface SessionWish {
  /** The id of one request, as the list and the access log have it. */
  readonly id?: string;
  /** As `backend/server`: those that are on it now. */
  readonly server?: string;
  /** The client's address. */
  readonly client?: string;
}

/** LiveSession is a request or tunnel that is open. The path has no query, which may hold secrets. */
export interface LiveSession extends Omit<PlaneSession, 'startMs'> {
  readonly ageMs: number;
}

/** OpenSessionList are the oldest sessions, and how many there are in all. */
export interface OpenSessionList {
  readonly open: number;
  readonly sessions: readonly LiveSession[];
}

const MOST_SESSIONS = 100;

export class LiveSessions {
  readonly #planes: Planes;
  readonly #timers: Timers;

  constructor(planes: Planes, timers: Timers) {
    this.#planes = planes;
    this.#timers = timers;
  }

  /** list asks all data planes what is open: the `most` oldest (default 100). Rejects with SG0502 or SG0511. */
  async list(current: Generation, wish: SessionWish, most = MOST_SESSIONS): Promise<OpenSessionList> {
    const { count, sessions } = await this.#planes.sessions(filterOf(wish, current), most);
    const now = this.#timers.now();
    const oldest = [...sessions].sort((a, b) => a.startMs - b.startMs).slice(0, most);
    return {
      open: count,
      sessions: oldest.map(({ startMs, ...session }) => ({ ...session, ageMs: Math.max(0, now - startMs) })),
    };
  }

  /**
   * end ends sessions: what has no answer yet gets 503, answers and tunnels are broken off. Resolves to how many that were. Rejects with SG0502, SG0511, or
   * SG0512 for an id that no session has.
   */
  async end(current: Generation, wish: SessionWish): Promise<number> {
    const count = await this.#planes.endSessions(filterOf(wish, current));
    if (count === 0 && wish.id !== undefined) throw new GatewayError('SG0512', { id: wish.id });
    return count;
  }
}

function filterOf({ id, server, client }: SessionWish, { slots }: Generation): SessionFilter {
  return {
    id: id ?? null,
    slot: server === undefined ? null : slotOf(server, slots.servers),
    client: client === undefined ? null : addressOf(client),
  };
}

function slotOf(server: string, slots: Readonly<Record<string, number>>): number {
  const slot = Object.hasOwn(slots, server) ? slots[server] : undefined;
  if (slot === undefined) throw new GatewayError('SG0502', { server, known: Object.keys(slots).join(', ') });
  return slot;
}

/** In the one form in which data planes know it. */
function addressOf(client: string): string {
  const ip = parseIp(client);
  if (ip === null) throw new GatewayError('SG0511', { client });
  return ip.text;
}

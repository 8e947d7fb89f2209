/**
 * BadAnswers: what a server's answer was refused for, in the log: once for each server and reason, and then again every minute.
 * Data plane; rare.
 */
import type { Loop } from '../loop/loop.ts';

/** A server whose answers are all refused for one reason is logged this often. */
const LOG_INTERVAL_MS = 60_000;
/** Most servers that are remembered. */
const MOST_SERVERS = 1024;

interface Told {
  readonly reason: string;
  readonly ms: number;
  untold: number;
}

const told = new WeakMap<Loop, Map<string, Told>>();

/** tellBadAnswer logs why an answer of a server was refused, unless it has just been logged. */
export function tellBadAnswer(backend: string, server: string, reason: string, loop: Loop): void {
  const servers = told.get(loop) ?? new Map<string, Told>();
  told.set(loop, servers);
  const name = `${backend}/${server}`;
  const last = servers.get(name);
  const ms = loop.now();
  if (last !== undefined && last.reason === reason && ms - last.ms < LOG_INTERVAL_MS) {
    last.untold++;
    return;
  }
  const before = last === undefined || last.untold === 0 ? {} : { refusedBefore: last.untold };
  if (servers.size >= MOST_SERVERS) servers.clear();
  servers.set(name, { reason, ms, untold: 0 });
  loop.log('warn', `a response from server ${name} was rejected: ${reason}`, { backend, server, reason, ...before });
}

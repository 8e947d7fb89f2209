/**
 * ConnectReason: why there is no connection, for people, and whose fault it is. Main thread.
 */
import type { ProbeResult } from '../plugin/health-check.ts';

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset',
  ETIMEDOUT: 'no connection in time',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  ENOTFOUND: 'its name does not resolve',
  EAI_AGAIN: 'name could not be looked up',
  ENOENT: 'no such socket',
  EACCES: 'permission denied',
};

/** What is missing on this machine says nothing of the server: a gateway short of files must not lose all its servers. */
const OWN_FAULTS: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS', 'ENOMEM']);

/** resultOfError is failed, or neutral where the probe could not be made at all. */
export function resultOfError(error: NodeJS.ErrnoException): ProbeResult {
  const code = error.code ?? 'unknown error';
  if (OWN_FAULTS.has(code)) return { status: 'neutral', reason: `the gateway could not open a connection (${code})` };
  return { status: 'failed', reason: REASONS[code] ?? `cannot connect (${code})` };
}

/**
 * tcpCheck: one attempt to connect. Main thread. Opens one socket per probe and lets go of it in every case.
 */
import { connect, type Socket } from 'node:net';
import type { HealthCheck, ProbeResult } from '@sluice/core/plugin';

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  ENOTFOUND: 'name not found',
  EAI_AGAIN: 'name could not be looked up',
  ENOENT: 'no such socket',
  EACCES: 'permission denied',
};

/** tcpCheck passes when the server accepts; it then resets, so that no side keeps a closed connection waiting. */
export const tcpCheck: HealthCheck = {
  probe(target, _options, signal) {
    return new Promise<ProbeResult>((resolve) => {
      if (signal.aborted) {
        resolve(failed('stopped before it began'));
        return;
      }
      const { address } = target;
      const socket = 'path' in address ? connect(address.path) : connect(address.port, address.host);
      const settle = (result: ProbeResult) => {
        signal.removeEventListener('abort', onAbort);
        letGo(socket);
        resolve(result);
      };
      const onAbort = () => settle(failed('no connection in time'));
      signal.addEventListener('abort', onAbort, { once: true });
      // Stays after the probe has settled: a reset on the way must not become an uncaught error.
      socket.on('error', (error: NodeJS.ErrnoException) => settle(failed(reasonOf(error))));
      socket.once('connect', () =>
        settle(isItself(socket) ? failed('connection refused') : { status: 'passed', reason: 'connected' }),
      );
    });
  },
};

function failed(reason: string): ProbeResult {
  return { status: 'failed', reason };
}

function reasonOf(error: NodeJS.ErrnoException): string {
  const code = error.code ?? 'unknown error';
  return REASONS[code] ?? `cannot connect (${code})`;
}

/** isItself: on loopback, a socket that connects to a closed port may be given that very port and meet itself. */
function isItself(socket: Socket): boolean {
  return (
    socket.localPort !== undefined &&
    socket.localPort === socket.remotePort &&
    socket.localAddress === socket.remoteAddress
  );
}

function letGo(socket: Socket): void {
  // A Unix socket knows no reset.
  if (socket.remotePort === undefined) socket.destroy();
  else socket.resetAndDestroy();
}

/**
 * SocketDialer: begins connections to servers by Node's sockets. Data plane; on the hot path only where a connection is new.
 */
import { connect, type Socket } from 'node:net';
import { socketName } from '@sluice/dsl/plan';
import type { ConnectionHandler } from '../connection.ts';
import type { DialTarget } from '../dialer.ts';
import { SocketConnection } from './socket-connection.ts';
import { SocketInput } from './socket-input.ts';

/** How long one of several addresses has before the next one is tried. */
const ADDRESS_MS = 1000;

/** TLS takes the system's connection over, so nothing else may read from it. */
const TO_SECURE = { allowHalfOpen: true };
const TO_READ = { allowHalfOpen: true, onread: SocketInput.onread };

/** dialSocket does what `Dialer.dial` says. */
export function dialSocket(target: DialTarget, handler: ConnectionHandler): SocketConnection {
  const connection = new SocketConnection(connectTo(target), handler);
  connection.dialled(!target.isSecure);
  return connection;
}

function connectTo({ address, names, isSecure }: DialTarget): Socket {
  const options = isSecure ? TO_SECURE : TO_READ;
  if ('path' in address) return connect({ path: socketName(address.path), ...options });
  const { host, port } = address;
  if (names === null) return connect({ host, port, noDelay: true, ...options });
  const byName = { lookup: names.lookup, autoSelectFamily: true, autoSelectFamilyAttemptTimeout: ADDRESS_MS };
  return connect({ host, port, noDelay: true, ...byName, ...options });
}

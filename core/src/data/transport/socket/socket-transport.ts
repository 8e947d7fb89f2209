/**
 * SocketTransport: the transport of Node's own sockets, on Node's own loop. Data plane.
 */
import type { Connection, ConnectionHandler } from '../connection.ts';
import type { DialTarget } from '../dialer.ts';
import type { Listener, ListenerHandler } from '../listener.ts';
import type { Transport, TransportLoop } from '../transport.ts';
import { connectionOf } from './socket-connection.ts';
import { dialSocket } from './socket-dialer.ts';
import { lookAtStopped } from './socket-input.ts';
import { SocketListener } from './socket-listener.ts';

const loop: TransportLoop = {
  turn: (task) => {
    setImmediate(task);
  },
  // There is no other wait than Node's.
  wake: () => undefined,
  tick: lookAtStopped,
};

export class SocketTransport implements Transport {
  readonly loop = loop;

  listener(handler: ListenerHandler): Listener {
    return new SocketListener(handler);
  }

  dial(target: DialTarget, handler: ConnectionHandler): Connection {
    return dialSocket(target, handler);
  }

  connectionOf(handle: object): Connection | null {
    return connectionOf(handle);
  }
}

/**
 * SocketListener: a Listener that is one of Node's servers. Data plane; on the hot path only where a connection is new.
 */
import { createServer, type ListenOptions, type Server } from 'node:net';
import type { Listener, ListenerHandler, ListenTarget } from '../listener.ts';
import { SocketConnection } from './socket-connection.ts';

interface ListeningServer extends Server {
  readonly _handle?: { readonly fd?: number; listen?(backlog: number): number } | null;
}

export class SocketListener implements Listener {
  readonly #server: ListeningServer;
  readonly #handler: ListenerHandler;

  constructor(handler: ListenerHandler) {
    this.#handler = handler;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      handler.onAccept(new SocketConnection(socket));
    });
  }

  get port(): number {
    const bound = this.#server.address();
    return bound === null || typeof bound === 'string' ? 0 : bound.port;
  }

  get descriptor(): number {
    return this.#server._handle?.fd ?? -1;
  }

  listen(target: ListenTarget, backlog: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ ...optionsOf(target), backlog }, () => {
        this.#server.off('error', reject);
        this.#server.on('error', (error) => this.#handler.onListenerFailed(error));
        resolve();
      });
    });
  }

  /** To listen again is how the system is given another number; Node has no word for it. */
  setBacklog(backlog: number): void {
    this.#server._handle?.listen?.(backlog);
  }

  close(): void {
    this.#server.close();
  }
}

function optionsOf(target: ListenTarget): ListenOptions & { fd?: number } {
  if ('path' in target) return { path: target.path };
  if ('descriptor' in target) return { fd: target.descriptor };
  const { host, port, isShared, isV6Only } = target;
  return { host, port, reusePort: isShared, ipv6Only: isV6Only };
}

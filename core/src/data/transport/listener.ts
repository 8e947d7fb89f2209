/**
 * Listener: a bound address that accepts connections. Data plane.
 */
import type { Connection } from './connection.ts';

export interface ListenerHandler {
  /** onAccept takes a connection that nothing has been read from. It has no handler until it is read. */
  onAccept(connection: Connection): void;
  /** onListenerFailed: accepting failed after the address was bound. */
  onListenerFailed(error: Error): void;
}

/** ListenTarget is what to bind: a TCP address, a Unix socket, or a socket of this process that listens already. */
export type ListenTarget =
  | {
      readonly host: string;
      /** 0: the system chooses. */
      readonly port: number;
      /** Other threads bind it too (SO_REUSEPORT), and the system spreads connections over them. */
      readonly isShared: boolean;
      /** `::` is IPv6 alone. */
      readonly isV6Only: boolean;
    }
  /** As the system takes it: an abstract socket's name begins with NUL. */
  | { readonly path: string }
  /** The number of the file descriptor; it is the listener's from now on. */
  | { readonly descriptor: number };

export interface Listener {
  /** The bound TCP port; 0 for a Unix socket, and before it is bound. */
  readonly port: number;
  /** The number of the listening socket's file descriptor; -1: there is none. */
  readonly descriptor: number;
  /** listen binds. `backlog`: connections that may wait to be accepted. Rejects with the system's error; it may be called again then. */
  listen(target: ListenTarget, backlog: number): Promise<void>;
  /** setBacklog changes how many connections may wait, on the bound socket. */
  setBacklog(backlog: number): void;
  /** close unbinds. Accepted connections stay. */
  close(): void;
}

/**
 * Transport: how one event loop reaches the network. Data plane.
 */
import type { Connection } from './connection.ts';
import type { Dialer } from './dialer.ts';
import type { Listener, ListenerHandler } from './listener.ts';

/** TransportLoop is the loop in which a transport waits for its connections, next to Node's or within it. */
export interface TransportLoop {
  /** turn runs a task once what is ready now has been served. */
  turn(task: () => void): void;
  /**
   * wake has Node's own loop get its turn before the transport waits again. Call it for what the system reports to nobody: a promise to be
   * continued, a task queued elsewhere.
   */
  wake(): void;
  /** tick is called about ten times a second: for what the system reports to nobody who does not ask. */
  tick(): void;
}

export interface Transport extends Dialer {
  readonly loop: TransportLoop;
  listener(handler: ListenerHandler): Listener;
  /** connectionOf finds the connection of what a TLS mode was given; null: it is none of this transport's. */
  connectionOf(handle: object): Connection | null;
}

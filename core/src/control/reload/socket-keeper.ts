/**
 * SocketKeeper: another process that keeps the listening sockets open while this one is replaced, so that connections that have not been
 * accepted yet wait for the next one. Main thread.
 *
 * A kept socket is a second reference to the one that a data thread accepts from; nobody accepts from it. It must be dropped whenever the
 * thread's own is closed: what is left open takes connections that nobody will ever serve.
 */

/** KeptSocket is a listening socket of every data thread on one address; of a Unix socket, of the one thread that has it. */
export interface KeptSocket {
  readonly port: number;
  /** File descriptors of this process, by thread. The thread closes them. */
  readonly descriptors: readonly number[];
  /** A service manager has made it (socket activation), and its file, if it has one, is not ours to remove. */
  readonly isLent: boolean;
}

/** WantedSocket is an address that a gateway is to listen on. */
export interface WantedSocket {
  /** See `portKey`. */
  readonly key: string;
  readonly listener: string;
  /** Among the addresses of the listener. */
  readonly index: number;
}

export interface SocketToKeep {
  /** The bound port; 0 for a Unix socket. */
  readonly port: number;
  readonly descriptor: number;
  /** Clients find it by a file. */
  readonly isFile: boolean;
}

export interface SocketKeeper {
  /**
   * claim hands over what an earlier process left, or a service manager has made, by `portKey`, for the same number of threads; all else is closed by then. Called
   * once, before anything is bound.
   */
  claim(wanted: readonly WantedSocket[], threads: number): Promise<ReadonlyMap<string, KeptSocket>>;
  /** lend returns another descriptor of each lent socket, by `portKey`, for a thread that takes the place of a lost one: it could not bind by itself. */
  lend(): Promise<ReadonlyMap<string, number>>;
  /** keep has a socket kept that a thread has just bound and will not close before `drop` is called. */
  keep(thread: number, key: string, socket: SocketToKeep): void;
  /** drop: the thread has closed its socket. */
  drop(thread: number, key: string): void;
  /** lost: the thread is gone, with all its sockets. */
  lost(thread: number): void;
  /** release closes all that is kept, before the threads close theirs: from then on clients are refused. Resolves when it is done. */
  release(): Promise<void>;
}

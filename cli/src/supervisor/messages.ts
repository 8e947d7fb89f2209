/**
 * Messages: what the supervisor and its gateway say to each other over their channel. Both processes.
 */

/** SUPERVISED names the environment variable that tells a gateway that it has a supervisor. */
export const SUPERVISED = 'SLUICE_SUPERVISED';

/** UPGRADED_FROM names the environment variable that tells a gateway that it takes over from a running one, which has so many data threads. */
export const UPGRADED_FROM = 'SLUICE_UPGRADE_THREADS';

/** SocketName is one data thread's listening socket on one address. */
export interface SocketName {
  readonly thread: number;
  readonly key: string;
}

/** WantedSocket is one address that a gateway listens on: which of the listener's. */
export interface WantedSocket {
  readonly key: string;
  readonly listener: string;
  readonly index: number;
}

/** What the gateway hears. */
export type ToGateway =
  /** A signal. It comes as a message, so that it waits for a gateway that is still starting and cannot kill it. */
  | { readonly type: 'signal'; readonly signal: NodeJS.Signals }
  /** One of the sockets that were claimed; with its handle. */
  | ({ readonly type: 'socket'; readonly port: number; readonly isLent: boolean } & SocketName)
  /** One of the sockets that `lend` asked for; with its handle. */
  | { readonly type: 'lent'; readonly key: string }
  /** All sockets that were claimed, or are to be lent, have come, and no others are open. */
  | { readonly type: 'claimed' }
  /** Nothing is kept any more. */
  | { readonly type: 'released' }
  /** Another gateway serves from now on: this one completes its open requests and ends. */
  | { readonly type: 'retire' }
  /** Write the state for another gateway to a file that only this user can read. */
  | { readonly type: 'export' }
  /** The answer to `want-state`: the file, which is the receiver's to delete; null: there is none. */
  | { readonly type: 'state'; readonly file: string | null }
  /** An upgrade that this one asked for is over. `problem`: why it came to nothing; null: the new gateway serves. */
  | { readonly type: 'upgraded'; readonly problem: string | null }
  /** Are you there? */
  | { readonly type: 'ping' };

/** What the supervisor hears. */
export type ToSupervisor =
  /** The gateway attends to messages from now on. */
  | { readonly type: 'attending' }
  /** All its listeners are open. */
  | { readonly type: 'ready'; readonly version: string }
  /** A reload that SIGHUP asked for is over: the new rules are in effect, or the old ones still are. */
  | { readonly type: 'reloaded'; readonly isOk: boolean }
  /** The answer to a ping. */
  | { readonly type: 'pong' }
  /** A gateway that takes over asks for the state of the one that serves. `state` is the answer. */
  | { readonly type: 'want-state' }
  /** The answer to `export`; null: it cannot be written, which has been logged. */
  | { readonly type: 'exported'; readonly file: string | null }
  /** Somebody wants the version that is on disk now to take over. `upgraded` is the answer. */
  | { readonly type: 'upgrade' }
  /** It wants the sockets of these keys that are there for so many threads; all others are to be closed. */
  | { readonly type: 'claim'; readonly wanted: readonly WantedSocket[]; readonly threads: number }
  /** It wants another descriptor of each lent socket. */
  | { readonly type: 'lend' }
  /** A socket to keep; with its handle. */
  | ({ readonly type: 'keep'; readonly port: number; readonly isFile: boolean } & SocketName)
  | ({ readonly type: 'drop' } & SocketName)
  /** A thread and all its sockets are gone. */
  | { readonly type: 'lost'; readonly thread: number }
  | { readonly type: 'release' };

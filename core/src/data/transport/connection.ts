/**
 * Connection: one connection as everything above the transport sees it: bytes in, bytes out, its ends, and the TLS on it. Hot path;
 * data plane.
 *
 * It is a seam: wires, peeks and ports know this interface and nothing of sockets. `socket/` implements it with Node's sockets; another
 * implementation has to pass the same table of tests (core/test/data/transport/connection-table.ts). So there are no
 * events, no streams and no callbacks per write: a connection has one handler at a time, an object whose methods are called.
 *
 * Rules for both sides:
 * - All calls are made in one thread. A handler's methods are called from the loop, one at a time, except for `onWriteFailed`, which may
 *   come in the middle of a write of the handler's own.
 * - Memory passed to `onBytes` is lent for that call. It may be passed to `bytes` of any connection all the same: the transport sees to it
 *   that nothing is read into it before that has left. Other memory passed to `bytes` must stay as it is until the connection is not full.
 * - A handler may replace itself (`read`), end or destroy the connection within any of its methods. After `destroy` or `reset`, only
 *   `onClosed` follows.
 * - What was written leaves at `flush`. Call it at the end of every turn that wrote.
 */
import type { ClientHello } from '../../plugin/client-hello.ts';
import type { ServerTls, TlsMode, TlsServer } from '../../plugin/data-entry.ts';
import type { BodySink } from './body-sink.ts';
import type { ConnectionTls } from './connection-tls.ts';

/** ConnectionHandler is who uses a connection just now. Those who need more than one method declare the rest empty. */
export interface ConnectionHandler {
  /** onOpen: a dialled connection is established. TLS, if it is wanted, has not begun. Never called on accepted connections. */
  onOpen(): void;
  /** onSecure: the TLS handshake has ended well, and nothing has been read since. On accepted connections only where the mode reports facts. */
  onSecure(): void;
  /** onTlsFailed: the handshake failed, or the other side sent an alert later. `onEnd` or `onClosed` follows. */
  onTlsFailed(error: Error): void;
  /** onBytes takes the first `length` bytes of a buffer that is lent for the call: what is needed later must be copied. */
  onBytes(bytes: Buffer, length: number): void;
  /** onRoom: the connection was full, and has room again. */
  onRoom(): void;
  /** onWriteFailed: the other side takes nothing more. What it sent before may still be read, so the connection stays open. */
  onWriteFailed(): void;
  /**
   * onEnd: the other side has ended its half. Called at most once, behind all bytes, except that bytes which are held
   * (`Connection.hold`) may still be held.
   */
  onEnd(): void;
  /**
   * onClosed: the connection is gone. Nothing is called afterwards, and what is held can still be taken, unless it was destroyed here. `error` is
   * why; null: both sides had ended, or it was destroyed here.
   */
  onClosed(error: Error | null): void;
}

export interface Connection extends BodySink {
  /** Of the other side; undefined for a Unix socket, and once the connection is gone. IPv6 addresses may have a zone. */
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  /** Of this side; undefined for a Unix socket, and once the connection is gone. */
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  /** Addresses of the server's name that were tried in vain before the connection was established. */
  readonly unreachedAddresses: readonly string[];
  /** The TLS on it, from the beginning of the handshake; null: none. */
  readonly tls: ConnectionTls | null;
  /** It is gone, or about to go: nothing is read or written any more. */
  readonly isClosed: boolean;

  /** What the first handlers found out and later ones need. The transport only carries it; null: nothing yet. */
  greeting: object | null;

  // Reading.

  /**
   * read has the connection read for a handler from now on. What is kept or held at this moment is its first `onBytes`, as soon as the `onBytes` of
   * the handler that is being replaced returns, or else in the next turn of the loop, unless the new handler has taken it by then.
   */
  read(handler: ConnectionHandler): void;
  /**
   * peek does what `read` does for a handler that looks at the first bytes and hands the connection on, by `peek`, `read` or `acceptTls`, within
   * `onBytes`. It has to `keep` all that is not its own, up to what it was given last. Bytes can be put back in front of TLS after a peek, not after a read.
   */
  peek(handler: ConnectionHandler): void;
  /** pause: nothing is read until `resume`; the other side feels it once the system's buffers are full. An end of the other side waits too. */
  pause(): void;
  resume(): void;
  /** keep copies the beginning of something whose rest must follow, or bytes for the next reader. */
  keep(bytes: Buffer, from: number, to: number): void;
  /**
   * hold copies bytes whose turn has not come, and sets `isHolding`. Reading goes on up to some bound, so that the handler keeps holding. However
   * much is held, the other side's end is reported as soon as the transport can find it, and a reset within 100 ms as long as this side is open.
   */
  hold(bytes: Buffer, from: number, to: number): void;
  /** The handler holds what comes. It may set this before there is anything to hold; `takeHeld` clears it. */
  isHolding: boolean;
  /** Something is kept or held. */
  readonly hasHeld: boolean;
  /** joinHeld returns what is kept with more behind it, and keeps nothing any more. The result is the caller's if something was kept, or else still lent. */
  joinHeld(bytes: Buffer, length: number): Buffer;
  /** takeHeld returns what is kept or held, or null, and has the connection read on. */
  takeHeld(): Buffer | null;

  // Writing, besides `text` and `bytes`.

  /** flush sends what was written, as far as the system takes it. */
  flush(): void;
  /** The system has not taken everything yet: whoever feeds the connection stops, and `onRoom` says when to go on. */
  readonly isFull: boolean;
  /** Bytes written, of the content of TLS. Whoever counts them sets it back. */
  bytesOut: number;
  /** Counts writes that the system did not turn down at once: while it stays the same, nothing has left. */
  readonly writes: number;

  // Ending.

  /** end ends this side behind everything written. The other side may go on. */
  end(): void;
  /** close ends both sides once everything written has left. */
  close(): void;
  /** destroy ends both sides at once; what was written and has not left is lost. Calling it again does nothing. */
  destroy(): void;
  /** reset does what `destroy` does, so that the other side sees a reset (RST) rather than an end. A Unix socket has none, and is destroyed. */
  reset(): void;

  // TLS.

  /**
   * acceptTls has TLS spoken on an accepted connection, beginning with what is kept; `hello` is what was read of it, or null. The
   * mode, a plugin's, is given the implementation's own form of a connection. Call `read` afterwards. False: the mode lets nobody
   * in; the connection is unusable then, and to be destroyed. Throws what the mode throws, with the same consequence.
   */
  acceptTls(mode: TlsMode, hello: ClientHello | null): boolean;
  /**
   * startTls begins a handshake with the server on a dialled connection that is established, behind what was written. `protocols` are offered by
   * ALPN. Throws what `tls` throws.
   */
  startTls(tls: ServerTls, server: TlsServer, protocols: readonly string[]): void;
}

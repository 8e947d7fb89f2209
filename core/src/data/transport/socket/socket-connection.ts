/**
 * SocketConnection: a Connection that is one of Node's sockets. Hot path; data plane.
 *
 * It writes (SocketOutput) to the socket's own `_write`, reads (SocketInput) into memory that is used again, and turns the socket's events into
 * calls of its handler. With TLS, the stream that a plugin made takes the socket's place; the connection stays the same object.
 */
import type { Socket } from 'node:net';
import type { ClientHello } from '../../../plugin/client-hello.ts';
import type { ServerTls, TlsMode, TlsServer } from '../../../plugin/data-entry.ts';
import type { Connection, ConnectionHandler } from '../connection.ts';
import { SocketInput } from './socket-input.ts';
import { SocketOutput } from './socket-output.ts';
import { SocketTls } from './socket-tls.ts';

interface ConnectedSocket extends Socket {
  connection?: SocketConnection;
}

function onConnect(this: ConnectedSocket): void {
  this.connection!.handler.onOpen();
}
function onSecure(this: ConnectedSocket): void {
  this.connection!.handler.onSecure();
}
function onSecureConnect(this: ConnectedSocket): void {
  this.connection!.secured();
}
function onEnd(this: ConnectedSocket): void {
  this.connection!.handler.onEnd();
}
function onError(this: ConnectedSocket, error: Error): void {
  this.connection!.failed(this, error);
}
function onClose(this: ConnectedSocket, hadError: boolean): void {
  this.connection!.closed(hadError);
}

/** Whoever has no handler yet: what happens to it is seen by `isClosed`. */
const NOBODY: ConnectionHandler = {
  onOpen: () => undefined,
  onSecure: () => undefined,
  onTlsFailed: () => undefined,
  onBytes: () => undefined,
  onRoom: () => undefined,
  onWriteFailed: () => undefined,
  onEnd: () => undefined,
  onClosed: () => undefined,
};

/** connectionOf finds the connection of a socket; null: it has none. */
export function connectionOf(socket: object): SocketConnection | null {
  return (socket as Partial<ConnectedSocket>).connection ?? null;
}

export class SocketConnection extends SocketOutput implements Connection {
  tls: SocketTls | null = null;
  greeting: object | null = null;
  readonly #input = new SocketInput(this);
  #isListening = false;
  /** The last error of what is spoken on; `close` follows. */
  #error: Error | null = null;

  constructor(socket: Socket, handler: ConnectionHandler = NOBODY) {
    super(socket, handler);
    (socket as ConnectedSocket).connection = this;
    socket.on('error', onError);
  }

  /** dialled belongs to a socket that is connecting. `isRead`: it was made with `SocketInput.onread`. */
  dialled(isRead: boolean): void {
    const { socket } = this;
    this.#isListening = true;
    socket.on('connect', onConnect);
    socket.on('close', onClose);
    if (!isRead) return;
    this.#input.dialled(socket);
    socket.on('end', onEnd);
  }

  get remoteAddress(): string | undefined {
    return this.socket.remoteAddress;
  }

  get remotePort(): number | undefined {
    return this.socket.remotePort;
  }

  get localAddress(): string | undefined {
    return this.socket.localAddress;
  }

  get localPort(): number | undefined {
    return this.socket.localPort;
  }

  get unreachedAddresses(): readonly string[] {
    const tried = this.socket.autoSelectFamilyAttemptedAddresses ?? [];
    return tried.slice(0, -1).map((each) => each.slice(0, each.lastIndexOf(':')).replace(/^\[|\]$/g, ''));
  }

  get isClosed(): boolean {
    return this.socket.destroyed;
  }

  // Reading.

  read(handler: ConnectionHandler): void {
    this.handler = handler;
    this.#listen();
    this.#input.accept(this.socket, true);
    this.#input.handOver();
  }

  peek(handler: ConnectionHandler): void {
    this.handler = handler;
    this.#listen();
    this.#input.accept(this.socket, false);
    this.#input.handOver();
  }

  #listen(): void {
    if (this.#isListening) return;
    this.#isListening = true;
    const { socket } = this;
    socket.on('end', onEnd);
    socket.on('close', onClose);
    if (this.tls?.reportsFacts === true) socket.once('secure', onSecure);
  }

  #ignore(): void {
    this.#isListening = false;
    this.socket.off('end', onEnd);
    this.socket.off('close', onClose);
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  keep(bytes: Buffer, from: number, to: number): void {
    this.#input.keep(bytes, from, to);
  }

  hold(bytes: Buffer, from: number, to: number): void {
    this.#input.hold(bytes, from, to);
  }

  get isHolding(): boolean {
    return this.#input.isHolding;
  }

  set isHolding(value: boolean) {
    this.#input.isHolding = value;
  }

  get hasHeld(): boolean {
    return this.#input.hasHeld;
  }

  joinHeld(bytes: Buffer, length: number): Buffer {
    return this.#input.joinHeld(bytes, length);
  }

  takeHeld(): Buffer | null {
    return this.#input.takeHeld();
  }

  // Ending.

  destroy(): void {
    this.#input.close();
    this.socket.destroy();
  }

  reset(): void {
    this.#input.close();
    try {
      this.socket.resetAndDestroy();
    } catch {
      // Unix sockets have no reset, nor need the streams of TLS modes; net.Socket throws when asked for one.
      this.socket.destroy();
    }
  }

  failed(socket: Socket, error: Error): void {
    if (socket !== this.socket) return;
    this.#error = error;
    if (this.tls !== null) this.handler.onTlsFailed(error);
  }

  closed(hadError: boolean): void {
    this.#input.leave();
    this.handler.onClosed(hadError ? (this.#error ?? new Error('the connection failed')) : null);
  }

  // TLS.

  acceptTls(mode: TlsMode, hello: ClientHello | null): boolean {
    const raw = this.socket;
    if (this.#isListening) {
      this.#ignore();
      this.#input.detach();
    }
    const stream = mode.accept(raw, hello);
    if (stream === null) return false;
    this.#speak(raw, stream, mode);
    return true;
  }

  startTls(tls: ServerTls, server: TlsServer, protocols: readonly string[]): void {
    const raw = this.socket;
    this.#ignore();
    this.flush();
    const stream = tls.secure(raw, server, protocols);
    this.#speak(raw, stream, null);
    stream.on('secureConnect', onSecureConnect);
    this.#listen();
  }

  #speak(raw: Socket, stream: Socket, mode: TlsMode | null): void {
    this.tls = new SocketTls(raw, stream, mode);
    this.writeTo(stream);
    (stream as ConnectedSocket).connection = this;
    if (stream !== raw) stream.on('error', onError);
  }

  /** secured: the server is who it should be, and nothing has been read since. */
  secured(): void {
    const { socket } = this;
    this.handler.onSecure();
    if (!socket.destroyed) this.#input.accept(socket);
  }
}

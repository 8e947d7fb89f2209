/**
 * HelloPeek: an accepted connection whose TLS hello is being read, before it is known who serves it. Data plane; once a
 * connection.
 *
 * What was read is put back into the socket, so whoever takes it over finds it untouched. The whole hello has one time limit, so
 * that a byte now and then does not prolong it.
 */
import type { Socket } from 'node:net';
import type { ClientHello } from '../../plugin/client-hello.ts';
import type { OpenSession } from '../../shared/orders.ts';
import type { Closable } from '../loop.ts';
import { Timed, type TimerWheel } from '../timer-wheel.ts';
import { ClientHelloReader, HELLO_NEEDS_MORE, NO_HELLO } from './client-hello.ts';

/** How long a client may take to say hello. */
export const HELLO_MS = 10_000;

/** Peeked is told how it went, once. */
export interface Peeked {
  /** The hello is read, or the bytes are none (null). The socket is paused, and all that it had said is in it again. */
  greeted(hello: ClientHello | null): void;
  /** The connection ended, or took too long; it is destroyed. */
  gone(): void;
}

interface PeekedSocket extends Socket {
  peek: HelloPeek | null;
}

function onData(this: Socket, piece: Buffer): void {
  (this as PeekedSocket).peek?.received(piece);
}
function onGone(this: Socket): void {
  (this as PeekedSocket).peek?.destroy();
}
function onError(): void {
  // `close` follows and decides.
}

export class HelloPeek extends Timed implements Closable {
  readonly socket: Socket;
  readonly #peeked: Peeked;
  readonly #wheel: TimerWheel;
  readonly #reader = new ClientHelloReader();
  #pieces: Buffer[] = [];
  #isOver = false;

  constructor(socket: Socket, wheel: TimerWheel, peeked: Peeked) {
    super();
    this.socket = socket;
    this.#peeked = peeked;
    this.#wheel = wheel;
    (socket as PeekedSocket).peek = this;
    socket.on('data', onData);
    socket.on('end', onGone);
    socket.on('close', onGone);
    socket.on('error', onError);
    wheel.limit(this, HELLO_MS);
  }

  /** Nobody waits for an answer yet. */
  readonly isIdle = true;

  sessionOn(): OpenSession | null {
    return null;
  }

  leaveDownServers(): void {
    // It is with no server yet.
  }

  release(): void {
    this.destroy();
  }

  breakOff(): void {
    this.destroy();
  }

  expired(): void {
    this.destroy();
  }

  destroy(): void {
    if (this.#isOver) return;
    this.#leave();
    this.socket.on('error', onError);
    this.socket.destroy();
    this.#peeked.gone();
  }

  received(piece: Buffer): void {
    this.#pieces.push(piece);
    const hello = this.#reader.read(piece);
    if (hello === HELLO_NEEDS_MORE) return;
    this.#leave();
    this.socket.pause();
    this.socket.unshift(this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces));
    this.#pieces = [];
    this.#peeked.greeted(hello === NO_HELLO ? null : hello);
  }

  #leave(): void {
    this.#isOver = true;
    this.#wheel.drop(this);
    const { socket } = this;
    (socket as PeekedSocket).peek = null;
    socket.off('data', onData);
    socket.off('end', onGone);
    socket.off('close', onGone);
    socket.off('error', onError);
  }
}

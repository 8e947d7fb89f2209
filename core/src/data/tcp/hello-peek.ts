/**
 * HelloPeek reads the TLS hello of an accepted connection, and puts it back. Data plane; once a connection.
 */
import type { Socket } from 'node:net';
import type { ClientHello } from '../../plugin/client-hello.ts';
import type { TimerWheel } from '../timer-wheel.ts';
import { ClientHelloReader, HELLO_NEEDS_MORE, NO_HELLO } from './client-hello.ts';
import { Peek } from './peek.ts';

/** Greeted is told how it went, once. */
export interface Greeted {
  /** The hello is read, or the bytes are none (null). The socket is paused, and all that it had said is in it again. */
  greeted(hello: ClientHello | null): void;
  /** The connection ended, or took too long; it is destroyed. */
  gone(): void;
}

export class HelloPeek extends Peek {
  readonly #owner: Greeted;
  readonly #reader = new ClientHelloReader();
  #pieces: Buffer[] = [];

  constructor(socket: Socket, wheel: TimerWheel, limitMs: number, owner: Greeted) {
    super(socket, wheel, limitMs);
    this.#owner = owner;
  }

  gone(): void {
    this.#owner.gone();
  }

  received(piece: Buffer): void {
    this.#pieces.push(piece);
    const hello = this.#reader.read(piece);
    if (hello === HELLO_NEEDS_MORE) return;
    this.handBack(this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces));
    this.#pieces = [];
    this.#owner.greeted(hello === NO_HELLO ? null : hello);
  }
}

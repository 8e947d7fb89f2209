/**
 * HelloPeek reads the TLS hello of an accepted connection, and puts it back. Data plane; once a connection.
 */
import type { Socket } from 'node:net';
import type { ClientHello } from '../../plugin/client-hello.ts';
import type { TimerWheel } from '../loop/timer-wheel.ts';
import { HeldBytes } from '../transport/held-bytes.ts';
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
  /** What came before the last piece: a client may say its hello byte by byte. */
  readonly #held = new HeldBytes();

  constructor(socket: Socket, wheel: TimerWheel, limitMs: number, owner: Greeted) {
    super(socket, wheel, limitMs);
    this.#owner = owner;
  }

  gone(): void {
    this.#owner.gone();
  }

  received(piece: Buffer): void {
    const hello = this.#reader.read(piece);
    const isAlone = this.#held.length === 0;
    if (hello === HELLO_NEEDS_MORE || !isAlone) this.#held.add(piece, 0, piece.length);
    if (hello === HELLO_NEEDS_MORE) return;
    this.handBack(isAlone ? piece : this.#held.all());
    this.#owner.greeted(hello === NO_HELLO ? null : hello);
  }
}

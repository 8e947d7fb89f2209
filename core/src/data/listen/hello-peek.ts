/**
 * HelloPeek reads the TLS hello of an accepted connection, and puts it back. Data plane; once a connection.
 */
import type { ClientHello } from '../../plugin/client-hello.ts';
import type { TimerWheel } from '../loop/timer-wheel.ts';
import type { Connection } from '../transport/connection.ts';
import { HeldBytes } from '../transport/held-bytes.ts';
import { ClientHelloReader, HELLO_NEEDS_MORE, NO_HELLO } from './client-hello.ts';
import { Peek } from './peek.ts';

/** Greeted is told how it went, once. */
export interface Greeted {
  /** The hello is read, or the bytes are none (null). Everything that was said is kept for whoever takes the connection over. */
  greeted(hello: ClientHello | null): void;
  /** The connection ended, or took too long; it is destroyed. */
  onGone(): void;
}

export class HelloPeek extends Peek {
  readonly #owner: Greeted;
  readonly #reader = new ClientHelloReader();
  /** What came before the last piece: a client may say its hello byte by byte. */
  readonly #held = new HeldBytes();

  constructor(connection: Connection, wheel: TimerWheel, limitMs: number, owner: Greeted) {
    super(connection, wheel, limitMs);
    this.#owner = owner;
  }

  onGone(): void {
    this.#owner.onGone();
  }

  onBytes(bytes: Buffer, length: number): void {
    const piece = length === bytes.length ? bytes : bytes.subarray(0, length);
    const hello = this.#reader.read(piece);
    const isAlone = this.#held.length === 0;
    if (hello === HELLO_NEEDS_MORE || !isAlone) this.#held.add(piece, 0, length);
    if (hello === HELLO_NEEDS_MORE) return;
    const all = isAlone ? piece : this.#held.all();
    this.handOver(all, 0, all.length);
    this.#owner.greeted(hello === NO_HELLO ? null : hello);
  }
}

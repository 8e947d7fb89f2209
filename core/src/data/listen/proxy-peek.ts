/**
 * ProxyPeek takes the PROXY header off an accepted connection from a proxy that is trusted. Data plane; once a connection.
 */
import type { Socket } from 'node:net';
import type { TimerWheel } from '../loop/timer-wheel.ts';
import { NO_PROXY_HEADER, PROXY_NEEDS_MORE, type ProxiedConnection, ProxyReader } from '../proxy/proxy-reader.ts';
import { Peek } from './peek.ts';

/** Introduced is told how it went, once. */
export interface Introduced {
  /** The header is read. The socket is paused, and what came behind the header is in it. */
  introduced(connection: ProxiedConnection): void;
  /** The connection ended, or took too long, or (`isBad`) began with something else; it is destroyed. */
  gone(isBad: boolean): void;
}

export class ProxyPeek extends Peek {
  readonly #owner: Introduced;
  readonly #reader = new ProxyReader();
  #isBad = false;

  constructor(socket: Socket, wheel: TimerWheel, limitMs: number, owner: Introduced) {
    super(socket, wheel, limitMs);
    this.#owner = owner;
  }

  gone(): void {
    this.#owner.gone(this.#isBad);
  }

  received(piece: Buffer): void {
    const header = this.#reader.read(piece);
    if (header === PROXY_NEEDS_MORE) return;
    if (header === NO_PROXY_HEADER) {
      this.#isBad = true;
      this.destroy();
      return;
    }
    const { restAt } = this.#reader;
    this.handBack(restAt === piece.length ? null : piece.subarray(restAt));
    this.#owner.introduced(header);
  }
}

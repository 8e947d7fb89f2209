/**
 * ProxyPeek takes the PROXY header off an accepted connection from a proxy that is trusted. Data plane; once a connection.
 */
import type { TimerWheel } from '../loop/timer-wheel.ts';
import { NO_PROXY_HEADER, PROXY_NEEDS_MORE, type ProxiedConnection, ProxyReader } from '../proxy/proxy-reader.ts';
import type { Connection } from '../transport/connection.ts';
import { Peek } from './peek.ts';

/** Introduced is told how it went, once. */
export interface Introduced {
  /** The header is read. What came behind it is kept for whoever takes the connection over. */
  introduced(connection: ProxiedConnection): void;
  /** The connection ended, or took too long, or (`isBad`) began with something else; it is destroyed. */
  onGone(isBad: boolean): void;
}

export class ProxyPeek extends Peek {
  readonly #owner: Introduced;
  readonly #reader = new ProxyReader();
  #isBad = false;

  constructor(connection: Connection, wheel: TimerWheel, limitMs: number, owner: Introduced) {
    super(connection, wheel, limitMs);
    this.#owner = owner;
  }

  onGone(): void {
    this.#owner.onGone(this.#isBad);
  }

  onBytes(bytes: Buffer, length: number): void {
    const header = this.#reader.read(length === bytes.length ? bytes : bytes.subarray(0, length));
    if (header === PROXY_NEEDS_MORE) return;
    if (header === NO_PROXY_HEADER) {
      this.#isBad = true;
      this.destroy();
      return;
    }
    this.handOver(bytes, this.#reader.restAt, length);
    this.#owner.introduced(header);
  }
}

/**
 * SocketTls: the TLS on a SocketConnection: Node's TLSSocket, or whatever stream a plugin's mode made of the connection. Data plane.
 */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { TlsFacts } from '@sluice/dsl/match';
import type { TlsMode } from '../../../plugin/data-entry.ts';
import { isResumed } from '../../../plugin/native-tls.ts';
import type { ConnectionTls } from '../connection-tls.ts';
import { watchEnd } from './watched-end.ts';

export class SocketTls implements ConnectionTls {
  readonly #raw: Socket;
  readonly #stream: Socket;
  /** What made it of a client's connection; null: it is spoken to a server. */
  readonly #mode: TlsMode | null;

  constructor(raw: Socket, stream: Socket, mode: TlsMode | null) {
    this.#raw = raw;
    this.#stream = stream;
    this.#mode = mode;
  }

  /** The mode's streams emit `secure` when the handshake has ended. */
  get reportsFacts(): boolean {
    return this.#mode?.facts !== undefined;
  }

  get protocol(): string | null {
    const { alpnProtocol } = this.#stream as Partial<TLSSocket>;
    return alpnProtocol === undefined ? null : alpnProtocol || '';
  }

  get isResumed(): boolean {
    return isResumed(this.#stream as TLSSocket);
  }

  facts(): TlsFacts | null {
    return this.#mode?.facts?.(this.#stream) ?? null;
  }

  watchEnd(): boolean {
    return watchEnd(this.#raw, this.#stream);
  }
}

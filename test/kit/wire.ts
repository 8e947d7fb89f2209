/**
 * Wire is one TCP connection as a test sees it, from either end: send these bytes, expect those, expect it closed. It
 * keeps every byte that it received. Nothing here sleeps: each wait ends with the event, or fails after a deadline and
 * says what had come by then. Test code.
 */
import { connect, type Socket } from 'node:net';
import {
  type AnswerContext,
  type HttpAnswer,
  type HttpRequest,
  quote,
  readAnswer,
  readRequest,
} from './http-message.ts';

/** How long a wait may take before the test fails. Generous: it is reached only when something is broken. */
export const PATIENCE_MS = Number(process.env.SLUICE_TEST_PATIENCE_MS ?? 20_000);

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** WireEnded says that the other side ended the connection before what was waited for had come. */
export class WireEnded extends Error {
  /** Bytes that had come and belonged to nothing complete. */
  readonly pending: number;
  constructor(message: string, pending: number) {
    super(message);
    this.name = 'WireEnded';
    this.pending = pending;
  }
}

export class Wire {
  readonly socket: Socket;
  /** How the other side ended: not yet, in order (FIN), or by a reset or other error. */
  ending: 'open' | 'ended' | 'reset' = 'open';
  #pieces: Buffer[] = [];
  #position = 0;
  #waiting = new Set<() => void>();

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (piece: Buffer) => {
      this.#pieces.push(piece);
      this.#wake();
    });
    socket.on('end', () => {
      if (this.ending === 'open') this.ending = 'ended';
      this.#wake();
    });
    socket.on('error', () => {
      this.ending = 'reset';
      this.#wake();
    });
    socket.on('close', () => {
      if (this.ending === 'open') this.ending = 'reset';
      this.#wake();
    });
  }

  /** received is every byte so far, also those that were already looked at. */
  get received(): Buffer {
    if (this.#pieces.length !== 1) this.#pieces = [Buffer.concat(this.#pieces)];
    return this.#pieces[0]!;
  }

  /** pending is what came behind the last thing that was waited for. */
  get pending(): Buffer {
    return this.received.subarray(this.#position);
  }

  /** forget drops the bytes that were looked at already, for connections that live long. */
  forget(): this {
    this.#pieces = [Buffer.from(this.pending)];
    this.#position = 0;
    return this;
  }

  /** send writes in one piece. Strings are latin1, so that each character is a byte. */
  send(bytes: string | Buffer): this {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
    return this;
  }

  /** sendInPieces writes pieces of so many bytes, a turn of the event loop apart. Stops in silence once the wire is closed. */
  async sendInPieces(bytes: string | Buffer, size = 1): Promise<void> {
    const all = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
    for (let at = 0; at < all.length && this.socket.writable; at += size) {
      this.socket.write(all.subarray(at, at + size));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** request waits for the next whole, strictly well-formed request. */
  request(): Promise<HttpRequest> {
    return this.#read('a request', () => readRequest(this.received, this.#position));
  }

  /** answer waits for the next whole answer; a 1xx counts as one. */
  answer(context: AnswerContext = {}): Promise<HttpAnswer> {
    return this.#read('an answer', () =>
      readAnswer(this.received, this.#position, { isEnded: this.ending === 'ended', ...context }),
    );
  }

  /** bytes waits for exactly so many more bytes. */
  bytes(count: number): Promise<Buffer> {
    const piece = () => {
      const end = this.#position + count;
      return this.received.length < end ? null : { end, piece: this.received.subarray(this.#position, end) };
    };
    return this.#read(`${count} bytes`, piece).then((found) => found.piece);
  }

  /** text waits until these very bytes have come, and takes everything up to their end. */
  text(wanted: string): Promise<string> {
    const find = () => {
      const at = this.received.indexOf(wanted, this.#position, 'latin1');
      return at === -1 ? null : { end: at + wanted.length };
    };
    const from = this.#position;
    return this.#read(quote(wanted), find).then((found) => this.received.toString('latin1', from, found.end));
  }

  /** closed waits until the other side has ended the connection, in order or by a reset. */
  async closed(): Promise<'ended' | 'reset'> {
    await this.#until('the end of the connection', () => (this.ending === 'open' ? null : true), true);
    return this.ending as 'ended' | 'reset';
  }

  /** end says that nothing more will be sent (FIN); it can still receive. */
  end(): this {
    this.socket.end();
    return this;
  }

  /** reset ends the connection with a RST. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  destroy(): void {
    this.socket.destroy();
  }

  async #read<T extends { readonly end: number }>(what: string, find: () => T | null): Promise<T> {
    const found = await this.#until(what, find, false);
    this.#position = found.end;
    return found;
  }

  #until<T>(what: string, find: () => T | null, mayEnd: boolean): Promise<T> {
    return new Promise((resolve, reject) => {
      const look = () => {
        try {
          const found = find();
          if (found !== null) settle(() => resolve(found));
          else if (this.ending !== 'open' && !mayEnd) {
            const message = `connection ${this.ending} before ${what} came; got ${quote(this.pending.toString('latin1'))}`;
            settle(() => reject(new WireEnded(message, this.pending.length)));
          }
        } catch (error) {
          settle(() => reject(error));
        }
      };
      const settle = (finish: () => void) => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        finish();
      };
      const timer = setTimeout(() => {
        const got = quote(this.pending.toString('latin1'));
        settle(() => reject(new Error(`waited ${PATIENCE_MS} ms for ${what}; got ${got}`)));
      }, PATIENCE_MS);
      this.#waiting.add(look);
      look();
    });
  }

  #wake(): void {
    for (const look of [...this.#waiting]) look();
  }
}

/** connectTo opens a client's connection; with `from`, out of that loopback address. */
export function connectTo(address: Address, from?: string): Promise<Wire> {
  return new Promise((resolve, reject) => {
    const local = from === undefined ? {} : { localAddress: from };
    const socket = connect({ host: address.host, port: address.port, allowHalfOpen: true, ...local });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(new Wire(socket));
    });
  });
}

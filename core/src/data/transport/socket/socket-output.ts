/**
 * SocketOutput: the writing half of a SocketConnection. Hot path; data plane.
 *
 * Small pieces are joined into one latin1 string and leave in one system call (the call copies the string, so nothing is
 * kept alive); large ones go as they are, together with what was held before them.
 *
 * It calls the socket's own `_write` and `_writev` rather than `write`: the queue, the accounting and the extra tick of
 * Node's Writable cost about a tenth of a request, and the operating system's socket already is a queue. Node's own net
 * module reaches the handle the same way. A write that the system could not take at once makes the output full until it
 * has; whoever feeds it stops reading meanwhile. A TLS socket is no queue: it takes one write at a time, and a second one would end
 * the process, so what comes before the first is done waits here.
 *
 * It is a base class rather than a part, so that wires write to the connection itself and not through it.
 */

import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type {} from '../buffer-slices.ts';
import type { ConnectionHandler } from '../connection.ts';

/** Pieces up to this size are copied into the held text; larger ones are written by reference. */
export const SMALL_BYTES = 4096;
const MOST_HELD = 16384;

type Written = (error?: Error | null) => void;

interface Piece {
  readonly chunk: string | Buffer;
  readonly encoding: string;
}

/** The part of net.Socket that its types leave out for us: what a Writable is made of. */
interface RawSocket {
  _write(piece: string | Buffer, encoding: string, written: Written): void;
  readonly _writev: ((pieces: Piece[], written: Written) => void) | null;
}

const NOTHING_ENDS = 0;
/** Our side is to be ended once everything has been written. */
const HALF_ENDS = 1;
/** The connection is to be closed then. */
const ALL_ENDS = 2;

/** One an event loop: `isKept` is set when a write goes on to refer to the bytes it was given after the call. */
export const lending = { isKept: false };

export abstract class SocketOutput {
  /** What is written to: the system's connection, or the TLS on it. */
  protected socket: Socket;
  handler: ConnectionHandler;
  bytesOut = 0;
  writes = 0;
  #held = '';
  #inFlight = 0;
  #isWriting = false;
  #wasTurnedDown = false;
  readonly #written: Written;
  /** The socket takes one write at a time. */
  #isSerial = false;
  #waiting: Piece[] | null = null;
  #ending = NOTHING_ENDS;

  constructor(socket: Socket, handler: ConnectionHandler) {
    this.socket = socket;
    this.handler = handler;
    this.#written = (error) => {
      this.#inFlight--;
      if (error) {
        this.#wasTurnedDown = this.#isWriting;
        if (!this.socket.destroyed) this.handler.onWriteFailed();
      } else if (this.#inFlight === 0 && !this.socket.destroyed) {
        if (this.#waiting !== null) return this.#writeWaiting();
        this.#endNow();
        if (!this.#isWriting) this.handler.onRoom();
      }
    };
  }

  /** writeTo goes over to the TLS on the socket. What was written before leaves before it. */
  protected writeTo(stream: Socket): void {
    this.flush();
    this.socket = stream;
    this.#isSerial = (stream as Partial<TLSSocket>).encrypted === true;
  }

  text(latin1: string): void {
    this.#held += latin1;
    if (this.#held.length > MOST_HELD) this.flush();
  }

  bytes(bytes: Buffer, from: number, to: number): void {
    const length = to - from;
    if (length <= 0) return;
    if (length <= SMALL_BYTES) {
      this.text(bytes.latin1Slice(from, to));
      return;
    }
    const held = this.#held;
    const piece = bytes.subarray(from, to);
    if (this.#isSerial && this.#inFlight !== 0) {
      this.flush();
      this.#wait(piece, 'buffer', length);
      lending.isKept = true;
      return;
    }
    const raw = this.socket as unknown as RawSocket;
    if (held === '' || raw._writev === null) {
      this.flush();
      this.#write(piece, 'buffer', length);
      if (this.#inFlight !== 0) lending.isKept = true;
      return;
    }
    this.#held = '';
    this.bytesOut += held.length + length;
    this.#inFlight++;
    this.#isWriting = true;
    raw._writev(
      [
        { chunk: held, encoding: 'latin1' },
        { chunk: piece, encoding: 'buffer' },
      ],
      this.#written,
    );
    this.#wrote();
    if (this.#inFlight !== 0) lending.isKept = true;
  }

  flush(): void {
    const held = this.#held;
    if (held === '') return;
    this.#held = '';
    this.#write(held, 'latin1', held.length);
  }

  get isFull(): boolean {
    return this.#inFlight !== 0;
  }

  end(): void {
    this.#endWith(HALF_ENDS);
  }

  close(): void {
    this.#endWith(ALL_ENDS);
  }

  #endWith(ending: number): void {
    this.flush();
    this.#ending = ending;
    // A TLS socket that is ended in the middle of a write sends no close_notify, and the client takes the answer for cut off.
    if (!this.#isSerial || this.#inFlight === 0) this.#endNow();
  }

  #endNow(): void {
    const ending = this.#ending;
    if (ending === NOTHING_ENDS) return;
    this.#ending = NOTHING_ENDS;
    if (ending === HALF_ENDS) this.socket.end();
    else this.socket.destroySoon();
  }

  #wait(chunk: string | Buffer, encoding: string, length: number): void {
    this.bytesOut += length;
    this.#waiting ??= [];
    this.#waiting.push({ chunk, encoding });
  }

  #writeWaiting(): void {
    const pieces = this.#waiting!;
    this.#waiting = null;
    this.#inFlight++;
    this.writes++;
    (this.socket as unknown as RawSocket)._writev!(pieces, this.#written);
  }

  #write(piece: string | Buffer, encoding: string, length: number): void {
    if (this.#isSerial && this.#inFlight !== 0) {
      this.#wait(piece, encoding, length);
      return;
    }
    this.bytesOut += length;
    this.#inFlight++;
    this.#isWriting = true;
    (this.socket as unknown as RawSocket)._write(piece, encoding, this.#written);
    this.#wrote();
  }

  #wrote(): void {
    this.#isWriting = false;
    if (this.#wasTurnedDown) this.#wasTurnedDown = false;
    else this.writes++;
  }
}

/**
 * Output: the writing side of one socket. Hot path; data plane.
 *
 * Small pieces are joined into one latin1 string and leave in one system call (the call copies the string, so nothing is
 * kept alive); large ones go as they are, together with what was held before them.
 *
 * It calls the socket's own `_write` and `_writev` rather than `write`: the queue, the accounting and the extra tick of
 * Node's Writable cost about a tenth of a request, and the operating system's socket already is a queue. Node's own net
 * module reaches the handle the same way. A write that the system could not take at once makes the output full until it
 * has; whoever feeds it stops reading meanwhile. A TLS socket is no queue: it takes one write at a time, and a second one would end
 * the process, so what comes before the first is done waits here.
 */

import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { BodySink } from './body-sink.ts';
import type {} from './buffer-slices.ts';

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

/** Feeder is told when a full output has room again, and when a write failed. */
export interface Feeder {
  drained(): void;
  /** Perhaps in the middle of a write of the feeder's own. */
  writeFailed(): void;
}

/** One an event loop: `isKept` is set when a write goes on to refer to the bytes it was given after the call. */
export const lending = { isKept: false };

export class Output implements BodySink {
  readonly socket: Socket;
  bytesOut = 0;
  /** Writes that the socket did not turn down at once: while this stays the same, nothing has left. */
  writes = 0;
  #held = '';
  #inFlight = 0;
  #isWriting = false;
  #wasTurnedDown = false;
  readonly #written: Written;
  /** The socket takes one write at a time. */
  readonly #isSerial: boolean;
  #waiting: Piece[] = [];
  /** What is to be done with the socket once everything has been written; null: nothing. */
  #ending: (() => void) | null = null;

  constructor(socket: Socket, feeder: Feeder) {
    this.socket = socket;
    this.#isSerial = (socket as Partial<TLSSocket>).encrypted === true;
    this.#written = (error) => {
      this.#inFlight--;
      if (error) {
        this.#wasTurnedDown = this.#isWriting;
        feeder.writeFailed();
      } else if (this.#inFlight === 0 && !socket.destroyed) {
        if (this.#waiting.length > 0) return this.#writeWaiting();
        this.#endNow();
        if (!this.#isWriting) feeder.drained();
      }
    };
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

  /** flush writes what is held. Call it at the end of every turn that wrote. */
  flush(): void {
    const held = this.#held;
    if (held === '') return;
    this.#held = '';
    this.#write(held, 'latin1', held.length);
  }

  /** isFull: the system has not taken everything yet. The feeder is told when it has. */
  get isFull(): boolean {
    return this.#inFlight !== 0;
  }

  /** end ends our side of the connection when everything has been written. */
  end(): void {
    this.#endWith(() => this.socket.end());
  }

  /** endSoon closes the connection when everything has been written. */
  endSoon(): void {
    this.#endWith(() => this.socket.destroySoon());
  }

  #endWith(ending: () => void): void {
    this.flush();
    this.#ending = ending;
    // A TLS socket that is ended in the middle of a write sends no close_notify, and the client takes the answer for cut off.
    if (!this.#isSerial || this.#inFlight === 0) this.#endNow();
  }

  #endNow(): void {
    const ending = this.#ending;
    this.#ending = null;
    ending?.();
  }

  #wait(chunk: string | Buffer, encoding: string, length: number): void {
    this.bytesOut += length;
    this.#waiting.push({ chunk, encoding });
  }

  #writeWaiting(): void {
    const pieces = this.#waiting;
    this.#waiting = [];
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

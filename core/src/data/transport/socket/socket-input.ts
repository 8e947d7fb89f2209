/**
 * SocketInput: the reading half of a SocketConnection, and what it holds. Hot path; data plane.
 *
 * It lends what was read to the connection's handler, for the call only, and reads into the same memory again (read-buffer.ts) unless a
 * write still refers to it. Streams for which Node cannot do that, such as those of TLS, are read by their `data` events;
 * handlers see no difference.
 */
import type { OnReadOpts, Socket } from 'node:net';
import { constants as osConstants } from 'node:os';
import type { ConnectionHandler } from '../connection.ts';
import { ReadBuffer } from './read-buffer.ts';
import { reuseReads } from './reused-reads.ts';
import { lending, SMALL_BYTES } from './socket-output.ts';

/** InputOwner is the connection. */
export interface InputOwner {
  readonly handler: ConnectionHandler;
}

/**
 * So many bytes that came before their turn are held; only then the socket is no longer read. Until then it is, as a socket
 * that is not read does not tell that the other side has gone.
 */
const MOST_HELD_BYTES = 65536;
/**
 * A socket that is no longer read is read on a little at each look, up to this, as the end of a client that has gone stands behind what
 * it sent. All sockets of a thread together may have so much held beyond the bound above.
 */
const MOST_AHEAD_BYTES = 1_048_576;
const MOST_AHEAD_BYTES_OF_ALL = 16_777_216;

interface InputSocket extends Socket {
  input: SocketInput;
}

/** A reset socket has no peer any more; nor has one whose sides have both ended. */
const ENOTCONN = -osConstants.errno.ENOTCONN;

interface PeeredHandle {
  getpeername?(found: object): number;
}

/** Those that are not read now, of one thread. */
const stopped = new Set<SocketInput>();

/** What they all hold beyond the bound of one. */
let aheadBytes = 0;

/** lookAtStopped looks for clients that have gone among the sockets that are not read. Call it now and then. */
export function lookAtStopped(): void {
  if (stopped.size > 0) for (const input of [...stopped]) input.look();
}

const shared = new ReadBuffer().current();

/** What Node is told when it asks for a socket's next buffer: a new socket's first one, but for right after a read. */
let offered: Buffer | undefined = shared;

function nextBuffer(): Buffer | undefined {
  const buffer = offered;
  offered = shared;
  return buffer;
}

function takeRead(this: Socket, length: number, bytes: Uint8Array): boolean {
  offered = (this as InputSocket).input.read(bytes as Buffer, length);
  return true;
}

function giveHeld(input: SocketInput): void {
  input.giveHeld();
}

function onData(this: Socket, chunk: Buffer): void {
  (this as InputSocket).input.pushed(chunk);
}

export class SocketInput {
  /** onread are the options for a socket that `connect` makes; call `dialled` at once. */
  static readonly onread: OnReadOpts = {
    buffer: nextBuffer as () => Buffer,
    callback: takeRead as unknown as OnReadOpts['callback'],
  };

  isHolding = false;
  readonly #owner: InputOwner;
  readonly #buffer = new ReadBuffer();
  #socket: Socket | null = null;
  #held: Buffer | null = null;
  /** So much is held that the socket is not read. */
  #isStopped = false;
  /** It is read until so much is held. */
  #mostHeld = MOST_HELD_BYTES;
  /** Its part in what all hold beyond the bound of one. */
  #ahead = 0;
  /** It is read into memory that is used again. */
  #isReused = false;
  /** The own buffer is lent. */
  #isReading = false;
  /** What is held was left to the handler that the connection has now. */
  #isHandedOver = false;
  /** A handler is being given something. */
  #isGiving = false;
  #isClosed = false;

  constructor(owner: InputOwner) {
    this.#owner = owner;
  }

  /** dialled belongs to a socket made with `onread`. */
  dialled(socket: Socket): void {
    this.#isReused = true;
    this.#attach(socket);
  }

  #attach(socket: Socket): void {
    this.#socket = socket;
    (socket as InputSocket).input = this;
  }

  /**
   * accept begins to read a socket that was accepted, or a stream of TLS, or goes on where a peek ends. What Node has read already
   * comes in a moment, before anything else. `mayReuse`: into memory that is used again; without, `detach` can follow.
   */
  accept(socket: Socket, mayReuse = true): void {
    if (this.#socket !== socket) {
      this.#attach(socket);
      this.#isReused = false;
    } else if (!this.#isReused) socket.off('data', onData);
    if (socket.readableLength > 0) {
      let first: Buffer | null = null;
      // Asked for before the read: an end that is behind these bytes is reported after them.
      process.nextTick(() => {
        if (first !== null) this.pushed(first);
      });
      first = socket.read() as Buffer | null;
    }
    if (socket.isPaused()) socket.resume();
    if (this.#isReused) return;
    this.#isReused = mayReuse && reuseReads(socket, shared, takeRead, nextBuffer);
    if (!this.#isReused) socket.on('data', onData);
  }

  /** detach ends a peek: what is held is put back into the socket, for whatever reads it next. */
  detach(): void {
    const socket = this.#socket;
    if (socket === null) return;
    const held = this.takeHeld();
    this.#socket = null;
    socket.off('data', onData);
    socket.pause();
    if (held !== null) socket.unshift(held);
  }

  /** close says that nothing counts any more, neither what is held nor what is read from now on. */
  close(): void {
    this.#held = null;
    this.leave();
  }

  /** leave: nothing more will be read. What is held can still be taken. */
  leave(): void {
    this.#isClosed = true;
    this.#notAhead();
    if (this.#isStopped) stopped.delete(this);
    this.#isStopped = false;
    // While reading, the buffer may already be part of a write; `read` sees to it.
    if (!this.#isReading) this.#buffer.release();
  }

  get hasHeld(): boolean {
    return this.#held !== null;
  }

  keep(bytes: Buffer, from: number, to: number): void {
    const part = bytes.subarray(from, to);
    this.#held = this.#held === null ? Buffer.from(part) : Buffer.concat([this.#held, part]);
  }

  hold(bytes: Buffer, from: number, to: number): void {
    this.keep(bytes, from, to);
    this.isHolding = true;
    if (this.#isStopped || this.#held!.length < this.#mostHeld) return;
    this.#isStopped = true;
    this.#socket!.pause();
    stopped.add(this);
    const ahead = this.#held!.length - MOST_HELD_BYTES;
    aheadBytes += ahead - this.#ahead;
    this.#ahead = ahead;
  }

  /** notAhead: what was held has gone. */
  #notAhead(): void {
    aheadBytes -= this.#ahead;
    this.#ahead = 0;
    this.#mostHeld = MOST_HELD_BYTES;
  }

  /**
   * look ends a socket that is not read and was reset meanwhile: nothing else would tell. An end in good order (FIN) is behind what was not
   * read, so the next bytes are read too, within bounds. Once our side has ended, reading alone tells a reset from an end.
   */
  look(): void {
    const socket = this.#socket!;
    const handle = (socket as unknown as { readonly _handle: PeeredHandle | null })._handle;
    const mayHaveEnded = socket.writableEnded;
    if (!mayHaveEnded && typeof handle?.getpeername === 'function' && handle.getpeername({}) === ENOTCONN) {
      stopped.delete(this);
      socket.destroy(new Error('the connection was reset'));
    } else if (this.#held!.length < MOST_AHEAD_BYTES && aheadBytes < MOST_AHEAD_BYTES_OF_ALL) {
      this.#isStopped = false;
      stopped.delete(this);
      this.#mostHeld = this.#held!.length + MOST_HELD_BYTES;
      socket.resume();
    }
  }

  joinHeld(bytes: Buffer, length: number): Buffer {
    const held = this.#held;
    this.#held = null;
    this.#isHandedOver = false;
    const more = bytes.subarray(0, length);
    return held === null ? more : Buffer.concat([held, more]);
  }

  takeHeld(): Buffer | null {
    const held = this.#held;
    this.#held = null;
    this.#isHandedOver = false;
    this.#notAhead();
    this.isHolding = false;
    if (this.#isStopped) {
      this.#isStopped = false;
      stopped.delete(this);
      this.#socket!.resume();
    }
    return held;
  }

  /** handOver: what is held is for the handler that the connection has now. Within `onBytes`, it gets that when the method has returned. */
  handOver(): void {
    if (this.#held === null) return;
    this.#isHandedOver = true;
    if (!this.#isGiving) process.nextTick(giveHeld, this);
  }

  #give(bytes: Buffer, length: number): void {
    this.#isGiving = true;
    this.#owner.handler.onBytes(bytes, length);
    this.#isGiving = false;
    if (this.#isHandedOver) this.giveHeld();
  }

  /** giveHeld gives a handler what its predecessor left to it, unless it has taken that already. */
  giveHeld(): void {
    if (!this.#isHandedOver) return;
    const held = this.takeHeld();
    if (held !== null && !this.#isClosed) this.#give(held, held.length);
  }

  /** pushed takes bytes that are nobody else's. */
  pushed(chunk: Buffer): void {
    if (!this.#isClosed) this.#give(chunk, chunk.length);
  }

  /** read takes what Node has read, and returns the buffer for the next read; undefined for the same one. */
  read(bytes: Buffer, length: number): Buffer | undefined {
    const buffer = this.#buffer;
    if (this.#isClosed) return undefined;
    if (buffer.isShared) {
      // Anything longer may be written by reference, and others will read into this memory before the write is done.
      this.#give(length > SMALL_BYTES ? Buffer.from(bytes.subarray(0, length)) : bytes, length);
      if (this.#isClosed) return undefined;
      buffer.filled(length);
    } else {
      lending.isKept = false;
      this.#isReading = true;
      this.#give(bytes, length);
      this.#isReading = false;
      if (lending.isKept) buffer.leave();
      else buffer.filled(length);
    }
    if (this.#isClosed) buffer.release();
    const next = buffer.current();
    return next === bytes ? undefined : next;
  }
}

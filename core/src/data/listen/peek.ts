/**
 * Peek: an accepted connection whose first bytes are being read, before it is known who serves it. Data plane; once a
 * connection.
 *
 * What does not belong to the one who looks is put back into the socket, so whoever takes it over finds it untouched. The whole
 * has one time limit, so that a byte now and then does not prolong it.
 */
import type { Socket } from 'node:net';
import type { Closable } from '../loop/loop.ts';
import { Timed, type TimerWheel } from '../loop/timer-wheel.ts';

interface PeekedSocket extends Socket {
  peek: Peek | null;
}

function onData(this: Socket, piece: Buffer): void {
  (this as PeekedSocket).peek?.received(piece);
}
function onGone(this: Socket): void {
  (this as PeekedSocket).peek?.destroy();
}
function onError(): void {
  // `close` follows and decides.
}

export abstract class Peek extends Timed implements Closable {
  readonly socket: Socket;
  countedAs = 0;
  readonly #wheel: TimerWheel;
  #isOver = false;

  /** `limitMs`: how long the client may take to say what is read here. */
  constructor(socket: Socket, wheel: TimerWheel, limitMs: number) {
    super();
    this.socket = socket;
    this.#wheel = wheel;
    (socket as PeekedSocket).peek = this;
    socket.on('data', onData);
    socket.on('end', onGone);
    socket.on('close', onGone);
    socket.on('error', onError);
    // Somebody else may have looked before.
    if (socket.isPaused()) socket.resume();
    wheel.limit(this, limitMs);
  }

  abstract received(piece: Buffer): void;
  /** gone: the connection ended, or took too long; it is destroyed. */
  abstract gone(): void;

  /** Nobody waits for an answer yet. */
  readonly isIdle = true;

  addSessionsOn(): void {
    // It is with no server yet.
  }

  leaveDownServers(): void {
    // It is with no server yet.
  }

  giveUp(): void {
    this.destroy();
  }

  leaveServer(): number {
    return 0;
  }

  release(): void {
    this.destroy();
  }

  breakOff(): void {
    this.destroy();
  }

  expired(): void {
    this.destroy();
  }

  destroy(): void {
    if (this.#isOver) return;
    this.#leave();
    this.socket.on('error', onError);
    this.socket.destroy();
    this.gone();
  }

  /** handBack ends the look: the socket is paused, with these bytes in it. */
  handBack(rest: Buffer | null): void {
    this.#leave();
    this.socket.pause();
    if (rest !== null) this.socket.unshift(rest);
  }

  #leave(): void {
    this.#isOver = true;
    this.#wheel.drop(this);
    const { socket } = this;
    (socket as PeekedSocket).peek = null;
    socket.off('data', onData);
    socket.off('end', onGone);
    socket.off('close', onGone);
    socket.off('error', onError);
  }
}

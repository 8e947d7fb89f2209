/**
 * Peek: an accepted connection whose first bytes are being read, before it is known who serves it. Data plane; once a
 * connection.
 *
 * What does not belong to the one who looks is kept by the connection, so whoever takes it over finds it untouched. The whole
 * has one time limit, so that a byte now and then does not prolong it.
 */
import type { Closable } from '../loop/loop.ts';
import { Timed, type TimerWheel } from '../loop/timer-wheel.ts';
import type { Connection, ConnectionHandler } from '../transport/connection.ts';

export abstract class Peek extends Timed implements Closable, ConnectionHandler {
  readonly connection: Connection;
  countedAs = 0;
  readonly #wheel: TimerWheel;
  #isOver = false;

  /** `limitMs`: how long the client may take to say what is read here. */
  constructor(connection: Connection, wheel: TimerWheel, limitMs: number) {
    super();
    this.connection = connection;
    this.#wheel = wheel;
    connection.peek(this);
    wheel.limit(this, limitMs);
  }

  abstract onBytes(bytes: Buffer, length: number): void;
  /** onGone: the connection ended, or took too long; it is destroyed. */
  abstract onGone(): void;

  /** Nobody waits for an answer yet. */
  readonly isIdle = true;

  endSessionsIf(): number {
    return 0;
  }

  addSessionsIf(): void {
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
    this.connection.destroy();
    this.onGone();
  }

  onEnd(): void {
    this.destroy();
  }

  onClosed(): void {
    this.destroy();
  }

  onOpen(): void {
    // It was accepted.
  }

  onSecure(): void {
    // TLS, if any, comes afterwards.
  }

  onTlsFailed(): void {
    // TLS, if any, comes afterwards.
  }

  onRoom(): void {
    // Nothing is written yet.
  }

  onWriteFailed(): void {
    // Nothing is written yet.
  }

  /** handOver ends the look. What of these bytes is not the peek's own is for whoever takes the connection over. */
  protected handOver(bytes: Buffer, from: number, to: number): void {
    this.#leave();
    if (from < to) this.connection.keep(bytes, from, to);
  }

  #leave(): void {
    this.#isOver = true;
    this.#wheel.drop(this);
  }
}

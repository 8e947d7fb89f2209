/**
 * Sniffer: an accepted connection of an http listener until its first bytes, or what ALPN chose, say which HTTP its client speaks. Data
 * plane; once a connection.
 *
 * HTTP/2 without TLS is known by its preface ("prior knowledge", RFC 9113 section 3.3). With TLS, ALPN decides alone (section 3.2). Everything else is
 * HTTP/1, and so is all that can happen to a connection before it has said anything.
 */
import type { IpAddress } from '@sluice/dsl/match';
import type { ClientPort } from '../exchange/client-port.ts';
import { ClientConnection as Http1Connection } from '../http1/client-connection.ts';
import { ClientConnection as Http2Connection } from '../http2/client-connection.ts';
import { isPreface, PREFACE } from '../http2/frames/frame.ts';
import type { Closable, Loop } from '../loop/loop.ts';
import { Timed } from '../loop/timer-wheel.ts';
import type { Connection, ConnectionHandler } from '../transport/connection.ts';

/** SniffedPort is the port that accepted it. */
export interface SniffedPort extends ClientPort {
  /** replace: the next to join has the connection of this one from now on. */
  replace(before: Closable): void;
}

export class Sniffer extends Timed implements Closable, ConnectionHandler {
  countedAs = 0;
  readonly #connection: Connection;
  readonly #ip: IpAddress;
  readonly #port: SniffedPort;
  readonly #loop: Loop;
  /** A part of the preface has come. */
  #isInPreface = false;

  constructor(connection: Connection, ip: IpAddress, port: SniffedPort, loop: Loop) {
    super();
    this.#connection = connection;
    this.#ip = ip;
    this.#port = port;
    this.#loop = loop;
    connection.read(this);
    port.addConnection(this, ip);
    loop.wheel.limit(this, port.listener.plan.timeouts.idleMs);
  }

  onBytes(bytes: Buffer, length: number): void {
    const connection = this.#connection;
    if (!this.#isInPreface && !this.#mayBeHttp2(bytes, length)) {
      this.#asHttp1().onBytes(bytes, length);
      return;
    }
    const all = connection.joinHeld(bytes, length);
    const size = all === bytes ? length : all.length;
    if (!isPreface(all, 0, size)) {
      if (this.#mustBeHttp2) this.#asHttp2().refusePreface();
      else this.#asHttp1().onBytes(all, size);
    } else if (size < PREFACE.length) this.#wait(all, size);
    else this.#asHttp2().onBytes(all, size);
  }

  #mayBeHttp2(bytes: Buffer, length: number): boolean {
    if (this.#mustBeHttp2) return true;
    const { plan } = this.#port.listener;
    if (bytes[0] !== PREFACE[0] || plan.isHttp1Only === true || !isPreface(bytes, 0, length)) return false;
    // Over TLS, HTTP/2 has to be chosen by ALPN.
    return (this.#connection.tls?.protocol ?? null) === null;
  }

  /** mustBeHttp2: ALPN chose it for this connection, so there is no other protocol on it. */
  get #mustBeHttp2(): boolean {
    // A reload may have given the address to another protocol: HTTP/1 closes it.
    return this.#connection.tls?.protocol === 'h2' && this.#port.listener.plan.protocol === 'http';
  }

  /** wait keeps a part of the preface. The time for all of it starts with its first byte. */
  #wait(bytes: Buffer, length: number): void {
    this.#connection.keep(bytes, 0, length);
    if (this.#isInPreface) return;
    this.#isInPreface = true;
    this.#loop.wheel.limit(this, this.#port.listener.plan.timeouts.headerMs);
  }

  #asHttp1(): Http1Connection {
    this.#leave();
    return new Http1Connection(this.#connection, this.#ip, this.#port, this.#loop);
  }

  #asHttp2(): Http2Connection {
    this.#leave();
    return new Http2Connection(this.#connection, this.#ip, this.#port, this.#loop);
  }

  #leave(): void {
    this.#loop.wheel.drop(this);
    this.#port.replace(this);
  }

  /** asSilent is HTTP/1 with the part of a preface that has come: what is no preface is a part of a head. */
  #asSilent(): Http1Connection {
    const held = this.#connection.takeHeld();
    const connection = this.#asHttp1();
    if (held !== null) connection.startHead(held);
    return connection;
  }

  expired(): void {
    if (this.#isInPreface && this.#mustBeHttp2) this.destroy();
    else this.#asSilent().expired();
  }

  onEnd(): void {
    this.#asSilent().onEnd();
  }

  onClosed(): void {
    this.#loop.wheel.drop(this);
    this.#port.removeConnection(this);
  }

  onOpen(): void {
    // It was accepted.
  }

  onSecure(): void {
    // What is sent before is not read before.
  }

  onTlsFailed(): void {
    // The TLS mode counts it; `onClosed` follows.
  }

  onRoom(): void {
    // Nothing is written yet.
  }

  onWriteFailed(): void {
    // Nothing is written yet.
  }

  // As the loop sees it: it is with no server yet, and idle until something has come.

  get isIdle(): boolean {
    return !this.#isInPreface;
  }

  release(): void {
    if (this.isIdle) this.#asHttp1().release();
  }

  addSessionsOn(): void {}

  leaveDownServers(): void {}

  giveUp(): void {}

  leaveServer(): number {
    return 0;
  }

  destroy(): void {
    this.#connection.destroy();
  }

  breakOff(): void {
    this.#connection.reset();
  }
}

/**
 * ServerSocket: one connection to a server, from connecting to bytes, through TLS where its endpoint says so: what HTTP/1
 * connections, HTTP/2 sessions and relays have in common. Hot path; data plane.
 *
 * What the bytes mean, and whose they are, is the business of those that extend it.
 */

import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Address } from '@sluice/dsl/plan';
import { isAlert, tlsReason } from '../../shared/reasons/tls-reason.ts';
import type { EndpointTls } from '../backend/server-tls.ts';
import type { Loop } from '../loop/loop.ts';
import { Timed } from '../loop/timer-wheel.ts';
import { dial, unreached } from '../transport/dial.ts';
import { Input, type Taker } from '../transport/input.ts';
import { type Feeder, Output } from '../transport/output.ts';
import { watchEnd } from '../transport/watched-end.ts';

interface NetSocket extends Socket {
  toServer: ServerSocket;
}

function onConnect(this: Socket): void {
  (this as NetSocket).toServer.connected();
}
/** A connection stands on which TLS is to be spoken. */
function onReach(this: Socket): void {
  (this as NetSocket).toServer.reached();
}
function onTlsError(this: Socket, error: Error): void {
  (this as NetSocket).toServer.broke(error);
}
function onEnd(this: Socket): void {
  (this as NetSocket).toServer.ended();
}
function onError(): void {
  // `close` follows and decides.
}
function onClose(this: Socket, hadError: boolean): void {
  (this as NetSocket).toServer.closed(hadError);
}

/** ConnectedEndpoint is what a connection needs of the server's endpoint. */
export interface ConnectedEndpoint {
  readonly slot: number;
  readonly address: Address;
  /** Its host is a name, whose addresses the loop knows. */
  readonly isNamed: boolean;
  /** How TLS is spoken to it; null: it is not. */
  readonly tls: EndpointTls | null;
}

export abstract class ServerSocket extends Timed implements Feeder, Taker {
  readonly endpoint: ConnectedEndpoint;
  readonly loop: Loop;
  /** The PROXY header that it begins with: whose it is. Empty: none, and anybody's. */
  readonly introduction: string;
  /** The connection itself; from when it stands, the TLS on it, if there is any. */
  socket: Socket;
  out: Output;
  /** The address behind a server's name that it is connected to; empty for a server without a name. */
  remote = '';
  /** Until the connection stands, with its TLS, or is given up. */
  isConnecting = true;
  protected readonly input = new Input(this);
  readonly #protocols: readonly string[];
  /** The connection below TLS; null: there is no TLS, or not yet. */
  #raw: Socket | null = null;
  /** The handshake under way, and afterwards the TLS that is spoken; null: there is none. */
  #stream: TLSSocket | null = null;
  #error: Error | null = null;

  /** `protocols` are what is offered to a server that speaks TLS, by ALPN. */
  constructor(endpoint: ConnectedEndpoint, loop: Loop, protocols: readonly string[], introduction = '') {
    super();
    this.endpoint = endpoint;
    this.introduction = introduction;
    this.loop = loop;
    this.#protocols = protocols;
    const { address, tls } = endpoint;
    // TLS takes the system's connection over, so nothing else may read from it.
    const onread = tls === null ? { onread: Input.onread } : {};
    const socket = dial(address, endpoint.isNamed ? loop.names : null, { allowHalfOpen: true, ...onread });
    this.socket = socket;
    this.out = new Output(socket, this);
    (socket as NetSocket).toServer = this;
    if (tls === null) {
      this.input.attach(socket);
      socket.on('connect', onConnect);
      socket.on('end', onEnd);
    } else {
      socket.on('connect', onReach);
    }
    socket.on('error', onError);
    socket.on('close', onClose);
  }

  /** The server has said something on this connection. */
  protected abstract get hasHeard(): boolean;
  abstract received(bytes: Buffer, length: number): void;
  abstract drained(): void;
  abstract writeFailed(): void;
  /** opened: the connection stands, with its TLS. */
  protected abstract opened(): void;
  /** ended: the server has ended its side, perhaps before the connection stood. */
  abstract ended(): void;
  /** lost: the connection is gone; it was `connecting` until then, or it stood. */
  protected abstract lost(wasConnecting: boolean, hadError: boolean): void;

  /** objection is what speaks against the TLS that the server chose; null: nothing. */
  protected objection(_stream: TLSSocket): string | null {
    return null;
  }

  /** reached begins the handshake. The time for it is what is left of `timeout connect`. */
  reached(): void {
    if (!this.isConnecting) return;
    this.#noteAddress();
    const raw = this.socket;
    raw.off('close', onClose);
    if (this.introduction !== '') raw.write(this.introduction, 'latin1');
    let stream: TLSSocket;
    try {
      stream = this.endpoint.tls!.secure(raw, this.#protocols);
    } catch (error) {
      this.loop.heartbeats.leave();
      this.#error = error as Error;
      raw.destroy();
      this.closed(true);
      return;
    }
    this.#raw = raw;
    this.#stream = stream;
    this.socket = stream;
    this.out = new Output(stream, this);
    (stream as Socket as NetSocket).toServer = this;
    stream.on('secureConnect', onConnect);
    stream.on('end', onEnd);
    stream.on('error', onTlsError);
    stream.on('close', onClose);
  }

  connected(): void {
    if (!this.isConnecting) return;
    const stream = this.#stream;
    if (stream !== null) {
      this.endpoint.tls!.stood(stream, this.endpoint.slot, this.loop);
      const objection = this.objection(stream);
      if (objection !== null) {
        this.#error = new Error(objection);
        stream.destroy();
        return;
      }
      this.input.accept(stream);
    } else {
      this.#noteAddress();
      if (this.introduction !== '') this.out.text(this.introduction);
    }
    this.isConnecting = false;
    this.opened();
  }

  /** noteAddress keeps which address of a server's name it is, and which ones were tried in vain. */
  #noteAddress(): void {
    const { address, isNamed } = this.endpoint;
    if (!isNamed || 'path' in address) return;
    this.remote = this.socket.remoteAddress ?? '';
    const failed = unreached(this.socket);
    if (failed.length > 0) this.loop.names.failed(address.host, failed);
  }

  /** broke keeps what went wrong with TLS; `close` follows. */
  broke(error: Error): void {
    this.#error = error;
    const { endpoint, loop } = this;
    // In TLS 1.3 a server refuses the client's certificate when the client holds the handshake for ended.
    const isRefusal = !this.isConnecting && !this.hasHeard && isAlert(error);
    if (isRefusal) endpoint.tls?.failed(tlsReason(error), endpoint.slot, loop);
  }

  /**
   * watchEnd has an end of the connection that is no end of TLS lose the connection, where an end of TLS still ends it in good order. False: the
   * two cannot be told apart. Without TLS they are the same.
   */
  protected watchEnd(): boolean {
    return this.#raw === null || watchEnd(this.#raw, this.#stream!);
  }

  closed(hadError: boolean): void {
    const wasConnecting = this.isConnecting;
    this.tellNoTls(null);
    this.letGo();
    this.lost(wasConnecting, hadError);
  }

  /** tellNoTls says why the handshake under way came to nothing: the reason, or else what error ended it. */
  protected tellNoTls(reason: string | null): void {
    if (!this.isConnecting || (this.#stream === null && this.#error === null)) return;
    const { endpoint, loop } = this;
    endpoint.tls?.failed(reason ?? tlsReason(this.#error), endpoint.slot, loop);
  }

  /** letGo: nothing that comes from now on counts. */
  protected letGo(): void {
    this.isConnecting = false;
    this.loop.wheel.drop(this);
    this.input.close();
  }
}

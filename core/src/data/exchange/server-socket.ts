/**
 * ServerSocket: one connection to a server, from connecting to bytes, through TLS where its endpoint says so: what HTTP/1
 * connections, HTTP/2 sessions and relays have in common. Hot path; data plane.
 *
 * What the bytes mean, and whose they are, is the business of those that extend it.
 */

import type { Address } from '@sluice/dsl/plan';
import { isAlert, tlsReason } from '../../shared/reasons/tls-reason.ts';
import type { EndpointTls } from '../backend/server-tls.ts';
import type { Loop } from '../loop/loop.ts';
import { Timed } from '../loop/timer-wheel.ts';
import type { Connection, ConnectionHandler } from '../transport/connection.ts';
import type { ConnectionTls } from '../transport/connection-tls.ts';

/** ConnectedEndpoint is what a connection needs of the server's endpoint. */
export interface ConnectedEndpoint {
  readonly slot: number;
  readonly address: Address;
  /** Its host is a name, whose addresses the loop knows. */
  readonly isNamed: boolean;
  /** How TLS is spoken to it; null: it is not. */
  readonly tls: EndpointTls | null;
}

export abstract class ServerSocket extends Timed implements ConnectionHandler {
  readonly endpoint: ConnectedEndpoint;
  readonly loop: Loop;
  /** The PROXY header that it begins with: whose it is. Empty: none, and anybody's. */
  readonly introduction: string;
  readonly out: Connection;
  /** The address behind a server's name that it is connected to; empty for a server without a name. */
  remote = '';
  /** Until the connection stands, with its TLS, or is given up. */
  isConnecting = true;
  /** Connected, and shaking hands. */
  isSecuring = false;
  /** How long the handshake took; -1: there was none. */
  tlsMs = -1;
  #secureMs = 0;
  readonly #protocols: readonly string[];
  /** What went wrong with TLS; null: nothing. */
  #tlsError: Error | null = null;

  /** `protocols` are what is offered to a server that speaks TLS, by ALPN. */
  constructor(endpoint: ConnectedEndpoint, loop: Loop, protocols: readonly string[], introduction = '') {
    super();
    this.endpoint = endpoint;
    this.introduction = introduction;
    this.loop = loop;
    this.#protocols = protocols;
    const { address, isNamed, tls } = endpoint;
    this.out = loop.transport.dial({ address, names: isNamed ? loop.names : null, isSecure: tls !== null }, this);
  }

  /** The server has said something on this connection. */
  protected abstract get hasHeard(): boolean;
  abstract onBytes(bytes: Buffer, length: number): void;
  abstract onRoom(): void;
  abstract onWriteFailed(): void;
  /** onEnd: the server has ended its side, perhaps before the connection stood. */
  abstract onEnd(): void;
  /** opened: the connection stands, with its TLS. */
  protected abstract opened(): void;
  /** onLost: the connection is gone; it was `connecting` until then, or it stood. */
  protected abstract onLost(wasConnecting: boolean, hadError: boolean): void;

  /** objection is what speaks against the TLS that the server chose; null: nothing. */
  protected objection(_tls: ConnectionTls): string | null {
    return null;
  }

  /** onOpen begins the handshake, if there is to be one. The time for it is what is left of `timeout connect`. */
  onOpen(): void {
    if (!this.isConnecting) return;
    this.#noteAddress();
    if (this.introduction !== '') this.out.text(this.introduction);
    const { tls } = this.endpoint;
    if (tls === null) {
      this.isConnecting = false;
      this.opened();
      return;
    }
    this.isSecuring = true;
    this.#secureMs = this.loop.now();
    try {
      tls.start(this.out, this.#protocols);
    } catch (error) {
      this.#tlsError = error as Error;
      this.out.destroy();
      this.onClosed(null);
    }
  }

  onSecure(): void {
    if (!this.isConnecting) return;
    const { endpoint, loop } = this;
    const tls = this.out.tls!;
    endpoint.tls!.onHandshake(tls, endpoint.slot, loop);
    const objection = this.objection(tls);
    if (objection !== null) {
      this.#tlsError = new Error(objection);
      this.out.destroy();
      return;
    }
    this.isConnecting = false;
    this.isSecuring = false;
    this.tlsMs = loop.now() - this.#secureMs;
    this.opened();
  }

  /** noteAddress keeps which address of a server's name it is, and which ones were tried in vain. */
  #noteAddress(): void {
    const { address, isNamed } = this.endpoint;
    if (!isNamed || 'path' in address) return;
    this.remote = this.out.remoteAddress ?? '';
    const failed = this.out.unreachedAddresses;
    if (failed.length > 0) this.loop.names.failed(address.host, failed);
  }

  /**
   * watchEnd has an end of the connection that is no end of TLS lose the connection, where an end of TLS still ends it in good order. False: the
   * two cannot be told apart. Without TLS they are the same.
   */
  protected watchEnd(): boolean {
    return this.out.tls?.watchEnd() ?? true;
  }

  /** onTlsFailed keeps what went wrong. */
  onTlsFailed(error: Error): void {
    this.#tlsError = error;
    const { endpoint, loop } = this;
    // In TLS 1.3 a server refuses the client's certificate when the client holds the handshake for ended.
    const isRefusal = !this.isConnecting && !this.hasHeard && isAlert(error);
    if (isRefusal) endpoint.tls?.failed(tlsReason(error), endpoint.slot, loop);
  }

  onClosed(error: Error | null): void {
    const wasConnecting = this.isConnecting;
    this.tellNoTls(null);
    this.letGo();
    this.onLost(wasConnecting, error !== null);
  }

  /** tellNoTls says why the handshake under way came to nothing: the reason, or else what error ended it. */
  protected tellNoTls(reason: string | null): void {
    if (!this.isConnecting || (this.out.tls === null && this.#tlsError === null)) return;
    const { endpoint, loop } = this;
    endpoint.tls?.failed(reason ?? tlsReason(this.#tlsError), endpoint.slot, loop);
  }

  /** letGo: the connection is no longer wanted. */
  protected letGo(): void {
    this.isConnecting = false;
    this.loop.wheel.drop(this);
  }
}

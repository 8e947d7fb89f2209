/**
 * RelayServer: a connection to a server for one relayed client. Hot path; data plane.
 *
 * It is used for nobody else and never kept: the gateway does not know what state the server keeps with it. Until it is
 * connected nothing was sent, so that another server may be tried.
 */

import { connect, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { tlsReason } from '../../shared/tls-reason.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { ServerSide } from '../exchange/server-side.ts';
import { AS_IS } from '../http1/body-framer.ts';
import type { Loop } from '../loop.ts';
import type { ServerEndpoint } from '../server-endpoint.ts';
import { Timed } from '../timer-wheel.ts';
import { Input, type Taker } from '../transport/input.ts';
import { type Feeder, Output } from '../transport/output.ts';

/** What is spoken is not known, so nothing is offered by ALPN. */
const NO_PROTOCOLS: readonly string[] = [];

interface NetSocket extends Socket {
  relay: RelayServer;
}

function onConnect(this: Socket): void {
  (this as NetSocket).relay.connected();
}
/** A connection stands on which TLS is to be spoken. */
function onReach(this: Socket): void {
  (this as NetSocket).relay.reached();
}
function onTlsError(this: Socket, error: Error): void {
  (this as NetSocket).relay.broke(error);
}
function onEnd(this: Socket): void {
  (this as NetSocket).relay.ended();
}
function onError(): void {
  // `close` follows and decides.
}
function onClose(this: Socket, hadError: boolean): void {
  (this as NetSocket).relay.closed(hadError);
}

export class RelayServer extends Timed implements ServerSide, Feeder, Taker {
  readonly bodyForm = AS_IS;
  out: Output;
  readonly isReused = false;
  isConnecting = true;
  readonly #endpoint: ServerEndpoint;
  /** The connection itself; from when it stands, the TLS on it, if there is any. */
  #socket: Socket;
  #stream: TLSSocket | null = null;
  #error: Error | null = null;
  readonly #loop: Loop;
  readonly #input = new Input(this);
  #exchange: Exchange | null;

  constructor(endpoint: ServerEndpoint, exchange: Exchange, loop: Loop) {
    super();
    const { address, tls } = endpoint;
    // TLS takes the system's connection over, so nothing else may read from it.
    const onread = tls === null ? { onread: Input.onread } : {};
    const socket =
      'path' in address
        ? connect({ path: address.path, allowHalfOpen: true, ...onread })
        : connect({ host: address.host, port: address.port, noDelay: true, allowHalfOpen: true, ...onread });
    this.#endpoint = endpoint;
    this.#socket = socket;
    this.#loop = loop;
    this.#exchange = exchange;
    this.out = new Output(socket, this);
    (socket as NetSocket).relay = this;
    if (tls === null) {
      this.#input.attach(socket);
      socket.on('connect', onConnect);
      socket.on('end', onEnd);
    } else {
      socket.on('connect', onReach);
    }
    socket.on('error', onError);
    socket.on('close', onClose);
    loop.wheel.limit(this, exchange.backend.plan.timeouts.connectMs);
  }

  /** reached begins the handshake. The time for it is what is left of `timeout connect`. */
  reached(): void {
    if (this.#exchange === null) return;
    const raw = this.#socket;
    raw.off('close', onClose);
    let stream: TLSSocket;
    try {
      stream = this.#endpoint.tls!.secure(raw, NO_PROTOCOLS);
    } catch (error) {
      this.#loop.heartbeats.leave();
      this.#error = error as Error;
      raw.destroy();
      this.closed(true);
      return;
    }
    this.#stream = stream;
    this.#socket = stream;
    this.out = new Output(stream, this);
    (stream as Socket as NetSocket).relay = this;
    stream.on('secureConnect', onConnect);
    stream.on('end', onEnd);
    stream.on('error', onTlsError);
    stream.on('close', onClose);
  }

  /** broke keeps what went wrong with TLS; `close` follows. */
  broke(error: Error): void {
    this.#error = error;
  }

  connected(): void {
    if (this.#exchange === null) return;
    this.isConnecting = false;
    const stream = this.#stream;
    if (stream !== null) {
      this.#endpoint.tls!.stood(stream, this.#endpoint.slot, this.#loop);
      this.#input.accept(stream);
    }
    this.#loop.wheel.limit(this, 0);
    this.#exchange.tunnelBegins();
  }

  received(bytes: Buffer, length: number): void {
    const exchange = this.#exchange;
    if (exchange === null) return;
    const { out } = exchange.client;
    out.bytes(bytes, 0, length);
    out.flush();
    exchange.tunnelMoved();
    if (out.isFull) this.#socket.pause();
  }

  ended(): void {
    if (this.isConnecting) this.#tellNoTls(null);
    if (this.isConnecting) this.#exchange?.serverFailed('connect');
    else this.#exchange?.tunnelHalfEnds();
  }

  drained(): void {
    this.#exchange?.serverDrained();
  }

  writeFailed(): void {
    // A server may say why it hangs up before it has read everything: what it said is read first, and then its end.
  }

  expired(): void {
    this.#tellNoTls('no handshake in time');
    this.#exchange?.serverFailed('connect');
  }

  closed(hadError: boolean): void {
    const exchange = this.#exchange;
    this.#exchange = null;
    this.#input.close();
    this.#loop.wheel.drop(this);
    if (exchange === null) return;
    if (this.isConnecting) {
      this.#tellNoTls(null);
      exchange.serverFailed('connect');
    } else exchange.tunnelEnds(hadError);
  }

  /** tellNoTls says why the handshake under way came to nothing: the reason, or else what error ended it. */
  #tellNoTls(reason: string | null): void {
    if (this.#stream === null && this.#error === null) return;
    this.#endpoint.tls?.failed(reason ?? tlsReason(this.#error), this.#endpoint.slot, this.#loop);
  }

  awaitAnswer(): void {
    // `timeout tunnel` counts, for both sides together.
  }

  stopWaiting(): void {
    // See `awaitAnswer`.
  }

  resume(): void {
    this.#socket.resume();
  }

  halfEnd(): void {
    this.out.end();
  }

  discard(): void {
    this.#exchange = null;
    this.#loop.wheel.drop(this);
    this.#input.close();
    this.#socket.destroy();
  }
}

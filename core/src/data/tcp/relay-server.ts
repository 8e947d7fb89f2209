/**
 * RelayServer: a connection to a server for one relayed client. Hot path; data plane.
 *
 * It is used for nobody else and never kept: the gateway does not know what state the server keeps with it. Until it is
 * connected nothing was sent, so that another server may be tried.
 */
import { connect, type Socket } from 'node:net';
import type { Exchange } from '../exchange/exchange.ts';
import type { ServerSide } from '../exchange/server-side.ts';
import type { Loop } from '../loop.ts';
import type { ServerEndpoint } from '../server-endpoint.ts';
import { Timed } from '../timer-wheel.ts';
import { Input, type Taker } from '../transport/input.ts';
import { type Feeder, Output } from '../transport/output.ts';

interface NetSocket extends Socket {
  relay: RelayServer;
}

function onConnect(this: Socket): void {
  (this as NetSocket).relay.connected();
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
  readonly out: Output;
  readonly isReused = false;
  isConnecting = true;
  readonly #socket: Socket;
  readonly #loop: Loop;
  readonly #input = new Input(this);
  #exchange: Exchange | null;

  constructor({ address }: ServerEndpoint, exchange: Exchange, loop: Loop) {
    super();
    const { onread } = Input;
    const socket =
      'path' in address
        ? connect({ path: address.path, allowHalfOpen: true, onread })
        : connect({ host: address.host, port: address.port, noDelay: true, allowHalfOpen: true, onread });
    this.#socket = socket;
    this.#loop = loop;
    this.#exchange = exchange;
    this.#input.attach(socket);
    this.out = new Output(socket, this);
    (socket as NetSocket).relay = this;
    socket.on('connect', onConnect);
    socket.on('end', onEnd);
    socket.on('error', onError);
    socket.on('close', onClose);
    loop.wheel.limit(this, exchange.backend.plan.timeouts.connectMs);
  }

  connected(): void {
    if (this.#exchange === null) return;
    this.isConnecting = false;
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
    this.#exchange?.tunnelHalfEnds();
  }

  drained(): void {
    this.#exchange?.serverDrained();
  }

  writeFailed(): void {
    // A server may say why it hangs up before it has read everything: what it said is read first, and then its end.
  }

  expired(): void {
    this.#exchange?.serverFailed('connect');
  }

  closed(hadError: boolean): void {
    const exchange = this.#exchange;
    this.#exchange = null;
    this.#input.close();
    this.#loop.wheel.drop(this);
    if (exchange === null) return;
    if (this.isConnecting) exchange.serverFailed('connect');
    else exchange.tunnelEnds(hadError);
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
    this.#socket.end();
  }

  discard(): void {
    this.#exchange = null;
    this.#loop.wheel.drop(this);
    this.#input.close();
    this.#socket.destroy();
  }
}

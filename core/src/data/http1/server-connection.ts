/**
 * ServerConnection: one HTTP/1 connection to a server, the server side of one exchange after another. Hot path; data plane.
 *
 * It sends the request's head, reads answers, decides where they end, and hands them to the exchange it is lent to. A
 * connection goes back to its endpoint only after an answer that ended exactly where it should; anything odd ends it.
 */
import { connect, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { tlsReason } from '../../shared/tls-reason.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { Failure } from '../exchange/failure.ts';
import type { ServerSide } from '../exchange/server-side.ts';
import type { Loop } from '../loop.ts';
import type { ServerEndpoint } from '../server-endpoint.ts';
import { Timed } from '../timer-wheel.ts';
import { Input, type Taker } from '../transport/input.ts';
import { type Feeder, Output } from '../transport/output.ts';
import { ANSWER_NEEDS_MORE, AnswerHead, BAD_ANSWER } from './answer-head.ts';
import { AS_IS, BAD_BODY, BodyFramer } from './body-framer.ts';

const CONNECTING = 0;
const IDLE = 1;
const HEAD = 2;
const BODY = 3;
const TUNNEL = 4;
const CLOSED = 5;

/** Interim answers (1xx) that one request may get. */
const MOST_INTERIMS = 16;

/** What is offered to servers that speak TLS. */
const PROTOCOLS = ['http/1.1'];

const answer = new AnswerHead();

interface ServerSocket extends Socket {
  connection: ServerConnection;
}

function onConnect(this: Socket): void {
  (this as ServerSocket).connection.connected();
}
/** A connection stands on which TLS is to be spoken. */
function onReach(this: Socket): void {
  (this as ServerSocket).connection.reached();
}
function onTlsError(this: Socket, error: Error): void {
  (this as ServerSocket).connection.broke(error);
}
function onEnd(this: Socket): void {
  (this as ServerSocket).connection.ended();
}
function onError(): void {
  // `close` follows and decides.
}
function onClose(this: Socket, hadError: boolean): void {
  (this as ServerSocket).connection.closed(hadError);
}

export class ServerConnection extends Timed implements ServerSide, Feeder, Taker {
  readonly bodyForm = AS_IS;
  readonly endpoint: ServerEndpoint;
  readonly loop: Loop;
  /** The connection itself; from when it stands, the TLS on it, if there is any. */
  socket: Socket;
  out: Output;
  /** The tick at which it became idle. */
  idleSince = 0;
  isReused = false;
  #exchange: Exchange | null = null;
  #state = CONNECTING;
  #pending: Buffer | null = null;
  #interims = 0;
  #isKeepAlive = true;
  /** The handshake under way, and afterwards the TLS that is spoken; null: there is none. */
  #stream: TLSSocket | null = null;
  #error: Error | null = null;
  readonly #framer = new BodyFramer();
  readonly #input = new Input(this);

  constructor(endpoint: ServerEndpoint, loop: Loop) {
    super();
    this.endpoint = endpoint;
    this.loop = loop;
    const { address, tls } = endpoint;
    // TLS takes the system's connection over, so nothing else may read from it.
    const onread = tls === null ? { onread: Input.onread } : {};
    const socket =
      'path' in address
        ? connect({ path: address.path, allowHalfOpen: true, ...onread })
        : connect({ host: address.host, port: address.port, noDelay: true, allowHalfOpen: true, ...onread });
    this.socket = socket;
    this.out = new Output(socket, this);
    (socket as ServerSocket).connection = this;
    if (tls === null) {
      this.#input.attach(socket);
      socket.on('connect', onConnect);
      socket.on('end', onEnd);
    } else {
      socket.on('connect', onReach);
    }
    socket.on('error', onError);
    socket.on('close', onClose);
  }

  get isConnecting(): boolean {
    return this.#state === CONNECTING;
  }

  /** begin lends the connection to a request. A kept one takes it at once, a new one when it is connected. */
  begin(exchange: Exchange): void {
    this.#exchange = exchange;
    this.#interims = 0;
    if (this.#state === CONNECTING) {
      this.loop.wheel.limit(this, exchange.backend.plan.timeouts.connectMs);
      return;
    }
    this.isReused = true;
    this.#sendHead(exchange);
  }

  /** awaitAnswer starts the time that the server has for its next bytes. */
  awaitAnswer(): void {
    const exchange = this.#exchange;
    if (exchange !== null) this.loop.wheel.limit(this, exchange.backend.plan.timeouts.responseMs);
  }

  /** stopWaiting: the client is still sending, so the server owes nothing yet. */
  stopWaiting(): void {
    this.loop.wheel.limit(this, 0);
  }

  #sendHead(exchange: Exchange): void {
    this.#state = HEAD;
    if (exchange.client.isRequestSent) this.awaitAnswer();
    else this.stopWaiting();
    this.out.text(exchange.request.forwardHead);
  }

  resume(): void {
    this.socket.resume();
    if (this.#state !== TUNNEL) this.awaitAnswer();
  }

  halfEnd(): void {
    this.out.end();
  }

  /** discard ends the connection; whoever borrowed it has let go of it before. */
  discard(): void {
    this.#exchange = null;
    if (this.#state === IDLE) this.endpoint.lose(this);
    this.#state = CLOSED;
    this.#pending = null;
    this.loop.wheel.drop(this);
    this.#input.close();
    this.socket.destroy();
  }

  /** reached begins the handshake. The time for it is what is left of `timeout connect`. */
  reached(): void {
    if (this.#state !== CONNECTING) return;
    const raw = this.socket;
    raw.off('close', onClose);
    let stream: TLSSocket;
    try {
      stream = this.endpoint.tls!.secure(raw, PROTOCOLS);
    } catch (error) {
      this.loop.heartbeats.leave();
      this.#error = error as Error;
      raw.destroy();
      this.closed(true);
      return;
    }
    this.#stream = stream;
    this.socket = stream;
    this.out = new Output(stream, this);
    (stream as Socket as ServerSocket).connection = this;
    stream.on('secureConnect', onConnect);
    stream.on('end', onEnd);
    stream.on('error', onTlsError);
    stream.on('close', onClose);
  }

  /** broke keeps what went wrong with TLS; `close` follows. */
  broke(error: Error): void {
    this.#error = error;
    const { endpoint, loop } = this;
    // In TLS 1.3 a server refuses the client's certificate when the client holds the handshake for ended.
    const isRefused =
      this.#state === HEAD && !this.isReused && /^ERR_SSL_.*_ALERT_/.test((error as NodeJS.ErrnoException).code ?? '');
    if (isRefused) endpoint.tls?.failed(tlsReason(error), endpoint.slot, loop);
  }

  connected(): void {
    if (this.#state !== CONNECTING) return;
    const exchange = this.#exchange!;
    const stream = this.#stream;
    if (stream !== null) {
      this.endpoint.tls!.stood(stream, this.endpoint.slot, this.loop);
      this.#input.accept(stream);
    }
    this.#sendHead(exchange);
    exchange.serverConnected();
  }

  /** received takes the first `length` bytes of a buffer that is only lent. */
  received(lent: Buffer, length: number): void {
    const exchange = this.#exchange;
    if (exchange === null) {
      // An idle server has nothing to say; what it says would be taken for the next request's answer.
      this.discard();
      return;
    }
    if (this.#state === TUNNEL) {
      this.#tunnel(exchange, lent, length);
      return;
    }
    let bytes = lent;
    let end = length;
    let at = 0;
    if (this.#pending !== null) {
      bytes = Buffer.concat([this.#pending, lent.subarray(0, length)]);
      end = bytes.length;
      this.#pending = null;
    }
    while (this.#state === HEAD) {
      if (at === end) {
        exchange.client.out.flush();
        return;
      }
      const behind = answer.parse(bytes, at, end, exchange.request.method === 'HEAD');
      if (behind === ANSWER_NEEDS_MORE) {
        this.#pending = Buffer.from(bytes.subarray(at, end));
        exchange.client.out.flush();
        return;
      }
      if (behind === BAD_ANSWER) {
        exchange.serverFailed('bad');
        return;
      }
      at = behind;
      if (answer.status >= 200) {
        if (!exchange.answerBegins(answer)) return;
        this.#isKeepAlive = answer.isKeepAlive;
        this.#framer.begin(answer.mode, answer.length, exchange.client.answerForm);
        this.#state = BODY;
      } else if (answer.status === 101) {
        if (!exchange.answerSwitches(answer)) return;
        this.#state = TUNNEL;
        this.loop.wheel.limit(this, 0);
        if (at < end) exchange.client.out.bytes(bytes, at, end);
        exchange.client.out.flush();
        exchange.tunnelBegins();
        return;
      } else {
        if (++this.#interims > MOST_INTERIMS) {
          exchange.serverFailed('bad');
          return;
        }
        exchange.answerInterim(answer);
      }
    }
    at = this.#framer.feed(bytes, at, end, exchange.client.out);
    if (at === BAD_BODY) {
      exchange.serverFailed('broken');
    } else if (this.#framer.isDone) {
      this.#answerEnded(exchange, at === end);
    } else {
      exchange.client.out.flush();
      if (exchange.client.out.isFull) {
        this.socket.pause();
        this.loop.wheel.limit(this, 0);
        exchange.client.awaitRoom();
      } else {
        this.awaitAnswer();
      }
    }
  }

  ended(): void {
    const exchange = this.#exchange;
    if (exchange === null) {
      this.discard();
    } else if (this.#state === TUNNEL) {
      exchange.tunnelHalfEnds();
    } else if (this.#state === BODY && this.#framer.finish(exchange.client.out)) {
      this.#isKeepAlive = false;
      this.#answerEnded(exchange, true);
    } else {
      this.#tellNoTls(null);
      exchange.serverFailed(this.#failureByEnd());
    }
  }

  closed(hadError: boolean): void {
    const exchange = this.#exchange;
    const failure = this.#failureByEnd();
    const isTunnel = this.#state === TUNNEL;
    if (this.#state === IDLE) this.endpoint.lose(this);
    this.#tellNoTls(null);
    this.#state = CLOSED;
    this.#input.close();
    this.loop.wheel.drop(this);
    if (exchange === null) return;
    if (isTunnel) exchange.tunnelEnds(hadError);
    else exchange.serverFailed(failure);
  }

  drained(): void {
    this.#exchange?.serverDrained();
  }

  /** writeFailed: a server may answer and hang up before it has read everything, so what it said is read first. */
  writeFailed(): void {
    if (this.#state === TUNNEL) this.socket.destroy();
  }

  expired(): void {
    const exchange = this.#exchange;
    if (exchange === null) this.discard();
    else if (this.#state === CONNECTING) {
      this.#tellNoTls('no handshake in time');
      exchange.serverFailed('connect');
    } else exchange.serverFailed(this.#state === HEAD ? 'timeout' : 'broken');
  }

  /** tellNoTls says why the handshake under way came to nothing: the reason, or else what error ended it. */
  #tellNoTls(reason: string | null): void {
    if (this.#state !== CONNECTING || (this.#stream === null && this.#error === null)) return;
    const { endpoint, loop } = this;
    endpoint.tls?.failed(reason ?? tlsReason(this.#error), endpoint.slot, loop);
  }

  #failureByEnd(): Failure {
    if (this.#state === CONNECTING) return 'connect';
    return this.#state === HEAD && this.#pending === null && this.#interims === 0 ? 'dead' : 'broken';
  }

  #tunnel(exchange: Exchange, bytes: Buffer, length: number): void {
    exchange.client.out.bytes(bytes, 0, length);
    exchange.client.out.flush();
    exchange.tunnelMoved();
    if (exchange.client.out.isFull) this.socket.pause();
  }

  #answerEnded(exchange: Exchange, isClean: boolean): void {
    this.#exchange = null;
    const { loop, endpoint } = this;
    if (isClean && this.#isKeepAlive && !exchange.isEarly && endpoint.keep(this)) {
      this.#state = IDLE;
      this.idleSince = loop.wheel.tick;
      loop.wheel.limit(this, exchange.backend.plan.timeouts.idleMs);
    } else {
      this.discard();
    }
    exchange.answerEnded();
  }
}

/**
 * Upstream: one connection to a server. Hot path; data plane.
 *
 * It reads answers, decides where they end, and hands them to the Downstream that borrowed it. A connection goes back to
 * its endpoint only after an answer that ended exactly where it should; anything odd ends it.
 */
import { connect, type Socket } from 'node:net';
import type { Loop } from '../loop.ts';
import type { ServerEndpoint } from '../server-endpoint.ts';
import { Timed } from '../timer-wheel.ts';
import { Input, type Taker } from '../transport/input.ts';
import { type Feeder, Output } from '../transport/output.ts';
import { ANSWER_NEEDS_MORE, AnswerHead, BAD_ANSWER } from './answer-head.ts';
import { BAD_BODY, BodyFramer } from './body-framer.ts';
import type { Downstream } from './downstream.ts';
import type { Failure } from './failure.ts';

const CONNECTING = 0;
const IDLE = 1;
const HEAD = 2;
const BODY = 3;
const TUNNEL = 4;
const CLOSED = 5;

/** Interim answers (1xx) that one request may get. */
const MOST_INTERIMS = 16;

const answer = new AnswerHead();

interface UpstreamSocket extends Socket {
  upstream: Upstream;
}

function onConnect(this: Socket): void {
  (this as UpstreamSocket).upstream.connected();
}
function onEnd(this: Socket): void {
  (this as UpstreamSocket).upstream.ended();
}
function onError(): void {
  // `close` follows and decides.
}
function onClose(this: Socket, hadError: boolean): void {
  (this as UpstreamSocket).upstream.closed(hadError);
}

export class Upstream extends Timed implements Feeder, Taker {
  readonly endpoint: ServerEndpoint;
  readonly loop: Loop;
  readonly socket: Socket;
  readonly out: Output;
  /** The tick at which it became idle. */
  idleSince = 0;
  isReused = false;
  #downstream: Downstream | null = null;
  #state = CONNECTING;
  #pending: Buffer | null = null;
  #interims = 0;
  #isKeepAlive = true;
  readonly #framer = new BodyFramer();
  readonly #input = new Input(this);

  constructor(endpoint: ServerEndpoint, loop: Loop) {
    super();
    this.endpoint = endpoint;
    this.loop = loop;
    const { address } = endpoint;
    const { onread } = Input;
    const socket =
      'path' in address
        ? connect({ path: address.path, allowHalfOpen: true, onread })
        : connect({ host: address.host, port: address.port, noDelay: true, allowHalfOpen: true, onread });
    this.socket = socket;
    this.#input.attach(socket);
    this.out = new Output(socket, this);
    (socket as UpstreamSocket).upstream = this;
    socket.on('connect', onConnect);
    socket.on('end', onEnd);
    socket.on('error', onError);
    socket.on('close', onClose);
  }

  get isConnecting(): boolean {
    return this.#state === CONNECTING;
  }

  /** lend gives the connection to a request. A reused one can be written to at once, a new one once it is connected. */
  lend(downstream: Downstream): void {
    this.#downstream = downstream;
    this.#interims = 0;
    if (this.#state === CONNECTING) {
      this.loop.wheel.limit(this, downstream.backend.plan.timeouts.connectMs);
      return;
    }
    this.isReused = true;
    this.#state = HEAD;
    this.#awaitFirst(downstream);
  }

  /** awaitAnswer starts the time that the server has for its next bytes. */
  awaitAnswer(): void {
    const downstream = this.#downstream;
    if (downstream !== null) this.loop.wheel.limit(this, downstream.backend.plan.timeouts.responseMs);
  }

  /** stopWaiting: the client is still sending, so the server owes nothing yet. */
  stopWaiting(): void {
    this.loop.wheel.limit(this, 0);
  }

  #awaitFirst(downstream: Downstream): void {
    if (downstream.isRequestSent) this.awaitAnswer();
    else this.stopWaiting();
  }

  resume(): void {
    this.socket.resume();
    if (this.#state !== TUNNEL) this.awaitAnswer();
  }

  /** discard ends the connection; whoever borrowed it has let go of it before. */
  discard(): void {
    this.#downstream = null;
    if (this.#state === IDLE) this.endpoint.lose(this);
    this.#state = CLOSED;
    this.#pending = null;
    this.loop.wheel.drop(this);
    this.#input.close();
    this.socket.destroy();
  }

  connected(): void {
    if (this.#state !== CONNECTING) return;
    this.#state = HEAD;
    const downstream = this.#downstream!;
    this.#awaitFirst(downstream);
    downstream.upstreamConnected();
  }

  /** received takes the first `length` bytes of a buffer that is only lent. */
  received(lent: Buffer, length: number): void {
    const downstream = this.#downstream;
    if (downstream === null) {
      // An idle server has nothing to say; what it says would be taken for the next request's answer.
      this.discard();
      return;
    }
    if (this.#state === TUNNEL) {
      this.#tunnel(downstream, lent, length);
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
        downstream.out.flush();
        return;
      }
      const behind = answer.parse(bytes, at, end, downstream.isHead);
      if (behind === ANSWER_NEEDS_MORE) {
        this.#pending = Buffer.from(bytes.subarray(at, end));
        downstream.out.flush();
        return;
      }
      if (behind === BAD_ANSWER) {
        downstream.upstreamFailed('bad');
        return;
      }
      at = behind;
      if (answer.status >= 200) {
        if (!downstream.answerBegins(answer)) return;
        this.#isKeepAlive = answer.isKeepAlive;
        this.#framer.begin(answer.mode, answer.length, downstream.answerOutput);
        this.#state = BODY;
      } else if (answer.status === 101) {
        if (!downstream.answerSwitches(answer)) return;
        this.#state = TUNNEL;
        this.loop.wheel.limit(this, 0);
        if (at < end) downstream.out.bytes(bytes, at, end);
        downstream.out.flush();
        downstream.tunnelBegins();
        return;
      } else {
        if (++this.#interims > MOST_INTERIMS) {
          downstream.upstreamFailed('bad');
          return;
        }
        downstream.answerInterim(answer);
      }
    }
    at = this.#framer.feed(bytes, at, end, downstream.out);
    if (at === BAD_BODY) {
      downstream.upstreamFailed('broken');
    } else if (this.#framer.isDone) {
      this.#answerEnded(downstream, at === end);
    } else {
      downstream.out.flush();
      if (downstream.out.isFull) {
        this.socket.pause();
        this.loop.wheel.limit(this, 0);
        downstream.awaitDrain();
      } else {
        this.awaitAnswer();
      }
    }
  }

  ended(): void {
    const downstream = this.#downstream;
    if (downstream === null) {
      this.discard();
    } else if (this.#state === TUNNEL) {
      downstream.socket.end();
    } else if (this.#state === BODY && this.#framer.finish(downstream.out)) {
      this.#isKeepAlive = false;
      this.#answerEnded(downstream, true);
    } else {
      downstream.upstreamFailed(this.#failureByEnd());
    }
  }

  closed(hadError: boolean): void {
    const downstream = this.#downstream;
    const failure = this.#failureByEnd();
    const isTunnel = this.#state === TUNNEL;
    if (this.#state === IDLE) this.endpoint.lose(this);
    this.#state = CLOSED;
    this.#input.close();
    this.loop.wheel.drop(this);
    if (downstream === null) return;
    if (isTunnel) downstream.tunnelEnds(hadError);
    else downstream.upstreamFailed(failure);
  }

  drained(): void {
    this.#downstream?.upstreamDrained();
  }

  /** writeFailed: a server may answer and hang up before it has read everything, so what it said is read first. */
  writeFailed(): void {
    if (this.#state === TUNNEL) this.socket.destroy();
  }

  expired(): void {
    const downstream = this.#downstream;
    if (downstream === null) this.discard();
    else if (this.#state === CONNECTING) downstream.upstreamFailed('connect');
    else downstream.upstreamFailed(this.#state === HEAD ? 'timeout' : 'broken');
  }

  #failureByEnd(): Failure {
    if (this.#state === CONNECTING) return 'connect';
    return this.#state === HEAD && this.#pending === null && this.#interims === 0 ? 'dead' : 'broken';
  }

  #tunnel(downstream: Downstream, bytes: Buffer, length: number): void {
    downstream.out.bytes(bytes, 0, length);
    downstream.out.flush();
    downstream.tunnelMoved();
    if (downstream.out.isFull) this.socket.pause();
  }

  #answerEnded(downstream: Downstream, isClean: boolean): void {
    this.#downstream = null;
    const { loop, endpoint } = this;
    if (isClean && this.#isKeepAlive && !downstream.isEarly && endpoint.keep(this)) {
      this.#state = IDLE;
      this.idleSince = loop.wheel.tick;
      loop.wheel.limit(this, downstream.backend.plan.timeouts.idleMs);
    } else {
      this.discard();
    }
    downstream.answerEnded();
  }
}

/**
 * ServerSession: one HTTP/2 connection to a server. Hot path; data plane.
 *
 * It carries many attempts at once, each a stream of its own (server-stream.ts). Without TLS it begins at once, by prior knowledge (RFC 9113
 * section 3.3); over TLS the server has to choose `h2`.
 */
import { type ConnectedEndpoint, ServerSocket } from '../exchange/server-socket.ts';
import type { Loop } from '../loop/loop.ts';
import { MAX_ANSWER_HEAD_BYTES } from '../message/answer-head.ts';
import type { AttemptedExchange } from '../sides/attempted-exchange.ts';
import type { Connection } from '../transport/connection.ts';
import type { ConnectionTls } from '../transport/connection-tls.ts';
import {
  COMPRESSION_ERROR,
  NO_ERROR,
  PREFACE,
  PROTOCOL_ERROR,
  SETTINGS_ENABLE_PUSH,
  SETTINGS_INITIAL_WINDOW_SIZE,
  SETTINGS_MAX_CONCURRENT_STREAMS,
  STREAM_CLOSED,
} from './frames/frame.ts';
import { AnswerReader } from './heads/answer-reader.ts';
import { TrailerFields } from './heads/trailer-fields.ts';
import { ServerStream } from './server-stream.ts';
import { Session, STREAM_WINDOW } from './session.ts';

/** Streams that are opened at once, whatever the server allows. */
const MOST_STREAMS = 100;
/** Streams that are opened on a server's first connection before its SETTINGS say how many it takes. */
const FIRST_STREAMS = 1;
/** How long a server may take to read why a connection ends. */
const END_MS = 2000;
/** Numbers run out near here (RFC 9113 section 5.1.1). */
const LAST_STREAM = 0x7ffffff0;
/** For so many ticks after a stream was refused, others go over another connection if they can. */
const REFUSING_TICKS = 10;
const PROTOCOLS = ['h2'];

const reader = new AnswerReader();
const trailers = new TrailerFields();

/** SessionEndpoint keeps sessions. */
export interface SessionEndpoint extends ConnectedEndpoint {
  /** Streams that the server last said it takes at once on a connection; 0: it has not said yet. */
  streamLimit: number;
  /** Streams that it takes on a connection before it closes that, as far as it has shown. */
  streamsPerConnection: number;
  /** move gives a stream that waits on one HTTP/2 connection to another. */
  move(stream: ServerStream, exchange: AttemptedExchange, from: ServerSession): void;
  /** onLost: an HTTP/2 connection has ended. */
  onLost(session: ServerSession): void;
}

/** Wire is the connection below. */
class Wire extends ServerSocket {
  readonly #session: ServerSession;
  #hasHeard = false;

  constructor(session: ServerSession, endpoint: SessionEndpoint, introduction: string) {
    super(endpoint, session.loop, PROTOCOLS, introduction);
    this.#session = session;
  }

  protected override objection(tls: ConnectionTls): string | null {
    if (tls.protocol === 'h2') return null;
    return 'the server does not speak HTTP/2 over TLS: it did not choose `h2` by ALPN';
  }

  protected get hasHeard(): boolean {
    return this.#hasHeard;
  }

  protected opened(): void {
    this.#session.opened();
  }

  onBytes(bytes: Buffer, length: number): void {
    this.#hasHeard = true;
    this.#session.received(bytes, length);
  }

  onRoom(): void {
    this.#session.drained();
  }

  onWriteFailed(): void {
    // `onClosed` follows, and what the server said before is read first.
  }

  onEnd(): void {
    this.out.destroy();
  }

  protected onLost(): void {
    this.#session.closed();
  }

  expired(): void {
    const isOpen = !this.isConnecting;
    this.tellNoTls('no handshake in time');
    if (!isOpen) this.letGo();
    this.#session.expired(isOpen);
  }
}

export class ServerSession extends Session<ServerStream> {
  readonly scheme: 'http' | 'https';
  /** The PROXY header that it begins with: whose it is. Empty: anybody's. */
  readonly introduction: string;
  readonly mostFieldBytes = MAX_ANSWER_HEAD_BYTES;
  readonly #endpoint: SessionEndpoint;
  readonly #wire: Wire;
  #waiting: ServerStream[] = [];
  #nextStream = 1;
  #mostStreams: number;
  #hasSettings = false;
  /** It has said how many streams it takes at once. */
  #hasLimit = false;
  /** Streams that the server is expected to take on one connection before it closes it, of all that it opens. */
  #takes: number;
  #answered = 0;
  /** When a stream was refused last. */
  #refusedTick = Number.NEGATIVE_INFINITY;
  readonly #idleMs: number;
  readonly #connectMs: number;

  constructor(endpoint: SessionEndpoint, loop: Loop, exchange: AttemptedExchange, introduction = '') {
    super(loop);
    this.introduction = introduction;
    this.#endpoint = endpoint;
    this.#mostStreams = endpoint.streamLimit === 0 ? MOST_STREAMS : endpoint.streamLimit;
    this.#takes = endpoint.streamsPerConnection;
    this.scheme = endpoint.tls === null ? 'http' : 'https';
    const { connectMs, idleMs } = exchange.backend.plan.timeouts;
    this.#idleMs = idleMs;
    this.#connectMs = connectMs;
    this.#wire = new Wire(this, endpoint, introduction);
    loop.wheel.limit(this.#wire, connectMs);
  }

  get isSecuring(): boolean {
    return this.#wire.isSecuring;
  }

  /** How long the handshake took, in milliseconds; -1: there was none. */
  get tlsMs(): number {
    return this.#wire.tlsMs;
  }

  /** The address behind the server's name; empty for a server without a name. */
  get remote(): string {
    return this.#wire.remote;
  }

  get out(): Connection {
    return this.#wire.out;
  }

  /** canTake: another attempt can be made on this connection. */
  get canTake(): boolean {
    const waiting = this.#waiting.length;
    return (
      !this.isOver &&
      !this.isLeaving &&
      this.streams.size + waiting < this.#mostStreams &&
      this.#opened + waiting < this.#takes &&
      this.#nextStream < LAST_STREAM
    );
  }

  /** isNew: nothing has come from the server yet. */
  get isNew(): boolean {
    return !this.#hasSettings && !this.isOver;
  }

  /** refusesLately: it has just refused a stream. */
  get refusesLately(): boolean {
    return this.loop.wheel.tick - this.#refusedTick <= REFUSING_TICKS;
  }

  /** refused: the server has reset a stream as one that it has not processed. */
  refused(): void {
    this.#refusedTick = this.loop.wheel.tick;
  }

  /** Streams opened so far. */
  get #opened(): number {
    return (this.#nextStream - 1) / 2;
  }

  /** hasRoom: a stream can be opened now. Before the server's SETTINGS, what it allowed last time counts. */
  get #hasRoom(): boolean {
    if (this.#wire.isConnecting || this.isOver) return false;
    const known = this.#hasSettings || this.#endpoint.streamLimit !== 0;
    return this.streams.size < (known ? this.#mostStreams : FIRST_STREAMS);
  }

  /** attempt sends the exchange's request as a stream, as soon as the connection stands. */
  attempt(exchange: AttemptedExchange): ServerStream {
    const isOpen = this.#waiting.length === 0 && this.#hasRoom;
    const stream = new ServerStream(this, exchange, STREAM_WINDOW, isOpen);
    if (isOpen) {
      this.#open(stream);
    } else {
      this.#waiting.push(stream);
      if (!this.#wire.isConnecting) this.loop.wheel.limit(this.#wire, this.#connectMs);
    }
    return stream;
  }

  /** adopt takes a stream over that another connection had no room for. */
  adopt(stream: ServerStream): void {
    stream.moveTo(this);
    this.#waiting.push(stream);
    this.#openWaiting();
  }

  /** openWaiting opens what there is room for, and hands on what will have none. */
  #openWaiting(): void {
    while (this.#waiting.length > 0 && this.#hasRoom && !this.isLeaving) {
      const stream = this.#waiting.shift()!;
      this.#open(stream);
      stream.connected();
    }
    if (!this.#hasSettings && !this.isLeaving) return;
    for (const stream of this.#waiting.splice(0)) {
      if (stream.wasMoved) stream.refused();
      else if (stream.exchange !== null) this.#endpoint.move(stream, stream.exchange, this);
    }
  }

  #open(stream: ServerStream): void {
    const id = this.#nextStream;
    this.#nextStream += 2;
    this.streams.set(id, stream);
    if (this.#waiting.length === 0) this.loop.wheel.limit(this.#wire, 0);
    stream.open(id, this.streamWindow);
  }

  opened(): void {
    this.out.text(PREFACE.latin1Slice());
    this.sendSettings([
      [SETTINGS_ENABLE_PUSH, 0],
      [SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW],
    ]);
    this.#openWaiting();
    this.out.flush();
    this.#moved();
  }

  protected override settingsCame(): void {
    this.#hasSettings = true;
    if (!this.#hasLimit) this.#mostStreams = MOST_STREAMS;
    this.#endpoint.streamLimit = Math.max(1, this.#mostStreams);
    this.#openWaiting();
  }

  override answered(): void {
    super.answered();
    // It takes more on a connection than was thought.
    if (++this.#answered < this.#takes || this.isLeaving) return;
    this.#takes *= 2;
    this.#endpoint.streamsPerConnection = this.#takes;
  }

  received(bytes: Buffer, length: number): void {
    this.read(bytes, 0, length);
  }

  drained(): void {
    this.pump();
  }

  fail(error: number): void {
    if (!this.isOver) this.#endWith(error);
  }

  /** retire ends the connection once nothing is open on it, and takes no more. */
  retire(): void {
    this.isLeaving = true;
    this.#moved();
  }

  expired(isOpen: boolean): void {
    if (this.isOver) {
      this.#wire.out.destroy();
      return;
    }
    if (isOpen && this.#waiting.length > 0) {
      // The server has not said in time how many it takes.
      for (const stream of this.#waiting.splice(0)) stream.onGone();
      this.#moved();
    } else if (isOpen) {
      if (this.isIdle) this.#end();
    } else {
      this.#wire.out.destroy();
      this.closed();
    }
  }

  closed(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#endpoint.onLost(this);
    for (const stream of [...this.streams.values(), ...this.#waiting.splice(0)]) stream.onGone();
  }

  removeStream(stream: ServerStream): void {
    const at = this.#waiting.indexOf(stream);
    if (at !== -1) this.#waiting.splice(at, 1);
    if (this.streams.get(stream.id) === stream) this.streams.delete(stream.id);
    if (this.#waiting.length > 0 && !this.isOver) this.#openWaiting();
    this.#moved();
  }

  protected get lastStream(): number {
    return Math.max(0, this.#nextStream - 2);
  }

  protected setting(name: number, value: number): number {
    if (name === SETTINGS_MAX_CONCURRENT_STREAMS) {
      this.#hasLimit = true;
      this.#mostStreams = Math.min(MOST_STREAMS, value);
      this.#endpoint.streamLimit = Math.max(1, this.#mostStreams);
    }
    return NO_ERROR;
  }

  /** What the server has not processed goes elsewhere; the rest is still answered (RFC 9113 section 6.8). */
  protected wentAway(lastStream: number): void {
    const refused = [...this.streams.values()].filter(({ id }) => id > lastStream);
    // Servers that take so many requests on a connection and no more would refuse the rest again.
    if (refused.length > 0 && lastStream > 0) this.#endpoint.streamsPerConnection = Math.ceil(lastStream / 2);
    for (const stream of refused) stream.refused();
    if (this.#waiting.length > 0) this.#openWaiting();
    this.#moved();
  }

  blockEnds(id: number, isEnd: boolean, bytes: Buffer, from: number, to: number): number {
    if (!this.wasOpened(id)) return PROTOCOL_ERROR;
    const stream = this.streams.get(id);
    if (stream?.hasEnded === true) return STREAM_CLOSED;
    if (stream === undefined || stream.hasHead) return this.#trailers(id, stream, isEnd, bytes, from, to);
    reader.start(MAX_ANSWER_HEAD_BYTES);
    if (!this.decoder.decode(bytes, from, to, reader)) return COMPRESSION_ERROR;
    if (reader.isWellFormed) stream.fields(reader.head(isEnd, stream.isBare), isEnd);
    else stream.fail('bad', PROTOCOL_ERROR);
    return NO_ERROR;
  }

  #trailers(
    id: number,
    stream: ServerStream | undefined,
    isEnd: boolean,
    bytes: Buffer,
    from: number,
    to: number,
  ): number {
    trailers.start(MAX_ANSWER_HEAD_BYTES, null);
    if (!this.decoder.decode(bytes, from, to, trailers)) return COMPRESSION_ERROR;
    if (stream === undefined) return this.closedError(id) || this.useless();
    if (isEnd && trailers.isWellFormed) stream.onPeerEnd(trailers.lines);
    else stream.fail('broken', PROTOCOL_ERROR);
    return NO_ERROR;
  }

  /** moved: with nothing open, the connection is kept for a while, or ended. */
  #moved(): void {
    if (this.isOver || this.#waiting.length > 0 || this.#wire.isConnecting) return;
    if (!this.isIdle) this.loop.wheel.limit(this.#wire, 0);
    else if (this.isLeaving) this.loop.transport.loop.turn(() => this.isIdle && this.#end());
    else this.loop.wheel.limit(this.#wire, this.#idleMs);
  }

  #end(): void {
    if (!this.isOver) this.#endWith(NO_ERROR);
  }

  /** endWith closes the connection as soon as the server has been told why, or does not read it in time. */
  #endWith(error: number): void {
    this.goAway(0, error);
    this.out.close();
    this.loop.wheel.limit(this.#wire, END_MS);
    this.closed();
  }
}

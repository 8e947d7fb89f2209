/**
 * ClientSession: one HTTP/2 connection of a client. Hot path; data plane.
 *
 * Every stream is the client side of an exchange of its own (client-stream.ts). Sources: RFC 9113, RFC 8441.
 */

import type { OpenSession, SessionFilter } from '../../shared/orders/orders.ts';
import { ListenerIndex } from '../../shared/tables/counters.ts';
import type { ClientPeer } from '../exchange/client-peer.ts';
import type { ClientPort } from '../exchange/client-port.ts';
import type { Loop } from '../loop/loop.ts';
import type { AbortCause } from '../message/abort-cause.ts';
import { BY_LENGTH } from '../message/body-framer.ts';
import { fault, faulty } from '../message/fault.ts';
import { BODY_TOO_LONG, framing, parseRequestHead } from '../message/request-head.ts';
import type { Connection } from '../transport/connection.ts';
import { ClientStream } from './client-stream.ts';
import {
  COMPRESSION_ERROR,
  MAX_WINDOW,
  NO_ERROR,
  PREFACE,
  PROTOCOL_ERROR,
  REFUSED_STREAM,
  SETTINGS_ENABLE_CONNECT_PROTOCOL,
  SETTINGS_INITIAL_WINDOW_SIZE,
  SETTINGS_MAX_CONCURRENT_STREAMS,
  SETTINGS_MAX_HEADER_LIST_SIZE,
  STREAM_CLOSED,
} from './frames/frame.ts';
import { REFUSALS, RequestFields, WELL_FORMED } from './heads/request-fields.ts';
import { TrailerFields } from './heads/trailer-fields.ts';
import { newWebSocketKey } from './heads/web-socket-key.ts';
import { RESET_POINTS, Session, STREAM_WINDOW } from './session.ts';

/** Streams that one client may have open at once. */
const MOST_STREAMS = 128;
/** In a GOAWAY: every stream is still served. */
const EVERY_STREAM = 0x7fffffff;

/** SessionHost is the connection that a session speaks on. */
export interface SessionHost {
  readonly out: Connection;
  readonly peer: ClientPeer;
  readonly port: ClientPort;
  readonly loop: Loop;
  /** sessionMoved: streams have come or gone, so the connection's own time limits may be others. */
  sessionMoved(): void;
  /** sessionEnded: everything is said; the connection is to be closed in good order. */
  sessionEnded(): void;
}

const fields = new RequestFields();
const trailers = new TrailerFields();
let scratch = Buffer.allocUnsafeSlow(32_768);

export class ClientSession extends Session<ClientStream> {
  readonly out: Connection;
  readonly port: ClientPort;
  /** Why streams end with the connection. */
  goneFor: AbortCause = 'gateway-closed';
  #touched: ClientStream[] = [];
  readonly #host: SessionHost;
  #prefaceBytes = 0;
  #lastStream = 0;
  #wasInHead = false;

  /** Call it once the client's preface has been seen, and hand over all bytes from its first one. */
  constructor(host: SessionHost) {
    super(host.loop);
    this.#host = host;
    this.out = host.out;
    this.port = host.port;
    this.sendSettings([
      [SETTINGS_MAX_CONCURRENT_STREAMS, MOST_STREAMS],
      [SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW],
      [SETTINGS_MAX_HEADER_LIST_SIZE, Math.min(this.mostFieldBytes, MAX_WINDOW)],
      [SETTINGS_ENABLE_CONNECT_PROTOCOL, 1],
    ]);
  }

  get peer(): ClientPeer {
    return this.#host.peer;
  }

  get mostFieldBytes(): number {
    return this.port.listener.headLimits.headBytes;
  }

  /** received takes what came, the preface included; the buffer is lent. */
  received(bytes: Buffer, length: number): void {
    let at = 0;
    if (this.#prefaceBytes < PREFACE.length) {
      at = Math.min(PREFACE.length - this.#prefaceBytes, length);
      this.#prefaceBytes += at;
    }
    this.read(bytes, at, length);
    this.#settle();
    if (this.isInHead === this.#wasInHead || this.isOver) return;
    this.#wasInHead = this.isInHead;
    this.#host.sessionMoved();
  }

  /** markTouched: something of a stream's body has gone on, and is sent when everything that came has been read. */
  markTouched(stream: ClientStream): void {
    this.#touched.push(stream);
  }

  #settle(): void {
    const touched = this.#touched;
    if (touched.length === 0) return;
    this.#touched = [];
    for (const stream of touched) stream.settle();
    if (!this.isOver) this.out.flush();
  }

  fail(error: number): void {
    if (this.isOver) return;
    this.loop.counters.listener(this.port.listener.slot, ListenerIndex.badRequests);
    this.#end(error);
  }

  /** leave asks the client to go elsewhere; called again, it ends the connection once nothing is open on it. */
  leave(): void {
    if (this.isOver) return;
    if (!this.isLeaving) {
      this.isLeaving = true;
      // What is on its way already is still served (section 6.8).
      this.goAway(EVERY_STREAM, NO_ERROR);
      this.out.flush();
    } else if (this.isIdle) {
      this.#end(NO_ERROR);
    }
  }

  /**
   * clientEnded: the client has ended its side. It could neither take back a stream nor open a window any more, so it has gone: an HTTP/2
   * connection is never half-closed.
   */
  clientEnded(): void {
    if (this.isOver) return;
    this.goneFor = 'client-ended';
    this.closed();
    this.#host.sessionEnded();
  }

  /** expire ends a connection on which nothing has been open for long, or a head does not end. */
  expire(): void {
    if (!this.isOver) this.#end(NO_ERROR);
  }

  /** closed: the connection has gone. */
  closed(hadError = false): void {
    if (hadError) this.goneFor = 'client-reset';
    this.isOver = true;
    for (const stream of [...this.streams.values()]) stream.onGone();
  }

  /** drained: the system takes more. */
  drained(): void {
    this.pump();
  }

  addSessionsIf(wanted: SessionFilter, found: OpenSession[]): void {
    for (const { exchange } of this.streams.values()) exchange?.addSessionIf(wanted, found);
  }

  endSessionsIf(wanted: SessionFilter): number {
    let ended = 0;
    for (const { exchange } of [...this.streams.values()]) if (exchange?.endIf(wanted)) ended++;
    return ended;
  }

  leaveDownServers(): void {
    for (const { exchange } of [...this.streams.values()]) exchange?.leaveDownServer();
  }

  leaveServer(slot: number): number {
    let ended = 0;
    for (const { exchange } of [...this.streams.values()]) if (exchange?.leaveServer(slot)) ended++;
    return ended;
  }

  giveUp(): void {
    for (const { exchange } of [...this.streams.values()]) exchange?.giveUp();
  }

  removeStream(stream: ClientStream): void {
    if (this.streams.get(stream.id) !== stream) return;
    this.streams.delete(stream.id);
    if (this.isOver) return;
    this.#host.sessionMoved();
    if (this.isLeaving && this.isIdle) this.loop.transport.loop.turn(() => this.leave());
  }

  protected get lastStream(): number {
    return this.#lastStream;
  }

  protected setting(): number {
    return NO_ERROR;
  }

  protected wentAway(): void {
    if (this.isIdle) this.loop.transport.loop.turn(() => this.leave());
  }

  blockEnds(id: number, isEnd: boolean, bytes: Buffer, from: number, to: number): number {
    if (id <= this.#lastStream) return this.#trailers(id, isEnd, bytes, from, to);
    this.closedStreams.opens(id, this.#lastStream);
    this.#lastStream = id;
    fields.start(this.mostFieldBytes);
    if (!this.decoder.decode(bytes, from, to, fields)) return COMPRESSION_ERROR;
    if (this.dependsOnItself) {
      this.resetStream(id, PROTOCOL_ERROR);
      return this.useless(RESET_POINTS);
    }
    if (this.streams.size >= MOST_STREAMS) {
      this.resetStream(id, REFUSED_STREAM);
      return this.useless(10);
    }
    this.#open(id, isEnd, to - from);
    return NO_ERROR;
  }

  #open(id: number, isEnd: boolean, headBytes: number): void {
    const { listener } = this.port;
    const verdict = fields.finish(isEnd, newWebSocketKey);
    const stream = new ClientStream(this, id, this.streamWindow, STREAM_WINDOW);
    const exchange = stream.exchange!;
    stream.hasEnded = isEnd;
    stream.headIn = headBytes;
    exchange.request.isHttp2 = true;
    this.streams.set(id, stream);
    this.#host.sessionMoved();
    exchange.start(listener);
    this.loop.counters.listener(listener.slot, ListenerIndex.requests);
    const refused = verdict === WELL_FORMED ? this.#readHead(stream) : REFUSALS[verdict]!;
    const { request } = exchange;
    if (refused !== 0) {
      request.refusal = verdict === WELL_FORMED ? fault.reason : fields.reason;
      stream.isMalformed = refused === 400;
      this.loop.counters.listener(listener.slot, ListenerIndex.badRequests);
      this.#host.peer.describe(request, listener, false);
      exchange.refuse(refused);
      return;
    }
    const peer = this.#host.peer.describe(request, listener, true);
    stream.startBody(isEnd ? 0 : framing.mode, framing.length);
    const { bodyBytes } = listener.plan.limits;
    if (bodyBytes !== 0 && framing.length > bodyBytes) {
      request.refusal = BODY_TOO_LONG;
      exchange.refuse(413);
      return;
    }
    exchange.forward(peer, this.port.authority);
    const server = stream.exchange === null ? null : exchange.server;
    if (server !== null && !server.isConnecting) server.out.flush();
  }

  /** readHead has the head read by the parser that reads all heads. Returns 0, or the status that refuses it. */
  #readHead({ exchange, hasEnded }: ClientStream): number {
    const { head } = fields;
    const { headLimits, paths } = this.port.listener;
    if (head.length > scratch.length) scratch = Buffer.allocUnsafeSlow(head.length);
    const end = scratch.latin1Write(head, 0);
    const behind = parseRequestHead(exchange!.request, scratch, 0, end, headLimits, paths);
    if (behind < -1) return -behind;
    if (behind !== end) return faulty(400, 'its fields make no head of a request');
    // A server would wait for a body that never comes, and take the next request on its connection for it (RFC 9113 section 8.1.1).
    return hasEnded && framing.mode === BY_LENGTH && framing.length > 0
      ? faulty(400, 'it has a Content-Length and no body')
      : 0;
  }

  #trailers(id: number, isEnd: boolean, bytes: Buffer, from: number, to: number): number {
    if (!this.wasOpened(id)) return PROTOCOL_ERROR;
    trailers.start(this.mostFieldBytes, this.port.listener.judgedNames);
    if (!this.decoder.decode(bytes, from, to, trailers)) return COMPRESSION_ERROR;
    const stream = this.streams.get(id);
    if (stream === undefined) return this.closedError(id) || this.useless();
    if (stream.hasEnded) return this.refuseStream(stream, STREAM_CLOSED);
    if (isEnd && trailers.isWellFormed && !this.dependsOnItself) {
      stream.onPeerEnd(trailers.lines);
      return NO_ERROR;
    }
    return this.refuseStream(stream, PROTOCOL_ERROR);
  }

  #end(error: number): void {
    this.goAway(this.#lastStream, error);
    this.out.flush();
    this.closed();
    this.#host.sessionEnded();
  }
}

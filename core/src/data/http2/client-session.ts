/**
 * ClientSession: one HTTP/2 connection of a client: frames to streams, windows, and the limits that keep a hostile client from costing more than
 * an honest one. Hot path; data plane.
 *
 * Sources: RFC 9113, RFC 8441. Every stream is the client side of an exchange of its own (client-stream.ts). An error of the
 * connection ends it with GOAWAY; an error of a stream resets that stream alone. Priorities and what is unknown are ignored, but counted.
 */
import { ListenerIndex } from '../../shared/counters.ts';
import type { OpenSession } from '../../shared/orders.ts';
import type { ClientPeer } from '../exchange/client-peer.ts';
import { framing, parseRequestHead } from '../http1/request-head.ts';
import type { Loop } from '../loop.ts';
import type { Port } from '../port.ts';
import type { Output } from '../transport/output.ts';
import { Calm } from './calm.ts';
import { ClientStream, newWebSocketKey } from './client-stream.ts';
import {
  ACK,
  COMPRESSION_ERROR,
  CONTINUATION,
  DATA,
  DEFAULT_FRAME_BYTES,
  DEFAULT_WINDOW,
  END_HEADERS,
  END_STREAM,
  ENHANCE_YOUR_CALM,
  FLOW_CONTROL_ERROR,
  FRAME_SIZE_ERROR,
  GOAWAY,
  HEADERS,
  MAX_WINDOW,
  NO_ERROR,
  PADDED,
  PING,
  PREFACE,
  PRIORITY,
  PRIORITY_FLAG,
  PROTOCOL_ERROR,
  PUSH_PROMISE,
  REFUSED_STREAM,
  RST_STREAM,
  SETTINGS,
  SETTINGS_ENABLE_CONNECT_PROTOCOL,
  SETTINGS_ENABLE_PUSH,
  SETTINGS_INITIAL_WINDOW_SIZE,
  SETTINGS_MAX_CONCURRENT_STREAMS,
  SETTINGS_MAX_FRAME_SIZE,
  SETTINGS_MAX_HEADER_LIST_SIZE,
  STREAM_CLOSED,
  uint31,
  uint32,
  WINDOW_UPDATE,
  writeFrameHead,
  writeUint32,
} from './frame.ts';
import { type FrameHandler, FrameReader } from './frame-reader.ts';
import { HpackDecoder } from './hpack-decoder.ts';
import type { HpackEncoder } from './hpack-encoder.ts';
import { FOREIGN_CONNECT, RequestFields, TOO_LARGE, TrailerFields, WELL_FORMED } from './request-fields.ts';

/** Streams that one client may have open at once. */
export const MOST_STREAMS = 128;
/** What a client may send on a stream, and on all of them, before the servers have taken it. */
const STREAM_WINDOW = 262_144;
const CONNECTION_WINDOW = 1_048_576;
/** A window is opened again once so much of it is used: fewer, larger grants. */
const GRANT_SHARE = 4;
/** Pieces of one field block: more are a flood (CVE-2024-27983 and its like). */
const MOST_PIECES = 32;
/** A window may be opened for free after so many bytes. */
const BYTES_AN_UPDATE = 1024;
const MOST_CREDIT = 1_048_576;
const MOST_LEFT_OPEN = 0x7fffffff;

/** SessionHost is the connection that a session speaks on. */
export interface SessionHost {
  readonly out: Output;
  readonly peer: ClientPeer;
  readonly port: Port;
  readonly loop: Loop;
  /** sessionMoved: streams have come or gone, so the connection's own time limits may be others. */
  sessionMoved(): void;
  /** sessionEnded: everything is said; the connection is to be closed in good order. */
  sessionEnded(): void;
}

const fields = new RequestFields();
const trailers = new TrailerFields();
const small = Buffer.allocUnsafeSlow(64);
let scratch = Buffer.allocUnsafeSlow(32_768);

export class ClientSession implements FrameHandler {
  readonly out: Output;
  readonly port: Port;
  readonly loop: Loop;
  /** What may still be sent on the whole connection. */
  window = DEFAULT_WINDOW;
  /** The largest frame that the client takes. */
  frameBytes = DEFAULT_FRAME_BYTES;
  readonly #host: SessionHost;
  readonly #reader = new FrameReader(this);
  readonly #decoder = new HpackDecoder();
  readonly #streams = new Map<number, ClientStream>();
  readonly #calm: Calm;
  /** Sent since the client opened a window last. */
  #sentSince = 0;
  #prefaceBytes = 0;
  #hasSettings = false;
  #lastStream = 0;
  #streamWindow = DEFAULT_WINDOW;
  /** What the client may still send on the whole connection, and what is to be granted anew. */
  #receiveWindow = CONNECTION_WINDOW;
  #toGrant = 0;
  #isLeaving = false;
  #isOver = false;
  /** Of the DATA frame that is being read. */
  #dataStream: ClientStream | null = null;
  #dataLeft = 0;
  #dataEnds = false;
  /** Of the field block that is being read. */
  #blockStream = 0;
  #blockFlags = 0;
  #block: Buffer[] = [];
  #blockBytes = 0;

  /** Call it once the client's preface has been seen, and hand over all bytes from its first one. */
  constructor(host: SessionHost) {
    this.#host = host;
    this.out = host.out;
    this.port = host.port;
    this.loop = host.loop;
    this.#calm = new Calm(host.loop);
    this.#sendSettings();
  }

  get isIdle(): boolean {
    return this.#streams.size === 0;
  }

  /** received takes what came; the buffer is lent. */
  received(bytes: Buffer, length: number): void {
    let at = 0;
    if (this.#prefaceBytes < PREFACE.length) {
      at = Math.min(PREFACE.length - this.#prefaceBytes, length);
      this.#prefaceBytes += at;
    }
    if (this.#isOver) return;
    const error = this.#reader.read(bytes, at, length);
    if (error !== NO_ERROR) this.fail(error);
    else this.#grantConnection();
    this.out.flush();
  }

  /** fail ends the connection with an error. */
  fail(error: number): void {
    if (this.#isOver) return;
    this.loop.counters.listener(this.port.listener.slot, ListenerIndex.badRequests);
    this.#goAway(this.#lastStream, error);
    this.#end();
  }

  /** leave asks the client to go elsewhere; called again, it ends the connection once nothing is open on it. */
  leave(): void {
    if (this.#isOver) return;
    if (!this.#isLeaving) {
      this.#isLeaving = true;
      // What is on its way already is still served (section 6.8).
      this.#goAway(MOST_LEFT_OPEN, NO_ERROR);
      this.out.flush();
    } else if (this.isIdle) {
      this.#goAway(this.#lastStream, NO_ERROR);
      this.#end();
    }
  }

  /** clientEnded: the client says nothing more; what it asked for before is still answered. */
  clientEnded(): void {
    this.#isLeaving = true;
    if (this.isIdle) this.leave();
  }

  /** expire ends a connection on which nothing has been open for long. */
  expire(): void {
    if (this.#isOver) return;
    this.#goAway(this.#lastStream, NO_ERROR);
    this.#end();
  }

  /** closed: the connection has gone. */
  closed(): void {
    this.#isOver = true;
    for (const stream of [...this.#streams.values()]) stream.gone();
  }

  /** drained: the system takes more. */
  drained(): void {
    this.#pump();
  }

  sessionOn(slot: number): OpenSession | null {
    for (const { exchange } of this.#streams.values()) {
      const session = exchange?.sessionOn(slot) ?? null;
      if (session !== null) return session;
    }
    return null;
  }

  leaveDownServers(): void {
    for (const { exchange } of [...this.#streams.values()]) exchange?.leaveDownServer();
  }

  // What streams ask for.

  sendData(stream: number, bytes: Buffer, from: number, to: number, flags: number): void {
    writeFrameHead(small, 0, to - from, DATA, flags, stream);
    this.out.text(small.latin1Slice(0, 9));
    this.out.bytes(bytes, from, to);
    this.window -= to - from;
    this.#sentSince = Math.min(this.#sentSince + to - from, MOST_CREDIT);
  }

  sendHeaders(stream: number, block: HpackEncoder, isEnd: boolean): void {
    const { bytes, end } = block;
    let at = 0;
    let type = HEADERS;
    do {
      const size = Math.min(end - at, this.frameBytes);
      const isLast = at + size === end;
      const flags = (isLast ? END_HEADERS : 0) | (type === HEADERS && isEnd ? END_STREAM : 0);
      writeFrameHead(small, 0, size, type, flags, stream);
      this.out.text(small.latin1Slice(0, 9));
      this.out.text(bytes.latin1Slice(at, at + size));
      at += size;
      type = CONTINUATION;
    } while (at < end);
  }

  resetStream(stream: number, error: number): void {
    writeUint32(small, writeFrameHead(small, 0, 4, RST_STREAM, 0, stream), error);
    this.out.text(small.latin1Slice(0, 13));
    this.out.flush();
  }

  /** granted: so much of what a client sent on a stream has gone on, so it may send as much again. */
  granted(stream: ClientStream, bytes: number): void {
    this.#toGrant += bytes;
    stream.toGrant += bytes;
    if (stream.toGrant >= STREAM_WINDOW / GRANT_SHARE && !stream.hasEnded && this.#streams.get(stream.id) === stream) {
      this.#sendWindow(stream.id, stream.toGrant);
      stream.window += stream.toGrant;
      stream.toGrant = 0;
    }
    this.#grantConnection();
  }

  /** answered: a request came to its good end, which speaks for the client. */
  answered(): void {
    this.#calm.answered();
  }

  left(stream: ClientStream): void {
    if (this.#streams.get(stream.id) !== stream) return;
    this.#streams.delete(stream.id);
    if (this.#isOver) return;
    this.#host.sessionMoved();
    if (this.#isLeaving && this.isIdle) setImmediate(() => this.leave());
  }

  // Frames.

  begins(type: number, flags: number, stream: number, length: number): number {
    if (!this.#hasSettings && type !== SETTINGS) return PROTOCOL_ERROR;
    if (this.#blockStream !== 0 && (type !== CONTINUATION || stream !== this.#blockStream)) return PROTOCOL_ERROR;
    return type === DATA ? this.#dataBegins(flags, stream, length) : NO_ERROR;
  }

  #dataBegins(flags: number, id: number, length: number): number {
    if (id === 0 || id > this.#lastStream || id % 2 === 0) return PROTOCOL_ERROR;
    if (length > this.#receiveWindow) return FLOW_CONTROL_ERROR;
    this.#receiveWindow -= length;
    const stream = this.#streams.get(id) ?? null;
    if (stream?.hasEnded === true) return STREAM_CLOSED;
    this.#dataStream = stream;
    this.#dataLeft = length;
    this.#dataEnds = (flags & END_STREAM) !== 0;
    if (stream === null) return NO_ERROR;
    if (length > stream.window) return FLOW_CONTROL_ERROR;
    stream.window -= length;
    return length === 0 && !this.#dataEnds && this.#calm.isOver(1) ? ENHANCE_YOUR_CALM : NO_ERROR;
  }

  content(bytes: Buffer, from: number, to: number): number {
    this.#dataLeft -= to - from;
    if (this.#dataStream === null) this.#toGrant += to - from;
    else this.#dataStream.content(bytes, from, to);
    return NO_ERROR;
  }

  contentEnds(): number {
    const stream = this.#dataStream;
    this.#dataStream = null;
    // Padding counts, and goes nowhere.
    if (stream === null) this.#toGrant += this.#dataLeft;
    else {
      if (this.#dataLeft > 0) this.granted(stream, this.#dataLeft);
      if (this.#dataEnds) stream.ended('');
    }
    return NO_ERROR;
  }

  payload(type: number, flags: number, stream: number, bytes: Buffer, from: number, to: number): number {
    const length = to - from;
    switch (type) {
      case HEADERS:
        return this.#headers(flags, stream, bytes, from, to);
      case CONTINUATION:
        return this.#blockStream === 0 ? PROTOCOL_ERROR : this.#blockPiece(flags, bytes, from, to);
      case SETTINGS:
        return stream === 0 ? this.#settings(flags, bytes, from, to) : PROTOCOL_ERROR;
      case WINDOW_UPDATE:
        return length === 4 ? this.#windowUpdate(stream, uint31(bytes, from)) : FRAME_SIZE_ERROR;
      case RST_STREAM:
        return length === 4 ? this.#reset(stream) : FRAME_SIZE_ERROR;
      case PING:
        return this.#ping(flags, stream, bytes, from, length);
      case GOAWAY:
        if (stream !== 0) return PROTOCOL_ERROR;
        if (length < 8) return FRAME_SIZE_ERROR;
        this.#isLeaving = true;
        if (this.isIdle) setImmediate(() => this.leave());
        return NO_ERROR;
      case PRIORITY:
        if (stream === 0) return PROTOCOL_ERROR;
        if (length !== 5) return FRAME_SIZE_ERROR;
        return this.#useless();
      case PUSH_PROMISE:
        return PROTOCOL_ERROR;
      default:
        return this.#useless();
    }
  }

  #useless(): number {
    return this.#calm.isOver(1) ? ENHANCE_YOUR_CALM : NO_ERROR;
  }

  #headers(flags: number, stream: number, bytes: Buffer, from: number, to: number): number {
    if (stream === 0 || stream % 2 === 0) return PROTOCOL_ERROR;
    let at = from;
    let end = to;
    if ((flags & PADDED) !== 0) {
      if (at === to) return FRAME_SIZE_ERROR;
      end -= bytes[at++]!;
    }
    if ((flags & PRIORITY_FLAG) !== 0) at += 5;
    if (at > end) return PROTOCOL_ERROR;
    this.#blockStream = stream;
    this.#blockFlags = flags;
    this.#block = [];
    this.#blockBytes = 0;
    return this.#blockPiece(flags, bytes, at, end);
  }

  #blockPiece(flags: number, bytes: Buffer, from: number, to: number): number {
    const isLast = (flags & END_HEADERS) !== 0;
    if (isLast && this.#block.length === 0) return this.#blockEnds(bytes, from, to);
    this.#blockBytes += to - from;
    const { headBytes } = this.port.listener.headLimits;
    // Twice the limit, as a list is larger than its block: more cannot be a list within the limit, nor kept for decoding.
    if (this.#block.length >= MOST_PIECES || this.#blockBytes > 2 * Math.max(headBytes, DEFAULT_FRAME_BYTES)) {
      return ENHANCE_YOUR_CALM;
    }
    this.#block.push(Buffer.from(bytes.subarray(from, to)));
    if (!isLast) return NO_ERROR;
    const block = Buffer.concat(this.#block);
    this.#block = [];
    return this.#blockEnds(block, 0, block.length);
  }

  #blockEnds(bytes: Buffer, from: number, to: number): number {
    const id = this.#blockStream;
    const isEnd = (this.#blockFlags & END_STREAM) !== 0;
    this.#blockStream = 0;
    const { headBytes } = this.port.listener.headLimits;
    if (id <= this.#lastStream) return this.#trailers(id, isEnd, bytes, from, to, headBytes);
    this.#lastStream = id;
    fields.begin(headBytes);
    if (!this.#decoder.decode(bytes, from, to, fields)) return COMPRESSION_ERROR;
    if (this.#streams.size >= MOST_STREAMS) {
      this.resetStream(id, REFUSED_STREAM);
      return this.#calm.isOver(10) ? ENHANCE_YOUR_CALM : NO_ERROR;
    }
    this.#open(id, isEnd);
    return NO_ERROR;
  }

  #open(id: number, isEnd: boolean): void {
    const { listener } = this.port;
    const verdict = fields.finish(isEnd, newWebSocketKey);
    const stream = new ClientStream(this, id, this.#streamWindow, STREAM_WINDOW);
    const exchange = stream.exchange!;
    stream.hasEnded = isEnd;
    this.#streams.set(id, stream);
    this.#host.sessionMoved();
    exchange.begin(listener);
    this.loop.counters.listener(listener.slot, ListenerIndex.requests);
    const refused = verdict === WELL_FORMED ? this.#readHead(stream) : REFUSALS[verdict]!;
    const { request } = exchange;
    if (refused !== 0) {
      this.loop.counters.listener(listener.slot, ListenerIndex.badRequests);
      this.#host.peer.describe(request, listener, false);
      exchange.refuse(refused);
      return;
    }
    stream.isWebSocket = fields.isWebSocket;
    const peer = this.#host.peer.describe(request, listener, true);
    stream.begin(isEnd ? 0 : framing.mode, framing.length);
    const { bodyBytes } = listener.plan.limits;
    if (bodyBytes !== 0 && framing.length > bodyBytes) {
      exchange.refuse(413);
      return;
    }
    exchange.forward(peer, this.port.authority);
    const server = stream.exchange === null ? null : exchange.server;
    if (server !== null && !server.isConnecting) server.out.flush();
  }

  /** readHead has the head read by the parser that reads all heads. Returns 0, or the status that refuses it. */
  #readHead({ exchange }: ClientStream): number {
    const { head } = fields;
    const { headLimits, plan } = this.port.listener;
    if (head.length > scratch.length) scratch = Buffer.allocUnsafeSlow(head.length);
    const end = scratch.latin1Write(head, 0);
    const behind = parseRequestHead(exchange!.request, scratch, 0, end, headLimits, plan.allowEncodedSlashes);
    if (behind < -1) return -behind;
    return behind === end ? 0 : 400;
  }

  #trailers(id: number, isEnd: boolean, bytes: Buffer, from: number, to: number, most: number): number {
    trailers.begin(most);
    if (!this.#decoder.decode(bytes, from, to, trailers)) return COMPRESSION_ERROR;
    const stream = this.#streams.get(id);
    // A stream that was ended here; the client may not have known.
    if (stream === undefined) return this.#useless();
    if (stream.hasEnded) return STREAM_CLOSED;
    if (!isEnd || !trailers.isWellFormed) {
      this.resetStream(id, PROTOCOL_ERROR);
      stream.gone();
      return NO_ERROR;
    }
    stream.ended(trailers.lines);
    return NO_ERROR;
  }

  #settings(flags: number, bytes: Buffer, from: number, to: number): number {
    if ((flags & ACK) !== 0) return from === to ? NO_ERROR : FRAME_SIZE_ERROR;
    if ((to - from) % 6 !== 0) return FRAME_SIZE_ERROR;
    if (this.#hasSettings && this.#calm.isOver(5)) return ENHANCE_YOUR_CALM;
    this.#hasSettings = true;
    for (let at = from; at < to; at += 6) {
      const error = this.#setting((bytes[at]! << 8) | bytes[at + 1]!, uint32(bytes, at + 2));
      if (error !== NO_ERROR) return error;
    }
    writeFrameHead(small, 0, 0, SETTINGS, ACK, 0);
    this.out.text(small.latin1Slice(0, 9));
    return NO_ERROR;
  }

  #setting(name: number, value: number): number {
    switch (name) {
      case SETTINGS_ENABLE_PUSH:
        return value <= 1 ? NO_ERROR : PROTOCOL_ERROR;
      case SETTINGS_MAX_FRAME_SIZE:
        if (value < DEFAULT_FRAME_BYTES || value > 0xffffff) return PROTOCOL_ERROR;
        // Larger frames would only make others wait longer for their turn.
        return NO_ERROR;
      case SETTINGS_INITIAL_WINDOW_SIZE: {
        if (value > MAX_WINDOW) return FLOW_CONTROL_ERROR;
        const more = value - this.#streamWindow;
        this.#streamWindow = value;
        for (const { out } of this.#streams.values()) {
          out.window += more;
          if (out.window > MAX_WINDOW) return FLOW_CONTROL_ERROR;
        }
        if (more > 0) this.#pump();
        return NO_ERROR;
      }
      default:
        return NO_ERROR;
    }
  }

  #windowUpdate(id: number, more: number): number {
    // Who takes much says so often.
    if (this.#sentSince >= BYTES_AN_UPDATE) this.#sentSince -= BYTES_AN_UPDATE;
    else if (this.#calm.isOver(1)) return ENHANCE_YOUR_CALM;
    if (id === 0) {
      if (more === 0) return PROTOCOL_ERROR;
      this.window += more;
      if (this.window > MAX_WINDOW) return FLOW_CONTROL_ERROR;
      this.#pump();
      return NO_ERROR;
    }
    if (id > this.#lastStream) return PROTOCOL_ERROR;
    const stream = this.#streams.get(id);
    if (stream === undefined) return NO_ERROR;
    stream.out.window += more;
    if (more === 0 || stream.out.window > MAX_WINDOW) {
      this.resetStream(id, more === 0 ? PROTOCOL_ERROR : FLOW_CONTROL_ERROR);
      stream.gone();
    } else {
      stream.moved();
    }
    return NO_ERROR;
  }

  #reset(id: number): number {
    if (id === 0 || id > this.#lastStream) return PROTOCOL_ERROR;
    const stream = this.#streams.get(id);
    if (stream === undefined) return NO_ERROR;
    stream.gone();
    // Opening streams only to reset them costs the servers a request each (CVE-2023-44487).
    return this.#calm.isOver(5) ? ENHANCE_YOUR_CALM : NO_ERROR;
  }

  #ping(flags: number, stream: number, bytes: Buffer, from: number, length: number): number {
    if (stream !== 0) return PROTOCOL_ERROR;
    if (length !== 8) return FRAME_SIZE_ERROR;
    if ((flags & ACK) !== 0) return this.#useless();
    if (this.#calm.isOver(1)) return ENHANCE_YOUR_CALM;
    writeFrameHead(small, 0, 8, PING, ACK, 0);
    this.out.text(small.latin1Slice(0, 9));
    this.out.text(bytes.latin1Slice(from, from + 8));
    return NO_ERROR;
  }

  // What is sent for the connection.

  #sendSettings(): void {
    const { headBytes } = this.port.listener.headLimits;
    const settings: [number, number][] = [
      [SETTINGS_MAX_CONCURRENT_STREAMS, MOST_STREAMS],
      [SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW],
      [SETTINGS_MAX_HEADER_LIST_SIZE, Math.min(headBytes, MAX_WINDOW)],
      [SETTINGS_ENABLE_CONNECT_PROTOCOL, 1],
    ];
    let at = writeFrameHead(small, 0, 6 * settings.length, SETTINGS, 0, 0);
    for (const [name, value] of settings) {
      small[at] = name >> 8;
      small[at + 1] = name;
      at = writeUint32(small, at + 2, value);
    }
    this.out.text(small.latin1Slice(0, at));
    this.#sendWindow(0, CONNECTION_WINDOW - DEFAULT_WINDOW);
  }

  #sendWindow(stream: number, more: number): void {
    writeUint32(small, writeFrameHead(small, 0, 4, WINDOW_UPDATE, 0, stream), more);
    this.out.text(small.latin1Slice(0, 13));
  }

  #grantConnection(): void {
    if (this.#toGrant < CONNECTION_WINDOW / GRANT_SHARE || this.#isOver) return;
    this.#sendWindow(0, this.#toGrant);
    this.#receiveWindow += this.#toGrant;
    this.#toGrant = 0;
  }

  #goAway(last: number, error: number): void {
    const at = writeFrameHead(small, 0, 8, GOAWAY, 0, 0);
    writeUint32(small, writeUint32(small, at, last), error);
    this.out.text(small.latin1Slice(0, 17));
  }

  /** pump lets streams go on that waited for a window or the system. */
  #pump(): void {
    if (this.#isOver) return;
    for (const stream of [...this.#streams.values()]) {
      if (this.window <= 0 || this.out.isFull) break;
      stream.moved();
    }
    this.out.flush();
  }

  #end(): void {
    this.out.flush();
    this.closed();
    this.#host.sessionEnded();
  }
}

const REFUSALS: Readonly<Record<number, number>> = { [TOO_LARGE]: 431, [FOREIGN_CONNECT]: 405, 1: 400 };

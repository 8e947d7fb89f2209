/**
 * Session: what both kinds of HTTP/2 connections have in common, those of clients and those to servers: frames, windows, settings, field
 * blocks, and the limits that keep a hostile peer from costing more than an honest one. Hot path; data plane.
 *
 * Source: RFC 9113. An error of the connection ends it with GOAWAY; an error of a stream resets that stream alone. Priorities and what is unknown are
 * ignored, but counted.
 */
import type { Loop } from '../loop.ts';
import type { Output } from '../transport/output.ts';
import { Calm } from './calm.ts';
import {
  ACK,
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
  PRIORITY,
  PRIORITY_FLAG,
  PROTOCOL_ERROR,
  PUSH_PROMISE,
  RST_STREAM,
  SETTINGS,
  SETTINGS_ENABLE_PUSH,
  SETTINGS_INITIAL_WINDOW_SIZE,
  SETTINGS_MAX_FRAME_SIZE,
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
import type { StreamSink } from './stream-sink.ts';

/** What a peer may send on a stream, and on all of them, before the other side has taken it. */
export const STREAM_WINDOW = 262_144;
export const CONNECTION_WINDOW = 1_048_576;
/** A window is opened again once so much of it is used: fewer, larger grants. */
const GRANT_SHARE = 4;
/** Pieces of one field block: more are a flood (CVE-2024-27983 and its like). */
const MOST_PIECES = 32;
/** A window may be opened for free after so many bytes. */
const BYTES_AN_UPDATE = 1024;
const MOST_CREDIT = 1_048_576;

/** SessionStream is one stream as its session sees it. */
export interface SessionStream {
  readonly id: number;
  readonly out: StreamSink;
  /** What the peer may still send on it. */
  window: number;
  /** What it may send again, and has not been told yet. */
  toGrant: number;
  /** The peer has ended its side. */
  readonly hasEnded: boolean;
  /** content takes a piece of DATA; the buffer is lent. Says `session.granted` when it has gone on. */
  content(bytes: Buffer, from: number, to: number): void;
  /** ended: the peer has ended its side by DATA. */
  ended(): void;
  /** moved: more can be sent. */
  moved(): void;
  /** reset: the peer wants nothing more of it. */
  reset(error: number): void;
  /** gone: the connection has ended, or the stream was reset for an error of the peer's. */
  gone(): void;
}

const small = Buffer.allocUnsafeSlow(64);

export abstract class Session<Stream extends SessionStream> implements FrameHandler {
  readonly loop: Loop;
  /** What may still be sent on the whole connection. */
  window = DEFAULT_WINDOW;
  /** The largest frame that the peer takes, and that is sent: larger ones would only make others wait longer. */
  readonly frameBytes = DEFAULT_FRAME_BYTES;
  protected readonly streams = new Map<number, Stream>();
  protected readonly decoder = new HpackDecoder();
  protected readonly calm: Calm;
  protected isOver = false;
  protected isLeaving = false;
  /** What a new stream's window to the peer is. */
  protected streamWindow = DEFAULT_WINDOW;
  readonly #reader = new FrameReader(this);
  #hasSettings = false;
  /** Sent since the peer opened a window last. */
  #sentSince = 0;
  /** What the peer may still send on the whole connection, and what is to be granted anew. */
  #receiveWindow = CONNECTION_WINDOW;
  #toGrant = 0;
  /** Of the DATA frame that is being read. */
  #dataStream: Stream | null = null;
  #dataLeft = 0;
  #dataEnds = false;
  /** Of the field block that is being read. */
  #blockStream = 0;
  #blockFlags = 0;
  #block: Buffer[] = [];
  #blockBytes = 0;

  constructor(loop: Loop) {
    this.loop = loop;
    this.calm = new Calm(loop);
  }

  abstract readonly out: Output;
  /** Longest list of fields. */
  protected abstract readonly mostFieldBytes: number;
  /** wasOpened: a stream of this number has been there, or is. */
  protected abstract wasOpened(stream: number): boolean;
  /** blockEnds: a whole field block has come. Returns the error of the connection. */
  protected abstract blockEnds(stream: number, isEnd: boolean, bytes: Buffer, from: number, to: number): number;
  /** setting: one that only one kind of session cares for. */
  protected abstract setting(name: number, value: number): number;
  protected abstract wentAway(lastStream: number): void;
  /** fail ends the connection with an error. */
  abstract fail(error: number): void;

  get isIdle(): boolean {
    return this.streams.size === 0;
  }

  /** read takes what came behind the preface; the buffer is lent. */
  protected read(bytes: Buffer, from: number, to: number): void {
    if (this.isOver) return;
    const error = this.#reader.read(bytes, from, to);
    if (error !== NO_ERROR) this.fail(error);
    else this.#grantConnection();
    this.out.flush();
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

  /** granted: so much of what the peer sent on a stream has gone on, so it may send as much again. */
  granted(stream: SessionStream, bytes: number): void {
    this.#toGrant += bytes;
    stream.toGrant += bytes;
    const isOpen = !stream.hasEnded && (this.streams.get(stream.id) as SessionStream | undefined) === stream;
    if (stream.toGrant >= STREAM_WINDOW / GRANT_SHARE && isOpen && !this.isOver) {
      this.#sendWindow(stream.id, stream.toGrant);
      stream.window += stream.toGrant;
      stream.toGrant = 0;
    }
    this.#grantConnection();
  }

  /** answered: an exchange came to its good end, which speaks for the peer. */
  answered(): void {
    this.calm.answered();
  }

  // Frames.

  begins(type: number, flags: number, stream: number, length: number): number {
    if (!this.#hasSettings && type !== SETTINGS) return PROTOCOL_ERROR;
    if (this.#blockStream !== 0 && (type !== CONTINUATION || stream !== this.#blockStream)) return PROTOCOL_ERROR;
    return type === DATA ? this.#dataBegins(flags, stream, length) : NO_ERROR;
  }

  #dataBegins(flags: number, id: number, length: number): number {
    if (id === 0 || id % 2 === 0 || !this.wasOpened(id)) return PROTOCOL_ERROR;
    if (length > this.#receiveWindow) return FLOW_CONTROL_ERROR;
    this.#receiveWindow -= length;
    const stream = this.streams.get(id) ?? null;
    if (stream?.hasEnded === true) return STREAM_CLOSED;
    this.#dataStream = stream;
    this.#dataLeft = length;
    this.#dataEnds = (flags & END_STREAM) !== 0;
    if (stream === null) return NO_ERROR;
    if (length > stream.window) return FLOW_CONTROL_ERROR;
    stream.window -= length;
    return length === 0 && !this.#dataEnds ? this.useless() : NO_ERROR;
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
      if (this.#dataEnds) stream.ended();
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
        return length === 4 ? this.#reset(stream, uint32(bytes, from)) : FRAME_SIZE_ERROR;
      case PING:
        return this.#ping(flags, stream, bytes, from, length);
      case GOAWAY:
        if (stream !== 0) return PROTOCOL_ERROR;
        if (length < 8) return FRAME_SIZE_ERROR;
        this.isLeaving = true;
        this.wentAway(uint31(bytes, from));
        return NO_ERROR;
      case PRIORITY:
        if (stream === 0) return PROTOCOL_ERROR;
        return length === 5 ? this.useless() : FRAME_SIZE_ERROR;
      // A client may not send one, and a server was told that none is wanted.
      case PUSH_PROMISE:
        return PROTOCOL_ERROR;
      default:
        return this.useless();
    }
  }

  /** useless counts a frame that brings nobody an answer. */
  protected useless(points = 1): number {
    return this.calm.isOver(points) ? ENHANCE_YOUR_CALM : NO_ERROR;
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
    // Twice the limit, as a list is larger than its block: more cannot be a list within the limit, nor kept for decoding.
    const most = 2 * Math.max(this.mostFieldBytes, DEFAULT_FRAME_BYTES);
    if (this.#block.length >= MOST_PIECES || this.#blockBytes > most) return ENHANCE_YOUR_CALM;
    this.#block.push(Buffer.from(bytes.subarray(from, to)));
    if (!isLast) return NO_ERROR;
    const block = Buffer.concat(this.#block);
    this.#block = [];
    return this.#blockEnds(block, 0, block.length);
  }

  #blockEnds(bytes: Buffer, from: number, to: number): number {
    const stream = this.#blockStream;
    this.#blockStream = 0;
    return this.blockEnds(stream, (this.#blockFlags & END_STREAM) !== 0, bytes, from, to);
  }

  #settings(flags: number, bytes: Buffer, from: number, to: number): number {
    if ((flags & ACK) !== 0) return from === to ? NO_ERROR : FRAME_SIZE_ERROR;
    if ((to - from) % 6 !== 0) return FRAME_SIZE_ERROR;
    if (this.#hasSettings && this.calm.isOver(5)) return ENHANCE_YOUR_CALM;
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
        return value < DEFAULT_FRAME_BYTES || value > 0xffffff ? PROTOCOL_ERROR : NO_ERROR;
      case SETTINGS_INITIAL_WINDOW_SIZE: {
        if (value > MAX_WINDOW) return FLOW_CONTROL_ERROR;
        const more = value - this.streamWindow;
        this.streamWindow = value;
        for (const { out } of this.streams.values()) {
          out.window += more;
          if (out.window > MAX_WINDOW) return FLOW_CONTROL_ERROR;
        }
        if (more > 0) this.pump();
        return NO_ERROR;
      }
      default:
        return this.setting(name, value);
    }
  }

  #windowUpdate(id: number, more: number): number {
    // Who takes much says so often.
    if (this.#sentSince >= BYTES_AN_UPDATE) this.#sentSince -= BYTES_AN_UPDATE;
    else if (this.calm.isOver(1)) return ENHANCE_YOUR_CALM;
    if (id === 0) {
      if (more === 0) return PROTOCOL_ERROR;
      this.window += more;
      if (this.window > MAX_WINDOW) return FLOW_CONTROL_ERROR;
      this.pump();
      return NO_ERROR;
    }
    if (!this.wasOpened(id)) return PROTOCOL_ERROR;
    const stream = this.streams.get(id);
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

  #reset(id: number, error: number): number {
    if (id === 0 || !this.wasOpened(id)) return PROTOCOL_ERROR;
    const stream = this.streams.get(id);
    if (stream === undefined) return NO_ERROR;
    stream.reset(error);
    // Opening streams only to reset them costs the servers a request each (CVE-2023-44487).
    return this.useless(5);
  }

  #ping(flags: number, stream: number, bytes: Buffer, from: number, length: number): number {
    if (stream !== 0) return PROTOCOL_ERROR;
    if (length !== 8) return FRAME_SIZE_ERROR;
    if ((flags & ACK) !== 0) return this.useless();
    if (this.calm.isOver(1)) return ENHANCE_YOUR_CALM;
    writeFrameHead(small, 0, 8, PING, ACK, 0);
    this.out.text(small.latin1Slice(0, 9));
    this.out.text(bytes.latin1Slice(from, from + 8));
    return NO_ERROR;
  }

  // What is sent for the connection.

  /** sendSettings says ours, and opens the connection's window. */
  protected sendSettings(settings: readonly (readonly [name: number, value: number])[]): void {
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
    if (this.#toGrant < CONNECTION_WINDOW / GRANT_SHARE || this.isOver) return;
    this.#sendWindow(0, this.#toGrant);
    this.#receiveWindow += this.#toGrant;
    this.#toGrant = 0;
  }

  protected goAway(last: number, error: number): void {
    const at = writeFrameHead(small, 0, 8, GOAWAY, 0, 0);
    writeUint32(small, writeUint32(small, at, last), error);
    this.out.text(small.latin1Slice(0, 17));
  }

  /** pump lets streams go on that waited for a window or the system. */
  protected pump(): void {
    if (this.isOver) return;
    for (const stream of [...this.streams.values()]) {
      if (this.window <= 0 || this.out.isFull) break;
      stream.moved();
    }
    this.out.flush();
  }
}

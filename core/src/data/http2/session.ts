/**
 * Session: what both kinds of HTTP/2 connections have in common, those of clients and those to servers: frames, windows, settings, field
 * blocks, and the limits that keep a hostile peer from costing more than an honest one. Hot path; data plane.
 *
 * Source: RFC 9113. An error of the connection ends it with GOAWAY; an error of a stream resets that stream alone. Priorities and what is unknown are
 * ignored, but counted.
 */
import type { Loop } from '../loop/loop.ts';
import type { Connection } from '../transport/connection.ts';
import { ClosedStreams, RESET_BY_PEER, RESET_HERE } from './closed-streams.ts';
import { FloodGuard } from './flood-guard.ts';
import { BlockReader, type BlockTaker } from './frames/block-reader.ts';
import {
  ACK,
  CONTINUATION,
  DATA,
  DEFAULT_FRAME_BYTES,
  DEFAULT_WINDOW,
  END_STREAM,
  ENHANCE_YOUR_CALM,
  FLOW_CONTROL_ERROR,
  FRAME_SIZE_ERROR,
  GOAWAY,
  HEADERS,
  MAX_WINDOW,
  NO_ERROR,
  PING,
  PRIORITY,
  PROTOCOL_ERROR,
  PUSH_PROMISE,
  RST_STREAM,
  SETTINGS,
  SETTINGS_ENABLE_PUSH,
  SETTINGS_HEADER_TABLE_SIZE,
  SETTINGS_INITIAL_WINDOW_SIZE,
  SETTINGS_MAX_FRAME_SIZE,
  STREAM_CLOSED,
  uint31,
  uint32,
  WINDOW_UPDATE,
} from './frames/frame.ts';
import { type FrameHandler, FrameReader } from './frames/frame-reader.ts';
import {
  writeBlock,
  writeData,
  writeGoAway,
  writePingAck,
  writeReset,
  writeSettings,
  writeSettingsAck,
  writeWindow,
} from './frames/frame-writer.ts';
import { EncoderTable } from './hpack/encoder-table.ts';
import { HpackDecoder } from './hpack/hpack-decoder.ts';
import type { HpackEncoder } from './hpack/hpack-encoder.ts';
import type { StreamSink } from './stream-sink.ts';

/** What a peer may send on a stream, and on all of them, before the other side has taken it. */
export const STREAM_WINDOW = 262_144;
const CONNECTION_WINDOW = 1_048_576;
/** A window is opened again once so much of it is used: fewer, larger grants. */
const GRANT_SHARE = 4;
/** What it costs to have a stream reset: a request that a server was asked for nothing (CVE-2023-44487, CVE-2025-8671). */
export const RESET_POINTS = 5;
/** So many settings of one frame cost a point. */
const SETTINGS_A_POINT = 8;
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
  /**
   * onContent takes a piece of DATA; the buffer is lent. Says `session.granted` when it has gone on. `isLast`: the peer ends its side right
   * behind it.
   */
  onContent(bytes: Buffer, from: number, to: number, isLast: boolean): void;
  /** onPeerEnd: the peer has ended its side by DATA. */
  onPeerEnd(): void;
  /** onRoom: more can be sent. */
  onRoom(): void;
  /** reset: the peer wants nothing more of it. */
  reset(error: number): void;
  /** onGone: the connection has ended, or the stream was reset for an error of the peer's. */
  onGone(): void;
}

export abstract class Session<Stream extends SessionStream> implements FrameHandler, BlockTaker {
  readonly loop: Loop;
  /** What may still be sent on the whole connection. */
  window = DEFAULT_WINDOW;
  /** The largest frame that the peer takes, and that is sent: larger ones would only make others wait longer. */
  readonly frameBytes = DEFAULT_FRAME_BYTES;
  protected readonly streams = new Map<number, Stream>();
  protected readonly decoder = new HpackDecoder();
  protected readonly floodGuard: FloodGuard;
  /** What is remembered of streams that are no longer in `streams`. */
  protected readonly closedStreams = new ClosedStreams();
  protected isOver = false;
  protected isLeaving = false;
  /** What a new stream's window to the peer is. */
  protected streamWindow = DEFAULT_WINDOW;
  readonly #reader = new FrameReader(this);
  readonly #encoderTable = new EncoderTable();
  #hasSettings = false;
  /** Sent since the peer opened a window last. */
  #sentSince = 0;
  /** What the peer may still send on the whole connection, and what is to be granted again. */
  #receiveWindow = CONNECTION_WINDOW;
  #toGrant = 0;
  /** Of the DATA frame that is being read. */
  #dataStream: Stream | null = null;
  #dataLeft = 0;
  #dataEnds = false;
  readonly #block = new BlockReader(this);

  /** dependsOnItself: the HEADERS of the block that was read last say so of their stream (RFC 7540 section 5.3.1). */
  protected get dependsOnItself(): boolean {
    return this.#block.dependsOnItself;
  }

  /** A head has begun, and its last frame has not come. */
  get isInHead(): boolean {
    return this.#block.stream !== 0;
  }

  constructor(loop: Loop) {
    this.loop = loop;
    this.floodGuard = new FloodGuard(loop);
  }

  abstract readonly out: Connection;
  abstract readonly mostFieldBytes: number;
  /** lastStream is the highest stream that was opened; 0: none was. Only the client's numbers, which are odd, are in use. */
  protected abstract get lastStream(): number;
  abstract blockEnds(stream: number, isEnd: boolean, bytes: Buffer, from: number, to: number): number;
  /** setting: one that only one kind of session cares for. */
  protected abstract setting(name: number, value: number): number;
  protected abstract wentAway(lastStream: number): void;
  /** settingsCame: the peer's first SETTINGS have been read. */
  protected settingsCame(): void {
    // Only servers are waited for.
  }
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
    writeData(this.out, stream, bytes, from, to, flags);
    this.window -= to - from;
    this.#sentSince = Math.min(this.#sentSince + to - from, MOST_CREDIT);
  }

  sendHeaders(stream: number, block: HpackEncoder, isEnd: boolean): number {
    let { bytes, end } = block;
    if (this.#encoderTable.isDue) {
      bytes = Buffer.concat([this.#encoderTable.update(), bytes.subarray(0, end)]);
      end = bytes.length;
    }
    writeBlock(this.out, stream, bytes, end, isEnd, this.frameBytes);
    return end;
  }

  resetStream(stream: number, error: number): void {
    if (this.streams.get(stream)?.hasEnded !== true) this.closedStreams.wasReset(stream, RESET_HERE);
    writeReset(this.out, stream, error);
    this.out.flush();
  }

  /** granted: so much of what the peer sent on a stream has gone on, so it may send as much again. */
  granted(stream: SessionStream, bytes: number): void {
    this.#toGrant += bytes;
    stream.toGrant += bytes;
    const isOpen = !stream.hasEnded && (this.streams.get(stream.id) as SessionStream | undefined) === stream;
    if (stream.toGrant >= STREAM_WINDOW / GRANT_SHARE && isOpen && !this.isOver) {
      writeWindow(this.out, stream.id, stream.toGrant);
      stream.window += stream.toGrant;
      stream.toGrant = 0;
    }
    this.#grantConnection();
  }

  /** misled: the peer sent another body than it said, and a server was asked for nothing. */
  misled(): void {
    this.floodGuard.isOver(2 * RESET_POINTS);
  }

  /** answered: an exchange came to its good end, which speaks for the peer. */
  answered(): void {
    this.floodGuard.answered();
  }

  // Frames.

  onFrameStart(type: number, flags: number, stream: number, length: number): number {
    if (!this.#hasSettings && type !== SETTINGS) return PROTOCOL_ERROR;
    const block = this.#block.stream;
    if (block !== 0 && (type !== CONTINUATION || stream !== block)) return PROTOCOL_ERROR;
    return type === DATA ? this.#dataBegins(flags, stream, length) : NO_ERROR;
  }

  #dataBegins(flags: number, id: number, length: number): number {
    if (!this.wasOpened(id)) return PROTOCOL_ERROR;
    if (length > this.#receiveWindow) return FLOW_CONTROL_ERROR;
    this.#receiveWindow -= length;
    const stream = this.streams.get(id);
    // It counts for the connection's window, wherever it goes.
    this.#dataStream = stream === undefined || stream.hasEnded ? null : stream;
    this.#dataLeft = length;
    this.#dataEnds = (flags & END_STREAM) !== 0;
    if (stream === undefined) return this.closedError(id);
    if (stream.hasEnded) return this.refuseStream(stream, STREAM_CLOSED);
    if (length > stream.window) return FLOW_CONTROL_ERROR;
    stream.window -= length;
    return length === 0 && !this.#dataEnds ? this.useless() : NO_ERROR;
  }

  onContent(bytes: Buffer, from: number, to: number): number {
    this.#dataLeft -= to - from;
    if (this.#dataStream === null) this.#toGrant += to - from;
    else this.#dataStream.onContent(bytes, from, to, this.#dataEnds && this.#dataLeft === 0);
    return this.floodGuard.isSpent ? ENHANCE_YOUR_CALM : NO_ERROR;
  }

  onContentEnd(): number {
    const stream = this.#dataStream;
    this.#dataStream = null;
    // Padding counts, and goes nowhere.
    if (stream === null) this.#toGrant += this.#dataLeft;
    else {
      if (this.#dataLeft > 0) this.granted(stream, this.#dataLeft);
      if (this.#dataEnds) stream.onPeerEnd();
    }
    return this.floodGuard.isSpent ? ENHANCE_YOUR_CALM : NO_ERROR;
  }

  onPayload(type: number, flags: number, stream: number, bytes: Buffer, from: number, to: number): number {
    const length = to - from;
    switch (type) {
      case HEADERS:
        return this.#block.headers(flags, stream, bytes, from, to);
      case CONTINUATION:
        return this.#block.continuation(flags, bytes, from, to);
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
        return this.useless();
      case PRIORITY:
        if (stream === 0) return PROTOCOL_ERROR;
        return length === 5 ? this.#priority(stream, uint31(bytes, from)) : FRAME_SIZE_ERROR;
      // A client may not send one, and a server was told that none is wanted.
      case PUSH_PROMISE:
        return PROTOCOL_ERROR;
      default:
        return this.useless();
    }
  }

  /** wasOpened: a stream of this number has been there, or is. */
  protected wasOpened(stream: number): boolean {
    return stream % 2 === 1 && stream <= this.lastStream && !this.closedStreams.wasSkipped(stream);
  }

  /**
   * closedError judges DATA or HEADERS on a stream that was opened and is no longer (RFC 9113 section 5.1). Returns NO_ERROR where they are to
   * be thrown away, or the error of the connection.
   */
  protected closedError(stream: number): number {
    switch (this.closedStreams.how(stream)) {
      case RESET_HERE:
        return NO_ERROR;
      case RESET_BY_PEER:
        this.resetStream(stream, STREAM_CLOSED);
        return this.useless(RESET_POINTS);
      default:
        return STREAM_CLOSED;
    }
  }

  /** useless counts a frame that brings nobody an answer. */
  protected useless(points = 1): number {
    return this.floodGuard.isOver(points) ? ENHANCE_YOUR_CALM : NO_ERROR;
  }

  #settings(flags: number, bytes: Buffer, from: number, to: number): number {
    if ((flags & ACK) !== 0) return from === to ? NO_ERROR : FRAME_SIZE_ERROR;
    if ((to - from) % 6 !== 0) return FRAME_SIZE_ERROR;
    const points = 5 + Math.floor((to - from) / 6 / SETTINGS_A_POINT);
    if (this.#hasSettings && this.floodGuard.isOver(points)) return ENHANCE_YOUR_CALM;
    const isFirst = !this.#hasSettings;
    this.#hasSettings = true;
    const windowBefore = this.streamWindow;
    for (let at = from; at < to; at += 6) {
      const error = this.#setting((bytes[at]! << 8) | bytes[at + 1]!, uint32(bytes, at + 2));
      if (error !== NO_ERROR) return error;
    }
    writeSettingsAck(this.out);
    if (isFirst) this.settingsCame();
    if (this.streamWindow > windowBefore) this.pump();
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
        return NO_ERROR;
      }
      case SETTINGS_HEADER_TABLE_SIZE:
        this.#encoderTable.allow(value);
        return NO_ERROR;
      default:
        return this.setting(name, value);
    }
  }

  #windowUpdate(id: number, more: number): number {
    // Who takes much says so often.
    if (this.#sentSince >= BYTES_AN_UPDATE) this.#sentSince -= BYTES_AN_UPDATE;
    else if (this.floodGuard.isOver(1)) return ENHANCE_YOUR_CALM;
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
      return this.refuseStream(stream, more === 0 ? PROTOCOL_ERROR : FLOW_CONTROL_ERROR);
    }
    stream.onRoom();
    return NO_ERROR;
  }

  /** priority: one is ignored (section 5.3.2), unless it cannot be meant (RFC 7540 section 5.3.1). */
  #priority(id: number, dependency: number): number {
    if (dependency !== id) return this.useless();
    const stream = this.streams.get(id);
    if (stream !== undefined) return this.refuseStream(stream, PROTOCOL_ERROR);
    // A stream that nobody has opened cannot be reset.
    return this.wasOpened(id) ? this.useless() : PROTOCOL_ERROR;
  }

  #reset(id: number, error: number): number {
    if (!this.wasOpened(id)) return PROTOCOL_ERROR;
    const stream = this.streams.get(id);
    if (stream === undefined) return this.useless();
    this.closedStreams.wasReset(id, RESET_BY_PEER);
    stream.reset(error);
    return this.useless(RESET_POINTS);
  }

  /** refuseStream resets a stream for an error of the peer's, who may do that on purpose. Returns the error of the connection. */
  protected refuseStream(stream: Stream, error: number): number {
    this.resetStream(stream.id, error);
    stream.onGone();
    return this.useless(RESET_POINTS);
  }

  #ping(flags: number, stream: number, bytes: Buffer, from: number, length: number): number {
    if (stream !== 0) return PROTOCOL_ERROR;
    if (length !== 8) return FRAME_SIZE_ERROR;
    if ((flags & ACK) !== 0) return this.useless();
    if (this.floodGuard.isOver(1)) return ENHANCE_YOUR_CALM;
    writePingAck(this.out, bytes, from);
    return NO_ERROR;
  }

  // What is sent for the connection.

  /** sendSettings says ours, and opens the connection's window. */
  protected sendSettings(settings: readonly (readonly [name: number, value: number])[]): void {
    writeSettings(this.out, settings);
    writeWindow(this.out, 0, CONNECTION_WINDOW - DEFAULT_WINDOW);
  }

  #grantConnection(): void {
    if (this.#toGrant < CONNECTION_WINDOW / GRANT_SHARE || this.isOver) return;
    writeWindow(this.out, 0, this.#toGrant);
    this.#receiveWindow += this.#toGrant;
    this.#toGrant = 0;
  }

  protected goAway(last: number, error: number): void {
    writeGoAway(this.out, last, error);
  }

  /** pump lets streams go on that waited for a window or the system. */
  protected pump(): void {
    if (this.isOver) return;
    for (const stream of [...this.streams.values()]) {
      if (this.window <= 0 || this.out.isFull) break;
      stream.onRoom();
    }
    this.out.flush();
  }
}

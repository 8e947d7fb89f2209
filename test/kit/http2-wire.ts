/**
 * Http2Wire is one HTTP/2 connection as a hostile client uses it: whatever frames a test wants, and what comes back, frame by
 * frame. It writes and reads by itself, so that a mistake of the gateway's own code is not one of the test's too. Test code.
 */
import type { Wire } from './wire.ts';

export const FRAME = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

export const FLAG = { END_STREAM: 1, ACK: 1, END_HEADERS: 4, PADDED: 8, PRIORITY: 32 } as const;

/** ERROR names the codes of RFC 9113 section 7. */
export const ERROR = {
  NO_ERROR: 0,
  PROTOCOL_ERROR: 1,
  FLOW_CONTROL_ERROR: 3,
  STREAM_CLOSED: 5,
  FRAME_SIZE_ERROR: 6,
  REFUSED_STREAM: 7,
  CANCEL: 8,
  COMPRESSION_ERROR: 9,
  ENHANCE_YOUR_CALM: 11,
} as const;

export interface Http2Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

type Bytes = Buffer | readonly number[] | string;

const bytesOf = (bytes: Bytes): Buffer =>
  typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : Buffer.from(bytes as readonly number[]);

/** frame is one frame's bytes; `length` may lie. */
export function frame(type: number, flags: number, stream: number, payload: Bytes = [], length?: number): Buffer {
  const body = bytesOf(payload);
  const head = Buffer.alloc(9);
  head.writeUIntBE(length ?? body.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, body]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  const length: number[] = [];
  if (bytes.length < 127) length.push(bytes.length);
  else {
    length.push(127);
    let rest = bytes.length - 127;
    for (; rest >= 128; rest >>>= 7) length.push((rest & 127) | 128);
    length.push(rest);
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}

export type Pairs = readonly (readonly [name: string, value: string])[];

/** fieldBlock writes fields as literals that no table remembers. */
export function fieldBlock(fields: Pairs): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
}

export const GET: Pairs = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':authority', 'a.test'],
  [':path', '/'],
];

/** setting is one setting's six bytes. */
export function setting(name: number, value: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUInt16BE(name, 0);
  bytes.writeUInt32BE(value, 2);
  return bytes;
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value, 0);
  return bytes;
}

export class Http2Wire {
  readonly wire: Wire;

  constructor(wire: Wire) {
    this.wire = wire;
  }

  /** greet sends the preface and empty settings. */
  greet(settings: Bytes = []): this {
    this.wire.send(Buffer.concat([bytesOf('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(FRAME.SETTINGS, 0, 0, settings)]));
    return this;
  }

  /** accept is the server's part: it takes the client's preface and settings, and says its own. */
  async accept(settings: Bytes = []): Promise<this> {
    const preface = await this.wire.bytes(24);
    if (preface.toString('latin1') !== 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n') throw new Error('no preface');
    this.wire.send(frame(FRAME.SETTINGS, 0, 0, settings));
    await this.until(({ type, flags }) => type === FRAME.SETTINGS && (flags & FLAG.ACK) === 0);
    return this.frame(FRAME.SETTINGS, FLAG.ACK, 0);
  }

  frame(type: number, flags: number, stream: number, payload: Bytes = [], length?: number): this {
    this.wire.send(frame(type, flags, stream, payload, length));
    return this;
  }

  /** ask opens a stream. */
  ask(stream: number, fields: Pairs = GET, isEnd = true): this {
    const flags = FLAG.END_HEADERS | (isEnd ? FLAG.END_STREAM : 0);
    return this.frame(FRAME.HEADERS, flags, stream, fieldBlock(fields));
  }

  /** next is the next frame. */
  async next(): Promise<Http2Frame> {
    const head = await this.wire.bytes(9);
    const payload = Buffer.from(await this.wire.bytes(head.readUIntBE(0, 3)));
    return { type: head[3]!, flags: head[4]!, stream: head.readUInt32BE(5) & 0x7fffffff, payload };
  }

  /** until is the first frame that is wanted; those before are passed over. */
  async until(isWanted: (frame: Http2Frame) => boolean): Promise<Http2Frame> {
    for (;;) {
      const frame = await this.next();
      if (isWanted(frame)) return frame;
    }
  }

  /** goneWith is the error of the GOAWAY that ends the connection. */
  async goneWith(): Promise<number> {
    const { payload } = await this.until(({ type }) => type === FRAME.GOAWAY);
    await this.wire.closed();
    return payload.readUInt32BE(4);
  }

  /** resetWith is the error of a stream's RST_STREAM. */
  async resetWith(stream: number): Promise<number> {
    const { payload } = await this.until((frame) => frame.type === FRAME.RST_STREAM && frame.stream === stream);
    return payload.readUInt32BE(0);
  }

  /** status is that of a stream's answer. Statuses of the static table, or written out by the gateway. */
  async status(stream: number): Promise<number> {
    const { payload } = await this.until((frame) => frame.type === FRAME.HEADERS && frame.stream === stream);
    const known = [200, 204, 206, 304, 400, 404, 500];
    const first = payload[0]!;
    return first >= 0x88 && first <= 0x8e ? known[first - 0x88]! : Number(payload.toString('latin1', 2, 5));
  }
}

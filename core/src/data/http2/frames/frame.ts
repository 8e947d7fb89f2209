/**
 * Frame: types, flags, settings and error codes of HTTP/2, and how frames are written (RFC 9113). Hot path; data plane.
 */

export const DATA = 0;
export const HEADERS = 1;
export const PRIORITY = 2;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const PUSH_PROMISE = 5;
export const PING = 6;
export const GOAWAY = 7;
export const WINDOW_UPDATE = 8;
export const CONTINUATION = 9;

export const END_STREAM = 0x1;
export const ACK = 0x1;
export const END_HEADERS = 0x4;
export const PADDED = 0x8;
export const PRIORITY_FLAG = 0x20;

export const NO_ERROR = 0;
export const PROTOCOL_ERROR = 1;
export const INTERNAL_ERROR = 2;
export const FLOW_CONTROL_ERROR = 3;
export const STREAM_CLOSED = 5;
export const FRAME_SIZE_ERROR = 6;
export const REFUSED_STREAM = 7;
export const CANCEL = 8;
export const COMPRESSION_ERROR = 9;
export const ENHANCE_YOUR_CALM = 11;

export const SETTINGS_HEADER_TABLE_SIZE = 1;
export const SETTINGS_ENABLE_PUSH = 2;
export const SETTINGS_MAX_CONCURRENT_STREAMS = 3;
export const SETTINGS_INITIAL_WINDOW_SIZE = 4;
export const SETTINGS_MAX_FRAME_SIZE = 5;
export const SETTINGS_MAX_HEADER_LIST_SIZE = 6;
/** RFC 8441: extended CONNECT, for WebSockets. */
export const SETTINGS_ENABLE_CONNECT_PROTOCOL = 8;

export const FRAME_HEAD_BYTES = 9;
/** The largest frame that anyone must take, and that we do (section 4.2). */
export const DEFAULT_FRAME_BYTES = 16384;
export const DEFAULT_WINDOW = 65535;
export const MAX_WINDOW = 0x7fffffff;

/** What every client sends first (section 3.4). */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** isPreface: these bytes are the preface, or its beginning, whatever follows. */
export function isPreface(bytes: Buffer, at: number, end: number): boolean {
  const size = Math.min(end - at, PREFACE.length);
  return PREFACE.compare(bytes, at, at + size, 0, size) === 0;
}

/** writeFrameHead writes the nine bytes before a payload and returns the index behind them. */
export function writeFrameHead(
  out: Uint8Array,
  at: number,
  length: number,
  type: number,
  flags: number,
  stream: number,
): number {
  out[at] = length >>> 16;
  out[at + 1] = length >>> 8;
  out[at + 2] = length;
  out[at + 3] = type;
  out[at + 4] = flags;
  out[at + 5] = stream >>> 24;
  out[at + 6] = stream >>> 16;
  out[at + 7] = stream >>> 8;
  out[at + 8] = stream;
  return at + FRAME_HEAD_BYTES;
}

/** uint31 reads four bytes; the highest bit is kept out, as HTTP/2 reserves it nearly everywhere. */
export function uint31(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! & 0x7f) << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

/** uint32 reads four bytes. */
export function uint32(bytes: Uint8Array, at: number): number {
  return uint31(bytes, at) + (bytes[at]! >= 0x80 ? 0x80000000 : 0);
}

/** writeUint32 writes four bytes and returns the index behind them. */
export function writeUint32(out: Uint8Array, at: number, value: number): number {
  out[at] = value >>> 24;
  out[at + 1] = value >>> 16;
  out[at + 2] = value >>> 8;
  out[at + 3] = value;
  return at + 4;
}

/**
 * FrameWriter: what is written as whole frames of HTTP/2 (RFC 9113 section 6). Hot path; data plane.
 *
 * Frames go to the output as text or by reference, and leave when it is flushed. One piece of memory serves all, as each is
 * copied at once.
 */
import type { Connection } from '../../transport/connection.ts';
import {
  ACK,
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  GOAWAY,
  HEADERS,
  PING,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
  writeFrameHead,
  writeUint32,
} from './frame.ts';

const small = Buffer.allocUnsafeSlow(64);

export function writeData(
  out: Connection,
  stream: number,
  bytes: Buffer,
  from: number,
  to: number,
  flags: number,
): void {
  writeFrameHead(small, 0, to - from, DATA, flags, stream);
  out.text(small.latin1Slice(0, 9));
  out.bytes(bytes, from, to);
}

/** writeBlock writes the first `length` bytes of a field block, in frames of at most `most` bytes. */
export function writeBlock(
  out: Connection,
  stream: number,
  bytes: Buffer,
  length: number,
  isEnd: boolean,
  most: number,
): void {
  let at = 0;
  let type = HEADERS;
  do {
    const size = Math.min(length - at, most);
    const isLast = at + size === length;
    const flags = (isLast ? END_HEADERS : 0) | (type === HEADERS && isEnd ? END_STREAM : 0);
    writeFrameHead(small, 0, size, type, flags, stream);
    out.text(small.latin1Slice(0, 9));
    out.text(bytes.latin1Slice(at, at + size));
    at += size;
    type = CONTINUATION;
  } while (at < length);
}

export function writeReset(out: Connection, stream: number, error: number): void {
  writeUint32(small, writeFrameHead(small, 0, 4, RST_STREAM, 0, stream), error);
  out.text(small.latin1Slice(0, 13));
}

/** writeSettings takes at most nine. */
export function writeSettings(out: Connection, settings: readonly (readonly [name: number, value: number])[]): void {
  let at = writeFrameHead(small, 0, 6 * settings.length, SETTINGS, 0, 0);
  for (const [name, value] of settings) {
    small[at] = name >> 8;
    small[at + 1] = name;
    at = writeUint32(small, at + 2, value);
  }
  out.text(small.latin1Slice(0, at));
}

export function writeSettingsAck(out: Connection): void {
  writeFrameHead(small, 0, 0, SETTINGS, ACK, 0);
  out.text(small.latin1Slice(0, 9));
}

/** writePingAck sends back the eight bytes of a ping. */
export function writePingAck(out: Connection, bytes: Buffer, from: number): void {
  writeFrameHead(small, 0, 8, PING, ACK, 0);
  out.text(small.latin1Slice(0, 9));
  out.text(bytes.latin1Slice(from, from + 8));
}

/** writeWindow lets the peer send `more` bytes on a stream; 0: on the whole connection. */
export function writeWindow(out: Connection, stream: number, more: number): void {
  writeUint32(small, writeFrameHead(small, 0, 4, WINDOW_UPDATE, 0, stream), more);
  out.text(small.latin1Slice(0, 13));
}

export function writeGoAway(out: Connection, last: number, error: number): void {
  const at = writeFrameHead(small, 0, 8, GOAWAY, 0, 0);
  writeUint32(small, writeUint32(small, at, last), error);
  out.text(small.latin1Slice(0, 17));
}

/**
 * LogChunks: a log file in pieces of whole lines, one after another, whatever its size. Main thread.
 *
 * A file whose name ends in `.gz` is unpacked on the way. No more than one piece is kept here; a line longer than the limit is
 * left out and counted.
 */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { LINE_LIMIT } from './log-line.ts';

/** A piece has about this many bytes. */
const CHUNK_BYTES = 1024 * 1024;
const NEW_LINE = 0x0a;

export interface LogChunk {
  /** Whole lines; the last may lack its line end. Its buffer is nobody else’s, so that it can be handed over. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The number of its first line, from 1. */
  readonly firstLine: number;
  /** Share of the file that was read so far, 0 to 1. */
  readonly share: number;
}

/** LongLine is a line that was left out. */
export interface LongLine {
  readonly line: number;
}

/** readLogChunks reads a file. Rejects with the file system’s or zlib’s error. */
export async function* readLogChunks(file: string): AsyncGenerator<LogChunk | LongLine> {
  const handle = await open(file);
  const { size } = await handle.stat();
  await handle.close();
  const raw = createReadStream(file, { highWaterMark: CHUNK_BYTES });
  const stream: Readable = file.endsWith('.gz') ? raw.pipe(createGunzip({ chunkSize: CHUNK_BYTES })) : raw;
  raw.once('error', (error) => stream.destroy(error));
  let rest: Buffer = Buffer.alloc(0);
  let line = 1;
  let isSkipping = false;
  const share = (): number => (size === 0 ? 1 : Math.min(1, raw.bytesRead / size));
  for await (const read of stream as AsyncIterable<Buffer>) {
    let bytes = read;
    if (isSkipping) {
      const end = bytes.indexOf(NEW_LINE);
      if (end < 0) continue;
      bytes = bytes.subarray(end + 1);
      isSkipping = false;
      yield { line: line++ };
    }
    const end = bytes.lastIndexOf(NEW_LINE) + 1;
    if (end > 0) {
      const whole = Buffer.concat([rest, bytes.subarray(0, end)]);
      rest = Buffer.from(bytes.subarray(end));
      const chunk = { bytes: owned(whole), firstLine: line, share: share() };
      line += countLines(whole);
      yield chunk;
    } else rest = Buffer.concat([rest, bytes]);
    if (rest.length > LINE_LIMIT) {
      rest = Buffer.alloc(0);
      isSkipping = true;
    }
  }
  if (isSkipping) yield { line };
  else if (rest.length > 0) yield { bytes: owned(rest), firstLine: line, share: 1 };
}

/** Small buffers share a pool of Node’s, which must not be handed over. */
function owned(buffer: Buffer): Uint8Array<ArrayBuffer> {
  const isWhole = buffer.byteOffset === 0 && buffer.byteLength === buffer.buffer.byteLength;
  return isWhole ? (buffer as Uint8Array<ArrayBuffer>) : new Uint8Array(buffer);
}

function countLines(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(NEW_LINE); at >= 0; at = bytes.indexOf(NEW_LINE, at + 1)) count++;
  return count;
}

/**
 * Snapshot: a gateway's state as bytes: named sections, each with a version of its own, under one checksum. Main thread.
 *
 *     8   magic
 *     4   format version
 *     4   CRC-32 of those 12, so that a damaged file is not taken for one of another version
 *     8   wall-clock time in ms since 1970 at which it was taken
 *     8   length of the whole in bytes
 *     2   number of sections
 *         sections: name, 4 version, 8 length, bytes
 *     32  SHA-256 of all before it
 *
 * The first 16 bytes stay as they are in every version. All numbers are little-endian.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Steps } from '@sluice/dsl/match';
import { reasonOf } from '../report/errors.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

/** What releases of this format write. */
const SNAPSHOT_VERSION = 1;

const MAGIC = Uint8Array.from([0x53, 0x4c, 0x55, 0x49, 0x43, 0x45, 0x00, 0x0a]);
/** What every version has. */
const HEADER_BYTES = 16;
const CHECKED_BYTES = 12;
/** All before the first section. */
const HEAD_BYTES = HEADER_BYTES + 8 + 8 + 2;
const DIGEST_BYTES = 32;

/** Section is a part of the state that can be read, or left out, by itself. */
export interface Section {
  readonly name: string;
  readonly version: number;
  readonly bytes: Uint8Array;
}

/** WrittenSection is one that is to be put into a snapshot. */
export interface WrittenSection extends Omit<Section, 'bytes'> {
  readonly pieces: readonly Uint8Array[];
}

export interface Snapshot {
  /** Milliseconds since 1970. */
  readonly takenAtMs: number;
  readonly sections: readonly Section[];
}

/** SnapshotFlaw: `torn`: it is not all there, or damaged. `foreign`: it is something else. `newer`: a later release wrote it. */
export type SnapshotFlaw = 'torn' | 'foreign' | 'newer';

/** SnapshotError says why bytes are no snapshot that can be used; the message is a part of a sentence. */
export class SnapshotError extends Error {
  readonly flaw: SnapshotFlaw;

  constructor(flaw: SnapshotFlaw, message: string) {
    super(message);
    this.flaw = flaw;
  }
}

/** encodeSnapshot puts sections together. In steps, as a table may have millions of entries. */
export function* encodeSnapshot(takenAtMs: number, sections: readonly WrittenSection[]): Steps<Uint8Array> {
  const body = new ByteWriter();
  for (const { name, version, pieces } of sections) {
    body.text(name);
    body.u32(version);
    body.f64(pieces.reduce((sum, piece) => sum + piece.length, 0));
    for (const piece of pieces) body.bytes(piece);
  }
  const length = HEAD_BYTES + body.length + DIGEST_BYTES;
  const head = headOf(takenAtMs, length, sections.length);
  // Memory that is not filled with zeros first: it may be tens of megabytes.
  const whole = Buffer.allocUnsafeSlow(length);
  const hash = createHash('sha256');
  let at = 0;
  for (const piece of [head, ...body.pieces()]) {
    hash.update(piece);
    whole.set(piece, at);
    at += piece.length;
    yield;
  }
  whole.set(hash.digest(), at);
  return whole;
}

/** decodeSnapshot takes one apart; sections are views of the bytes. Throws SnapshotError. */
export function decodeSnapshot(bytes: Uint8Array): Snapshot {
  needHeader(bytes);
  if (bytes.length < HEAD_BYTES + DIGEST_BYTES) throw new SnapshotError('torn', 'it is not all there');
  const reader = new ByteReader(bytes.subarray(HEADER_BYTES, bytes.length - DIGEST_BYTES));
  const takenAtMs = reader.f64();
  const length = reader.f64();
  if (length !== bytes.length) {
    throw new SnapshotError('torn', `it has ${bytes.length} bytes, not the ${length} that were written`);
  }
  const digest = createHash('sha256').update(bytes.subarray(0, -DIGEST_BYTES)).digest();
  if (!digest.equals(bytes.subarray(-DIGEST_BYTES))) throw new SnapshotError('torn', 'its checksum is wrong');
  try {
    const sections = Array.from({ length: reader.u16() }, (): Section => {
      return { name: reader.text(), version: reader.u32(), bytes: reader.bytes(reader.f64()) };
    });
    reader.end();
    return { takenAtMs, sections };
  } catch (thrown) {
    throw new SnapshotError('torn', reasonOf(thrown));
  }
}

function headOf(takenAtMs: number, length: number, sections: number): Uint8Array {
  const head = new Uint8Array(HEAD_BYTES);
  const view = new DataView(head.buffer);
  head.set(MAGIC);
  view.setUint32(MAGIC.length, SNAPSHOT_VERSION, true);
  view.setUint32(CHECKED_BYTES, crc32(head.subarray(0, CHECKED_BYTES)), true);
  view.setFloat64(HEADER_BYTES, takenAtMs, true);
  view.setFloat64(HEADER_BYTES + 8, length, true);
  view.setUint16(HEADER_BYTES + 16, sections, true);
  return head;
}

function needHeader(bytes: Uint8Array): void {
  // After a crash some file systems leave a file of the right length that holds nothing but zeros.
  const isMagic = MAGIC.every((byte, index) => index >= bytes.length || bytes[index] === byte);
  if (bytes.length === 0 || bytes.subarray(0, HEADER_BYTES).every((byte) => byte === 0)) {
    throw new SnapshotError('torn', 'it is empty');
  }
  if (!isMagic) throw new SnapshotError('foreign', 'it is not the state of a gateway');
  if (bytes.length < HEADER_BYTES) throw new SnapshotError('torn', 'it is not all there');
  const reader = new ByteReader(bytes.subarray(MAGIC.length, HEADER_BYTES));
  const version = reader.u32();
  if (crc32(bytes.subarray(0, CHECKED_BYTES)) !== reader.u32()) throw new SnapshotError('torn', 'its head is damaged');
  if (version !== SNAPSHOT_VERSION) {
    throw new SnapshotError('newer', `it has format ${version}, this release reads ${SNAPSHOT_VERSION}`);
  }
}

/**
 * NoticeBoard: short texts by key that the control plane posts and every data thread can read at once. In shared memory; both planes.
 *
 * Only the control plane writes. A place has a sequence number that is odd while it is being written; a reader that saw it odd or
 * changed looks again. For things that are rare and must be true everywhere the moment they are told, such as what an authority
 * is about to ask for; readers look at all places, so it is nothing for each request.
 */
import type { SharedMemory } from './memory.ts';

const PLACES = 64;
/** Bytes of a place: three words, then key and text. */
const STRIDE = 8192 + 12;
const HEADER_WORDS = 3;
const SEQUENCE = 0;
const KEY_BYTES = 1;
const TEXT_BYTES = 2;
/** Words before the first place. */
const USED = 0;
const HEAD_BYTES = 64;
/** A writer is done in microseconds. */
const MOST_LOOKS = 1000;

export class NoticeBoard {
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;

  static bytes(): number {
    return HEAD_BYTES + PLACES * STRIDE;
  }

  constructor(memory: SharedMemory) {
    this.#words = new Int32Array(memory.notices);
    this.#bytes = new Uint8Array(memory.notices);
  }

  /** post puts a text up, in place of an earlier one of the same key. False: all places are taken, or it is too long. */
  post(key: string, text: string): boolean {
    const keyBytes = Buffer.from(key);
    const textBytes = Buffer.from(text);
    if (keyBytes.length === 0 || keyBytes.length + textBytes.length > STRIDE - 4 * HEADER_WORDS) return false;
    let place = this.#find(keyBytes);
    if (place === -1) place = this.#free();
    if (place === -1) return false;
    const at = wordOf(place);
    const isNew = this.#words[at + KEY_BYTES] === 0;
    Atomics.add(this.#words, at + SEQUENCE, 1);
    Atomics.store(this.#words, at + KEY_BYTES, keyBytes.length);
    Atomics.store(this.#words, at + TEXT_BYTES, textBytes.length);
    const start = 4 * (at + HEADER_WORDS);
    this.#bytes.set(keyBytes, start);
    this.#bytes.set(textBytes, start + keyBytes.length);
    Atomics.add(this.#words, at + SEQUENCE, 1);
    if (isNew) Atomics.add(this.#words, USED, 1);
    return true;
  }

  remove(key: string): void {
    const place = this.#find(Buffer.from(key));
    if (place === -1) return;
    const at = wordOf(place);
    Atomics.add(this.#words, at + SEQUENCE, 1);
    const start = 4 * (at + HEADER_WORDS);
    this.#bytes.fill(0, start, start + STRIDE - 4 * HEADER_WORDS);
    Atomics.store(this.#words, at + KEY_BYTES, 0);
    Atomics.store(this.#words, at + TEXT_BYTES, 0);
    Atomics.add(this.#words, at + SEQUENCE, 1);
    Atomics.sub(this.#words, USED, 1);
  }

  /** get returns the text of a key, or null. */
  get(key: string): string | null {
    if (Atomics.load(this.#words, USED) === 0) return null;
    const wanted = Buffer.from(key);
    for (let place = 0; place < PLACES; place++) {
      const text = this.#read(place, wanted);
      if (text !== null) return text;
    }
    return null;
  }

  #read(place: number, wanted: Buffer): string | null {
    const at = wordOf(place);
    for (let look = 0; look < MOST_LOOKS; look++) {
      const sequence = Atomics.load(this.#words, at + SEQUENCE);
      if ((sequence & 1) === 1) continue;
      const keyLength = Atomics.load(this.#words, at + KEY_BYTES);
      if (keyLength !== wanted.length) return null;
      const start = 4 * (at + HEADER_WORDS);
      const end = start + keyLength + Atomics.load(this.#words, at + TEXT_BYTES);
      // A copy, as decoders take no shared memory, and what is being written must not change under the comparison.
      const copy = Buffer.from(this.#bytes.slice(start, end));
      if (Atomics.load(this.#words, at + SEQUENCE) !== sequence) continue;
      return copy.subarray(0, keyLength).equals(wanted) ? copy.toString('utf8', keyLength) : null;
    }
    return null;
  }

  /** For the writer, who is alone. */
  #find(key: Buffer): number {
    for (let place = 0; place < PLACES; place++) if (this.#read(place, key) !== null) return place;
    return -1;
  }

  #free(): number {
    for (let place = 0; place < PLACES; place++) if (this.#words[wordOf(place) + KEY_BYTES] === 0) return place;
    return -1;
  }
}

function wordOf(place: number): number {
  return (HEAD_BYTES + place * STRIDE) / 4;
}

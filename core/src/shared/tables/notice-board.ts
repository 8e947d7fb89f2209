/**
 * NoticeBoard: short texts by key that the control plane posts and every data thread can read at once. In shared memory; both planes.
 *
 * Only the control plane writes, and never where something is up: another text for a key goes to a free place, is put up there, and
 * only then is the old one taken down. So nobody waits for a writer, who may be interrupted at any time. For things that are rare and
 * must be true everywhere the moment they are told, such as what an authority is about to ask for; readers look at all places, so
 * it is nothing for each request.
 */
import type { SharedMemory } from './shared-memory.ts';

const MOST_NOTICES = 64;
/** One more, for the other text of a key. */
const PLACES = MOST_NOTICES + 1;
/** Bytes of a place: three words, then key and text. */
const STRIDE = 8192 + 12;
const HEADER_WORDS = 3;
/** Grows with each change of the place. */
const VERSION = 0;
/** 0: nothing is up. */
const KEY_BYTES = 1;
const TEXT_BYTES = 2;
/** Words before the first place. */
const USED = 0;
/** Grows with each change of the board. */
const CHANGES = 1;
const HEAD_BYTES = 64;
/** A reader looks again when something changed meanwhile, which takes a whole change each time. */
const MOST_LOOKS = 100;

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
    const before = this.#find(keyBytes);
    const place = this.#free();
    if (place === -1 || (before === -1 && this.#words[USED]! >= MOST_NOTICES)) return false;
    const at = wordOf(place);
    const start = 4 * (at + HEADER_WORDS);
    this.#bytes.set(keyBytes, start);
    this.#bytes.set(textBytes, start + keyBytes.length);
    Atomics.store(this.#words, at + TEXT_BYTES, textBytes.length);
    Atomics.add(this.#words, at + VERSION, 1);
    Atomics.store(this.#words, at + KEY_BYTES, keyBytes.length);
    Atomics.add(this.#words, USED, 1);
    // Before the old one goes: who had passed the new one's place already, and finds neither, knows to look again.
    Atomics.add(this.#words, CHANGES, 1);
    if (before !== -1) this.#takeDown(before);
    return true;
  }

  remove(key: string): void {
    const place = this.#find(Buffer.from(key));
    if (place === -1) return;
    this.#takeDown(place);
  }

  /** isEmpty: nothing is up. */
  get isEmpty(): boolean {
    return Atomics.load(this.#words, USED) === 0;
  }

  /** get returns the text of a key, or null. */
  get(key: string): string | null {
    if (this.isEmpty) return null;
    const wanted = Buffer.from(key);
    for (let look = 0; look < MOST_LOOKS; look++) {
      const changes = Atomics.load(this.#words, CHANGES);
      for (let place = 0; place < PLACES; place++) {
        const text = this.#read(place, wanted);
        if (text !== null) return text;
      }
      if (Atomics.load(this.#words, CHANGES) === changes) return null;
    }
    return null;
  }

  #read(place: number, wanted: Buffer): string | null {
    const at = wordOf(place);
    const version = Atomics.load(this.#words, at + VERSION);
    const keyLength = Atomics.load(this.#words, at + KEY_BYTES);
    if (keyLength === 0 || keyLength !== wanted.length) return null;
    const start = 4 * (at + HEADER_WORDS);
    const end = start + keyLength + Atomics.load(this.#words, at + TEXT_BYTES);
    // A copy, as decoders take no shared memory, and what is taken down must not change under the comparison.
    const copy = Buffer.from(this.#bytes.slice(start, end));
    if (Atomics.load(this.#words, at + VERSION) !== version) return null;
    return copy.subarray(0, keyLength).equals(wanted) ? copy.toString('utf8', keyLength) : null;
  }

  #takeDown(place: number): void {
    const at = wordOf(place);
    Atomics.store(this.#words, at + KEY_BYTES, 0);
    Atomics.add(this.#words, at + VERSION, 1);
    Atomics.sub(this.#words, USED, 1);
    const start = 4 * (at + HEADER_WORDS);
    this.#bytes.fill(0, start, start + STRIDE - 4 * HEADER_WORDS);
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

/**
 * TextSet: a set of many texts, looked up by hash, in memory that threads share. Data plane, hot path.
 *
 * Every text has a number: its place in what the set was built from.
 */
import type { TextSetTable } from '../../plan/value-table.ts';
import { sharedInts } from '../build/shared-arrays.ts';
import type { Steps } from '../build/steps.ts';

const SLASH = 0x2f;
/** FNV-1a, over UTF-16 units. */
const BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

function mix(hash: number, code: number): number {
  return Math.imul(hash ^ code, PRIME);
}

/** spread brings all of a hash into the bits that the slot is taken from. */
function spread(hash: number): number {
  return hash ^ (hash >>> 15);
}

export class TextSet {
  readonly #slots: Int32Array;
  readonly #starts: Uint32Array;
  readonly #characters: Uint8Array | Uint16Array;
  readonly #mask: number;

  constructor(table: TextSetTable) {
    this.#slots = table.slots;
    this.#starts = table.starts;
    this.#characters = table.characters;
    this.#mask = table.slots.length - 1;
  }

  /** indexOf returns the text's number, or -1. */
  indexOf(text: string): number {
    let hash = BASIS;
    for (let at = 0; at < text.length; at++) hash = mix(hash, text.charCodeAt(at));
    return this.#find(text, text.length, hash);
  }

  /**
   * longestAbove returns the number of the longest text that `path` is, or is under by whole segments; -1: there is none. A
   * text that ends in `/` has whatever begins with it. One pass, however many slashes the path has.
   */
  longestAbove(path: string): number {
    let found = -1;
    let hash = BASIS;
    for (let at = 0; at < path.length; at++) {
      const code = path.charCodeAt(at);
      if (code !== SLASH) {
        hash = mix(hash, code);
        continue;
      }
      const before = this.#find(path, at, hash);
      hash = mix(hash, code);
      const upTo = this.#find(path, at + 1, hash);
      if (upTo >= 0) found = upTo;
      else if (before >= 0) found = before;
    }
    const whole = this.#find(path, path.length, hash);
    return whole >= 0 ? whole : found;
  }

  /** find looks for the first `length` units of a text, whose hash is known. */
  #find(text: string, length: number, hash: number): number {
    const slots = this.#slots;
    const starts = this.#starts;
    const characters = this.#characters;
    for (let slot = spread(hash) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const number = slots[slot]! - 1;
      if (number < 0) return -1;
      const start = starts[number]!;
      if (starts[number + 1]! - start !== length) continue;
      let at = 0;
      while (at < length && characters[start + at] === text.charCodeAt(at)) at++;
      if (at === length) return number;
    }
  }
}

const STEP = 512;

/** buildTextSet makes the table of texts; of equal ones the last one counts, as in a Map. */
export function* buildTextSet(texts: readonly string[]): Steps<TextSetTable> {
  const { starts, characters } = yield* packTexts(texts);
  let capacity = 8;
  while (capacity < 1.5 * texts.length) capacity *= 2;
  const mask = capacity - 1;
  const slots = sharedInts(capacity);
  const isSame = (one: string, number: number): boolean => texts[number] === one;
  for (const [number, text] of texts.entries()) {
    let hash = BASIS;
    for (let at = 0; at < text.length; at++) hash = mix(hash, text.charCodeAt(at));
    let slot = spread(hash) & mask;
    while (slots[slot]! > 0 && !isSame(text, slots[slot]! - 1)) slot = (slot + 1) & mask;
    slots[slot] = number + 1;
    if (number % STEP === 0) yield;
  }
  return { kind: 'text set', slots, starts, characters };
}

/** packTexts writes texts one behind the other. */
export function* packTexts(
  texts: readonly string[],
): Steps<{ readonly starts: Uint32Array; readonly characters: Uint8Array | Uint16Array }> {
  const starts = new Uint32Array(new SharedArrayBuffer(4 * (texts.length + 1)));
  let length = 0;
  let isLatin1 = true;
  for (const [number, text] of texts.entries()) {
    length += text.length;
    starts[number + 1] = length;
    if (isLatin1) isLatin1 = !/[^\0-\xff]/.test(text);
    if (number % STEP === 0) yield;
  }
  const characters = isLatin1
    ? new Uint8Array(new SharedArrayBuffer(length))
    : new Uint16Array(new SharedArrayBuffer(2 * length));
  for (const [number, text] of texts.entries()) {
    const start = starts[number]!;
    for (let at = 0; at < text.length; at++) characters[start + at] = text.charCodeAt(at);
    if (number % STEP === 0) yield;
  }
  return { starts, characters };
}

/** unpackText reads a text that packTexts wrote. */
export function unpackText(starts: Uint32Array, characters: Uint8Array | Uint16Array, number: number): string {
  const to = starts[number + 1]!;
  let text = '';
  for (let at = starts[number]!; at < to; at++) text += String.fromCharCode(characters[at]!);
  return text;
}

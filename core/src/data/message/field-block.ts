/**
 * FieldBlock: the header fields of one head, as offsets into its bytes. Hot path; data plane.
 *
 * Strict by RFC 9112 section 5: a line is a token, a colon without blanks before it, and a value without control bytes,
 * ended by CR LF. Bare CR, bare LF, folded lines and empty names are errors, never repaired. Nothing is allocated while
 * scanning; names are recognised by a hash and then letter by letter, so that colliding names cannot pass as others.
 */
import { foldedName } from '@sluice/dsl/match';
import { FORWARDING_FIELDS } from '@sluice/dsl/plan';
import { faulty } from './fault.ts';
import { COLON, CR, FOLDED, HTAB, IS_VALUE, LF, LOWER, NAME_OCTET, ODD_OCTET, SP } from './octets.ts';

/** Kinds of fields that a proxy must know. Everything else is `ORDINARY` and passes through untouched. */
export const ORDINARY = 0;
export const HOST = 1;
export const CONTENT_LENGTH = 2;
export const TRANSFER_ENCODING = 3;
export const CONNECTION = 4;
/** Fields that end at this hop whatever Connection says (RFC 9110 section 7.6.1). */
export const HOP_BY_HOP = 5;
export const UPGRADE = 6;
export const EXPECT = 7;
/** Says who the client is, as `X-Forwarded-For` does: never passed on as it came but from trusted peers. */
export const FORWARDING = 8;
export const SET_COOKIE = 9;
export const TE = 10;
/** Never allowed as a trailer besides the framing fields (RFC 9110 section 6.5.1). */
export const TRAILER = 11;
/** Set while a head is forwarded: named by Connection, so it ends at this hop. */
export const DROPPED = 12;
/** Named as one of the above in another spelling, such as `X_Forwarded_For`. In requests it is dropped, as servers may take it for that one. */
export const ALIAS = 13;
/** `traceparent` and `tracestate`: the gateway sends its own where requests are traced, and passes these on where they are not. */
export const TRACE = 14;

const KINDS: Readonly<Record<string, number>> = {
  host: HOST,
  'content-length': CONTENT_LENGTH,
  'transfer-encoding': TRANSFER_ENCODING,
  connection: CONNECTION,
  'keep-alive': HOP_BY_HOP,
  'proxy-connection': HOP_BY_HOP,
  'http2-settings': HOP_BY_HOP,
  te: TE,
  upgrade: UPGRADE,
  expect: EXPECT,
  trailer: TRAILER,
  ...Object.fromEntries(FORWARDING_FIELDS.map((name) => [name, FORWARDING])),
  'set-cookie': SET_COOKIE,
  traceparent: TRACE,
  tracestate: TRACE,
};

/** isUnforwardable tells whether a field of this lower-case name may not follow a body: it names the client, or is an alias. */
export function isUnforwardable(lowerName: string): boolean {
  const folded = foldedName(lowerName);
  const kind = KINDS[folded];
  return kind === FORWARDING || (kind !== undefined && folded !== lowerName);
}

const HASH_SEED = 0x811c9dc5 | 0;
const HASH_PRIME = 0x01000193;

/** hashName hashes a lower-case name as the scanner does: all spellings of a name have one hash. */
export function hashName(lowerName: string): number {
  let hash = HASH_SEED;
  for (let at = 0; at < lowerName.length; at++) {
    hash = Math.imul(hash ^ FOLDED[lowerName.charCodeAt(at) & 255]!, HASH_PRIME);
  }
  return hash;
}

const SLOTS = 1024;
const slotHashes = new Int32Array(SLOTS);
const slotKinds = new Uint8Array(SLOTS);
const slotNames: string[] = new Array(SLOTS).fill('');
for (const [name, kind] of Object.entries(KINDS)) {
  const hash = hashName(name);
  let slot = hash & (SLOTS - 1);
  while (slotKinds[slot] !== 0) slot = (slot + 1) & (SLOTS - 1);
  slotHashes[slot] = hash;
  slotKinds[slot] = kind;
  slotNames[slot] = name;
}

function kindOf(bytes: Uint8Array, from: number, to: number, hash: number, isOdd: boolean): number {
  for (let slot = hash & (SLOTS - 1); slotKinds[slot] !== 0; slot = (slot + 1) & (SLOTS - 1)) {
    if (slotHashes[slot] !== hash) continue;
    const name = slotNames[slot]!;
    if (name.length !== to - from) continue;
    let at = 0;
    while (at < name.length && FOLDED[bytes[from + at]!] === name.charCodeAt(at)) at++;
    if (at === name.length) return isOdd ? ALIAS : slotKinds[slot]!;
  }
  return ORDINARY;
}

/** What scan returns when it is neither done nor out of bytes. */
export const NEED_MORE = -1;
export const BAD_FIELD = -2;
export const TOO_MANY_FIELDS = -3;
/** Wrong in ways that an answer may be fixed from: a blank between a name and its colon, a line that begins with a blank. */
export const BLANK_BEFORE_COLON = -4;
export const FOLDED_FIELD = -5;

const BARE_CR = 'a CR without LF stands in a header field';
const BARE_LF = 'a line ends in LF without CR';

/** badName says what is wrong where a name, and then a colon, should stand. */
function badName(octet: number, isFirst: boolean): number {
  if (octet === SP || octet === HTAB) {
    return isFirst
      ? faulty(FOLDED_FIELD, 'a header field is folded over several lines')
      : faulty(BLANK_BEFORE_COLON, 'a blank stands between a header name and its colon');
  }
  if (octet === LF) return faulty(BAD_FIELD, BARE_LF);
  return faulty(
    BAD_FIELD,
    isFirst && octet === COLON
      ? 'a header field has no name'
      : 'a header name has a character that is not allowed in one',
  );
}

const STRIDE = 6;
const NAME_HASH = 0;
const NAME_START = 1;
const NAME_END = 2;
const VALUE_START = 3;
const VALUE_END = 4;
const KIND = 5;

export class FieldBlock {
  count = 0;
  /** Some name has characters besides letters, digits and hyphens. */
  hasOddNames = false;
  #cells = new Int32Array(32 * STRIDE);

  /**
   * scan reads fields from `start` up to the empty line. Offsets are kept relative to `base`.
   * Returns the index behind the empty line, or one of the negative numbers above.
   */
  scan(bytes: Uint8Array, start: number, base: number, end: number, maxCount: number): number {
    let at = start;
    this.count = 0;
    this.hasOddNames = false;
    for (;;) {
      const lineStart = at;
      if (at >= end) return NEED_MORE;
      let octet = bytes[at]!;
      if (octet === CR) {
        if (at + 1 >= end) return NEED_MORE;
        return bytes[at + 1] === LF ? at + 2 : faulty(BAD_FIELD, BARE_CR);
      }
      let hash = HASH_SEED;
      let octets = 0;
      for (let folded = NAME_OCTET[octet]!; folded !== 0; folded = NAME_OCTET[octet]!) {
        octets |= folded;
        hash = Math.imul(hash ^ (folded & 0xff), HASH_PRIME);
        if (++at >= end) return NEED_MORE;
        octet = bytes[at]!;
      }
      if (octet !== COLON || at === lineStart) return badName(octet, at === lineStart);
      const nameEnd = at++;
      while (at < end && ((octet = bytes[at]!) === SP || octet === HTAB)) at++;
      const valueStart = at;
      while (at < end && IS_VALUE[(octet = bytes[at]!)] === 1) at++;
      if (at >= end) return NEED_MORE;
      if (octet !== CR) return faulty(BAD_FIELD, octet === LF ? BARE_LF : 'a header value has a control character');
      if (at + 1 >= end) return NEED_MORE;
      if (bytes[at + 1] !== LF) return faulty(BAD_FIELD, BARE_CR);
      let valueEnd = at;
      while (valueEnd > valueStart && ((octet = bytes[valueEnd - 1]!) === SP || octet === HTAB)) valueEnd--;
      at += 2;
      if (this.count >= maxCount) return faulty(TOO_MANY_FIELDS, 'it has more header fields than allowed');
      let cell = this.count * STRIDE;
      if (cell >= this.#cells.length) this.#grow();
      const cells = this.#cells;
      cells[cell++] = hash;
      cells[cell++] = lineStart - base;
      cells[cell++] = nameEnd - base;
      cells[cell++] = valueStart - base;
      cells[cell++] = valueEnd - base;
      const isOdd = octets >= ODD_OCTET;
      if (isOdd) this.hasOddNames = true;
      cells[cell] = kindOf(bytes, lineStart, nameEnd, hash, isOdd);
      this.count++;
    }
  }

  hash(index: number): number {
    return this.#cells[index * STRIDE + NAME_HASH]!;
  }

  /** lineStart is where the field's line begins, which is where its name begins. */
  lineStart(index: number): number {
    return this.#cells[index * STRIDE + NAME_START]!;
  }

  nameEnd(index: number): number {
    return this.#cells[index * STRIDE + NAME_END]!;
  }

  valueStart(index: number): number {
    return this.#cells[index * STRIDE + VALUE_START]!;
  }

  valueEnd(index: number): number {
    return this.#cells[index * STRIDE + VALUE_END]!;
  }

  kind(index: number): number {
    return this.#cells[index * STRIDE + KIND]!;
  }

  drop(index: number): void {
    this.#cells[index * STRIDE + KIND] = DROPPED;
  }

  /** isNamed compares a field's name with a lower-case one; `head` is the text the offsets point into. */
  isNamed(index: number, head: string, lowerName: string, hash: number): boolean {
    const cell = index * STRIDE;
    const cells = this.#cells;
    if (cells[cell + NAME_HASH] !== hash) return false;
    const start = cells[cell + NAME_START]!;
    if (cells[cell + NAME_END]! - start !== lowerName.length) return false;
    for (let at = 0; at < lowerName.length; at++) {
      if (LOWER[head.charCodeAt(start + at)] !== lowerName.charCodeAt(at)) return false;
    }
    return true;
  }

  /** isSpelled is isNamed for every spelling of a folded name. */
  isSpelled(index: number, head: string, folded: string, hash: number): boolean {
    const cell = index * STRIDE;
    const cells = this.#cells;
    if (cells[cell + NAME_HASH] !== hash) return false;
    const start = cells[cell + NAME_START]!;
    if (cells[cell + NAME_END]! - start !== folded.length) return false;
    for (let at = 0; at < folded.length; at++) {
      if (FOLDED[head.charCodeAt(start + at)] !== folded.charCodeAt(at)) return false;
    }
    return true;
  }

  /** name is a field's name in lower case. */
  name(index: number, head: string): string {
    return head.substring(this.lineStart(index), this.nameEnd(index)).toLowerCase();
  }

  value(index: number, head: string): string {
    const cell = index * STRIDE;
    return head.substring(this.#cells[cell + VALUE_START]!, this.#cells[cell + VALUE_END]!);
  }

  #grow(): void {
    const larger = new Int32Array(this.#cells.length * 2);
    larger.set(this.#cells);
    this.#cells = larger;
  }
}

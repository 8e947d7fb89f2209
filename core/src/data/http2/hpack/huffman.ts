/**
 * Huffman: the string coding of HPACK (RFC 7541 section 5.2 and appendix B). Hot path; data plane.
 *
 * The code is canonical: symbols of one length stand in order, and each length begins where the one before ended. So only
 * the lengths are written down here, and the tables are made of them. Decoding takes four bits a step through a table of
 * states, which knows no branches that depend on what a client sends.
 */

/** How many bits each octet takes; the last one is the end of the string, which must never be sent. */
const CODE_BITS = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
  28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6,
  5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23,
  22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22,
  23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26,
  20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27,
  27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27,
  27, 27, 27, 26, 30,
] as const;

const END_OF_STRING = 256;

/** The code of each octet, right-aligned. */
const CODES = new Uint32Array(257);
const BITS = Uint8Array.from(CODE_BITS);

/** Nodes of the code's tree: two children each, as node numbers, or `~symbol`. */
const children: number[] = [0, 0];

function assignCodes(): void {
  let code = 0;
  for (let bits = 5; bits <= 30; bits++) {
    for (let symbol = 0; symbol <= END_OF_STRING; symbol++) {
      if (BITS[symbol] !== bits) continue;
      CODES[symbol] = code;
      plant(symbol, code, bits);
      code++;
    }
    code *= 2;
  }
}

function plant(symbol: number, code: number, bits: number): void {
  let node = 0;
  for (let bit = bits - 1; bit >= 0; bit--) {
    const at = 2 * node + ((code >>> bit) & 1);
    if (bit === 0) children[at] = ~symbol;
    else {
      if (children[at] === 0) {
        children[at] = children.length / 2;
        children.push(0, 0);
      }
      node = children[at]!;
    }
  }
}

assignCodes();

/** Of each node and four bits: the next node in the low 16 bits, flags and an octet above. */
const EMITS = 1 << 24;
const FAILS = 1 << 25;
const steps = new Int32Array((children.length / 2) * 16);
/** A string may end here: what is left is less than 8 bits, all ones, which begin the end of the string. */
const mayEnd = new Uint8Array(children.length / 2);

function buildSteps(): void {
  for (let node = 0; node < children.length / 2; node++) {
    for (let nibble = 0; nibble < 16; nibble++) steps[16 * node + nibble] = stepOf(node, nibble);
  }
  let node = 0;
  for (let padding = 0; padding < 8; padding++) {
    mayEnd[node] = 1;
    node = children[2 * node + 1]!;
  }
}

function stepOf(from: number, nibble: number): number {
  let node = from;
  let emitted = 0;
  for (let bit = 3; bit >= 0; bit--) {
    const next = children[2 * node + ((nibble >>> bit) & 1)]!;
    if (next >= 0) {
      node = next;
      continue;
    }
    if (~next === END_OF_STRING) return FAILS;
    // Codes have five bits or more, so four bits end one at most.
    emitted = EMITS | (~next << 16);
    node = 0;
  }
  return emitted | node;
}

buildSteps();

/** What decodeHuffman returns for a string that is none, or does not fit. */
export const BAD_HUFFMAN = -1;

/**
 * decodeHuffman writes the octets of `from` to `to` behind `outAt` and returns the index behind them; BAD_HUFFMAN when the
 * end of the string is spelt out, the padding is too long or not all ones, or `out` ends first.
 */
export function decodeHuffman(bytes: Uint8Array, from: number, to: number, out: Uint8Array, outAt: number): number {
  const most = out.length;
  let node = 0;
  let end = outAt;
  for (let at = from; at < to; at++) {
    const octet = bytes[at]!;
    let step = steps[16 * node + (octet >>> 4)]!;
    if (step >= EMITS) {
      if (step >= FAILS || end === most) return BAD_HUFFMAN;
      out[end++] = step >>> 16;
    }
    step = steps[16 * (step & 0xffff) + (octet & 15)]!;
    if (step >= EMITS) {
      if (step >= FAILS || end === most) return BAD_HUFFMAN;
      out[end++] = step >>> 16;
    }
    node = step & 0xffff;
  }
  return mayEnd[node] === 1 ? end : BAD_HUFFMAN;
}

/** huffmanBytes is how many bytes a latin1 text takes. */
export function huffmanBytes(latin1: string): number {
  let bits = 0;
  for (let at = 0; at < latin1.length; at++) bits += BITS[latin1.charCodeAt(at) & 0xff]!;
  return (bits + 7) >>> 3;
}

/** encodeHuffman writes a latin1 text and returns the index behind it. `out` must have room for `huffmanBytes`. */
export function encodeHuffman(latin1: string, out: Uint8Array, outAt: number): number {
  let at = outAt;
  let held = 0;
  let heldBits = 0;
  for (let index = 0; index < latin1.length; index++) {
    const octet = latin1.charCodeAt(index) & 0xff;
    const bits = BITS[octet]!;
    let left = bits;
    // Codes have up to 30 bits: taken in parts, so that what is held stays below 32.
    while (left > 0) {
      const taken = Math.min(left, 24 - heldBits);
      held = (held << taken) | ((CODES[octet]! >>> (left - taken)) & ((1 << taken) - 1));
      heldBits += taken;
      left -= taken;
      while (heldBits >= 8) {
        heldBits -= 8;
        out[at++] = held >>> heldBits;
        held &= (1 << heldBits) - 1;
      }
    }
  }
  if (heldBits > 0) out[at++] = (held << (8 - heldBits)) | (0xff >>> heldBits);
  return at;
}

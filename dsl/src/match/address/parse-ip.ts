/**
 * ParseIp: addresses and networks from text. Both planes; no table, no look-up, never DNS.
 */
import { IpAddress } from './ip-address.ts';

const DOT = 0x2e;
const COLON = 0x3a;

/**
 * parseIp reads an address, or returns null.
 *
 * IPv4 is four decimal numbers without leading zeros; IPv6 has every form of RFC 4291, section 2.2, but no zone. An
 * IPv4-mapped address (`::ffff:10.0.0.1`) becomes the IPv4 one. `text` is canonical (RFC 5952).
 */
export function parseIp(text: string): IpAddress | null {
  if (text.length < 2 || text.length > 45) return null;
  if (text.indexOf(':') < 0) {
    const word = parseV4(text, 0, text.length);
    return word < 0 ? null : new IpAddress(true, 0, 0, 0, word, text);
  }
  return parseV6(text);
}

/** Network is a range of addresses by its first one and the number of leading bits that all share. */
export interface Network {
  /** Host bits cleared. */
  readonly first: IpAddress;
  /** 0 to 32 for IPv4, 0 to 128 for IPv6. */
  readonly prefix: number;
}

/**
 * parseCidr reads `ADDRESS/PREFIX`, or an address alone (a network of one), or returns null.
 *
 * Host bits are cleared without complaint: whoever must refuse them compares the written address with `first`. A network
 * of IPv4-mapped addresses becomes the IPv4 one, and needs a prefix of 96 or more.
 */
export function parseCidr(text: string): Network | null {
  const slash = text.indexOf('/');
  const address = parseIp(slash < 0 ? text : text.slice(0, slash));
  if (address === null) return null;
  const longest = address.isV4 ? 32 : 128;
  if (slash < 0) return { first: address, prefix: longest };
  const digits = text.slice(slash + 1);
  if (!/^(?:0|[1-9][0-9]{0,2})$/.test(digits)) return null;
  const isMapped = address.isV4 && text.indexOf(':') >= 0;
  const prefix = Number(digits) - (isMapped ? 96 : 0);
  return prefix < 0 || prefix > longest
    ? null
    : { first: prefix === longest ? address : clearHostBits(address, prefix), prefix };
}

/** Added to the prefix that readNetwork returns for IPv6. */
export const V6_NETWORK = 256;

/**
 * readNetwork is parseCidr for those who read very many: it writes the first address into `words` (four, the last one alone
 * for IPv4) and returns the prefix, plus V6_NETWORK for IPv6; -1 for what is no network.
 */
export function readNetwork(text: string, words: Uint32Array): number {
  const slash = text.indexOf('/');
  const to = slash < 0 ? text.length : slash;
  if (to < 2 || to > 45) return -1;
  const colon = text.indexOf(':');
  let isV4 = colon < 0 || colon > to;
  if (isV4) {
    const address = parseV4(text, 0, to);
    if (address < 0) return -1;
    words.fill(0, 0, 3);
    words[3] = address;
  } else {
    if (!readV6(text, to)) return -1;
    for (let index = 0; index < 4; index++) words[index] = word(2 * index);
  }
  const isMapped = !isV4 && words[0] === 0 && words[1] === 0 && words[2] === 0xffff;
  if (isMapped) {
    isV4 = true;
    words[2] = 0;
  }
  const longest = isV4 ? 32 : 128;
  let prefix = longest;
  if (slash >= 0) {
    prefix = readPrefix(text, slash + 1) - (isMapped ? 96 : 0);
    if (prefix < 0 || prefix > longest) return -1;
  }
  for (let index = isV4 ? 3 : 0, bits = prefix; index < 4; index++, bits -= 32) {
    words[index] = words[index]! & prefixMask(bits);
  }
  return isV4 ? prefix : V6_NETWORK + prefix;
}

/** readPrefix returns the decimal number without leading zeros from `start` to the end, or -1. */
function readPrefix(text: string, start: number): number {
  const digits = text.length - start;
  if (digits < 1 || digits > 3 || (digits > 1 && text.charCodeAt(start) === 0x30)) return -1;
  let prefix = 0;
  for (let at = start; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    prefix = prefix * 10 + digit;
  }
  return prefix;
}

/** ipV4 makes the IPv4 address of an unsigned 32-bit number. */
export function ipV4(word: number): IpAddress {
  const text = `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
  return new IpAddress(true, 0, 0, 0, word >>> 0, text);
}

/** ipV6 makes the address of four unsigned 32-bit numbers; an IPv4-mapped one becomes IPv4. */
export function ipV6(word0: number, word1: number, word2: number, word3: number): IpAddress {
  if (word0 === 0 && word1 === 0 && word2 === 0xffff) return ipV4(word3);
  return new IpAddress(false, word0, word1, word2, word3, v6Text(word0, word1, word2, word3));
}

/** parseV4 returns the address from `start` to before `to` as an unsigned number, or -1. */
function parseV4(text: string, start: number, to: number): number {
  let word = 0;
  let parts = 0;
  let value = -1;
  for (let at = start; at < to; at++) {
    const code = text.charCodeAt(at);
    if (code === DOT) {
      if (value < 0 || parts === 3) return -1;
      word = word * 256 + value;
      parts++;
      value = -1;
      continue;
    }
    const digit = code - 0x30;
    if (digit < 0 || digit > 9 || value === 0) return -1;
    value = value < 0 ? digit : value * 10 + digit;
    if (value > 255) return -1;
  }
  return parts === 3 && value >= 0 ? word * 256 + value : -1;
}

function parseV6(text: string): IpAddress | null {
  return readV6(text, text.length) ? ipV6(word(0), word(2), word(4), word(6)) : null;
}

/** The groups of the address that was read last. */
const groups = new Uint16Array(8);

/** readV6 reads the address before `to` into `groups`, and tells whether it is one. */
function readV6(text: string, to: number): boolean {
  groups.fill(0);
  let count = 0;
  /** How many groups stand before the `::`; -1: there is none. */
  let gap = -1;
  let at = 0;
  if (text.charCodeAt(0) === COLON) {
    if (text.charCodeAt(1) !== COLON) return false;
    gap = 0;
    at = 2;
  }
  while (at < to) {
    let end = at;
    let value = 0;
    for (; end < to; end++) {
      const digit = hexDigit(text.charCodeAt(end));
      if (digit < 0) break;
      value = (value << 4) | digit;
    }
    if (end < to && text.charCodeAt(end) === DOT) {
      const word = count > 6 ? -1 : parseV4(text, at, to);
      if (word < 0) return false;
      groups[count++] = word >>> 16;
      groups[count++] = word & 0xffff;
      break;
    }
    if (end === at || end - at > 4 || count === 8) return false;
    groups[count++] = value;
    if (end === to) break;
    if (text.charCodeAt(end) !== COLON || end + 1 === to) return false;
    at = end + 1;
    if (text.charCodeAt(at) !== COLON) continue;
    if (gap >= 0) return false;
    gap = count;
    at++;
  }
  if (gap < 0 ? count !== 8 : count === 8) return false;
  if (gap >= 0) {
    groups.copyWithin(8 - (count - gap), gap, count);
    groups.fill(0, gap, 8 - (count - gap));
  }
  return true;
}

/** hexDigit returns the value of a digit, or -1. */
function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function word(index: number): number {
  return groups[index]! * 0x10000 + groups[index + 1]!;
}
/** v6Text shortens the longest run of two zero groups or more, the first of equals (RFC 5952, section 4.2). */
function v6Text(word0: number, word1: number, word2: number, word3: number): string {
  const groups = [
    word0 >>> 16,
    word0 & 0xffff,
    word1 >>> 16,
    word1 & 0xffff,
    word2 >>> 16,
    word2 & 0xffff,
    word3 >>> 16,
    word3 & 0xffff,
  ];
  let bestStart = -1;
  let bestLength = 1;
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > bestLength) {
      bestStart = start;
      bestLength = length;
    }
    start += length;
  }
  let text = '';
  for (let at = 0; at < 8; at++) {
    if (at === bestStart) {
      text += '::';
      at += bestLength - 1;
    } else {
      if (text !== '' && !text.endsWith('::')) text += ':';
      text += groups[at]!.toString(16);
    }
  }
  return text;
}

function clearHostBits(address: IpAddress, prefix: number): IpAddress {
  if (address.isV4) return ipV4((address.word3 & prefixMask(prefix)) >>> 0);
  return ipV6(
    (address.word0 & prefixMask(prefix)) >>> 0,
    (address.word1 & prefixMask(prefix - 32)) >>> 0,
    (address.word2 & prefixMask(prefix - 64)) >>> 0,
    (address.word3 & prefixMask(prefix - 96)) >>> 0,
  );
}

/** prefixMask has the highest `bits` of 32 set; fewer than none is none, more than all is all. */
function prefixMask(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? 0xffffffff : (0xffffffff << (32 - bits)) >>> 0;
}

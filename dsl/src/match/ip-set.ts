/**
 * IpSet: many networks as one sorted table of ranges. Data plane, hot path.
 *
 * IPv4 and IPv6 stand apart; an IPv4 range takes 8 bytes, an IPv6 one 32. Never changes once it is built.
 */
import type { IpAddress } from './ip-address.ts';
import { type Network, parseCidr } from './parse-ip.ts';

/** firstAddress is the lowest address of a network as a number, lastAddress its highest. Not for the hot path. */
export function firstAddress({ first }: Network): bigint {
  if (first.isV4) return BigInt(first.word3);
  return (
    (BigInt(first.word0) << 96n) | (BigInt(first.word1) << 64n) | (BigInt(first.word2) << 32n) | BigInt(first.word3)
  );
}

export function lastAddress(network: Network): bigint {
  return firstAddress(network) + (1n << BigInt((network.first.isV4 ? 32 : 128) - network.prefix)) - 1n;
}

/** lastV4Start returns the index of the last number in `starts` (ascending) that is not above `word`, or -1. */
export function lastV4Start(starts: Uint32Array, word: number): number {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (starts[middle]! <= word) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** lastV6Start is lastV4Start for addresses of four words each. */
export function lastV6Start(starts: Uint32Array, ip: IpAddress): number {
  let low = 0;
  let high = starts.length >>> 2;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareV6(starts, middle, ip) <= 0) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** compareV6 is below, above or equal to 0 as the address at `index` is to `ip`. */
function compareV6(table: Uint32Array, index: number, ip: IpAddress): number {
  const at = index << 2;
  if (table[at]! !== ip.word0) return table[at]! - ip.word0;
  if (table[at + 1]! !== ip.word1) return table[at + 1]! - ip.word1;
  if (table[at + 2]! !== ip.word2) return table[at + 2]! - ip.word2;
  return table[at + 3]! - ip.word3;
}

/** writeV6 puts an address into a table of four words each. */
export function writeV6(table: Uint32Array, index: number, address: bigint): void {
  for (let word = 0; word < 4; word++) {
    table[index * 4 + word] = Number((address >> BigInt(96 - 32 * word)) & 0xffffffffn);
  }
}

interface Range {
  readonly first: bigint;
  last: bigint;
}

export class IpSet {
  readonly #v4Firsts: Uint32Array;
  readonly #v4Lasts: Uint32Array;
  readonly #v6Firsts: Uint32Array;
  readonly #v6Lasts: Uint32Array;
  /** How many disjoint ranges the set holds, IPv4 and IPv6 together. Networks that overlap or touch are one. */
  readonly size: number;

  /** from builds the set of all addresses in any of the networks (`10.0.0.0/8`, `::1`). Throws for a bad one. */
  static from(cidrs: readonly string[]): IpSet {
    const v4: Range[] = [];
    const v6: Range[] = [];
    for (const cidr of cidrs) {
      const network = parseCidr(cidr);
      if (network === null) throw new TypeError(`\`${cidr}\` is not an IP address or range, such as 10.0.0.0/8`);
      (network.first.isV4 ? v4 : v6).push({ first: firstAddress(network), last: lastAddress(network) });
    }
    return new IpSet(joinRanges(v4), joinRanges(v6));
  }

  private constructor(v4: readonly Range[], v6: readonly Range[]) {
    this.size = v4.length + v6.length;
    this.#v4Firsts = Uint32Array.from(v4, (range) => Number(range.first));
    this.#v4Lasts = Uint32Array.from(v4, (range) => Number(range.last));
    this.#v6Firsts = new Uint32Array(v6.length * 4);
    this.#v6Lasts = new Uint32Array(v6.length * 4);
    for (const [index, range] of v6.entries()) {
      writeV6(this.#v6Firsts, index, range.first);
      writeV6(this.#v6Lasts, index, range.last);
    }
  }

  has(ip: IpAddress): boolean {
    if (ip.isV4) {
      const index = lastV4Start(this.#v4Firsts, ip.word3);
      return index >= 0 && ip.word3 <= this.#v4Lasts[index]!;
    }
    const index = lastV6Start(this.#v6Firsts, ip);
    return index >= 0 && compareV6(this.#v6Lasts, index, ip) >= 0;
  }
}

function joinRanges(ranges: Range[]): Range[] {
  ranges.sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
  const joined: Range[] = [];
  for (const range of ranges) {
    const before = joined.at(-1);
    if (before === undefined || range.first > before.last + 1n) joined.push({ first: range.first, last: range.last });
    else if (range.last > before.last) before.last = range.last;
  }
  return joined;
}

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

/** Addresses as numbers: IPv4 ones as they are, IPv6 ones too large for that. */
interface Range<Address extends number | bigint> {
  readonly first: Address;
  last: Address;
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
    const v4: Range<number>[] = [];
    const v6: Range<bigint>[] = [];
    for (const cidr of cidrs) {
      const network = parseCidr(cidr);
      if (network === null) throw new TypeError(`\`${cidr}\` is not an IP address or range, such as 10.0.0.0/8`);
      if (network.first.isV4) {
        const first = network.first.word3;
        v4.push({ first, last: first + 2 ** (32 - network.prefix) - 1 });
      } else v6.push({ first: firstAddress(network), last: lastAddress(network) });
    }
    return new IpSet(joinRanges(v4, 1), joinRanges(v6, 1n));
  }

  private constructor(v4: readonly Range<number>[], v6: readonly Range<bigint>[]) {
    this.size = v4.length + v6.length;
    this.#v4Firsts = Uint32Array.from(v4, (range) => range.first);
    this.#v4Lasts = Uint32Array.from(v4, (range) => range.last);
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

/** joinRanges sorts ranges and makes one of those that overlap or touch. `one` is 1 as such a number. */
function joinRanges<Address extends number | bigint>(ranges: Range<Address>[], one: Address): Range<Address>[] {
  ranges.sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
  const joined: Range<Address>[] = [];
  let before: Range<Address> | undefined;
  for (const range of ranges) {
    if (before === undefined || (range.first as bigint) > (before.last as bigint) + (one as bigint)) {
      before = { first: range.first, last: range.last };
      joined.push(before);
    } else if (range.last > before.last) before.last = range.last;
  }
  return joined;
}

/**
 * IpSet: many networks as one sorted table. Data plane, hot path.
 *
 * IPv4 and IPv6 stand apart; a network is its first address and its prefix: 5 bytes, and 17 for IPv6. Networks inside
 * others are left out, so those that remain are disjoint, and the last one that begins at or below an address is the only
 * one that can hold it. The table is plain shared memory: built once, read by every thread.
 */
import type { IpSetTable } from '../../plan/value-table.ts';
import { sortInSteps } from '../build/sort-in-steps.ts';
import { finish, type Steps } from '../build/steps.ts';
import type { IpAddress } from './ip-address.ts';
import { readNetwork, V6_NETWORK } from './parse-ip.ts';

export class IpSet {
  readonly #v4Firsts: Uint32Array;
  readonly #v4Prefixes: Uint8Array;
  readonly #v6Firsts: Uint32Array;
  readonly #v6Prefixes: Uint8Array;
  /** How many disjoint networks the set holds, IPv4 and IPv6 together. */
  readonly size: number;

  /** from builds the set of all addresses in any of the networks (`10.0.0.0/8`, `::1`). Throws for a bad one. */
  static from(cidrs: readonly string[]): IpSet {
    return new IpSet(finish(build(cidrs, (bytes) => new ArrayBuffer(bytes))));
  }

  constructor(table: IpSetTable) {
    this.#v4Firsts = table.v4Firsts;
    this.#v4Prefixes = table.v4Prefixes;
    this.#v6Firsts = table.v6Firsts;
    this.#v6Prefixes = table.v6Prefixes;
    this.size = table.v4Prefixes.length + table.v6Prefixes.length;
  }

  has(ip: IpAddress): boolean {
    if (ip.isV4) {
      const firsts = this.#v4Firsts;
      const word = ip.word3;
      let low = 0;
      let high = firsts.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (firsts[middle]! <= word) low = middle + 1;
        else high = middle;
      }
      return low > 0 && sharesBits(word, firsts[low - 1]!, this.#v4Prefixes[low - 1]!);
    }
    const firsts = this.#v6Firsts;
    let low = 0;
    let high = firsts.length >>> 2;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareV6(firsts, middle << 2, ip) <= 0) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return false;
    const at = (low - 1) << 2;
    const prefix = this.#v6Prefixes[low - 1]!;
    return (
      sharesBits(ip.word0, firsts[at]!, prefix) &&
      sharesBits(ip.word1, firsts[at + 1]!, prefix - 32) &&
      sharesBits(ip.word2, firsts[at + 2]!, prefix - 64) &&
      sharesBits(ip.word3, firsts[at + 3]!, prefix - 96)
    );
  }
}

/** sharesBits tells whether the highest `bits` of two words are equal; fewer than none are none, more than 32 are all. */
function sharesBits(one: number, other: number, bits: number): boolean {
  if (bits <= 0) return true;
  return bits >= 32 ? one === other : (one ^ other) >>> (32 - bits) === 0;
}

/** compareV6 is below, above or equal to 0 as the address at `at` is to `ip`. */
function compareV6(table: Uint32Array, at: number, ip: IpAddress): number {
  if (table[at]! !== ip.word0) return table[at]! - ip.word0;
  if (table[at + 1]! !== ip.word1) return table[at + 1]! - ip.word1;
  if (table[at + 2]! !== ip.word2) return table[at + 2]! - ip.word2;
  return table[at + 3]! - ip.word3;
}

/** How many networks are read in one step. */
const STEP = 512;

/** buildIpSet reads networks into the table of a set, in memory that threads share. Throws for a bad one. */
export function buildIpSet(cidrs: readonly string[]): Steps<IpSetTable> {
  return build(cidrs, (bytes) => new SharedArrayBuffer(bytes));
}

/** Memory for a table; shared memory is too dear for the two or three networks of a rule. */
type Allocate = (bytes: number) => ArrayBufferLike;

function* build(cidrs: readonly string[], allocate: Allocate): Steps<IpSetTable> {
  const words = new Uint32Array(4 * cidrs.length);
  const prefixes = new Uint16Array(cidrs.length);
  let v4Count = 0;
  for (const [index, cidr] of cidrs.entries()) {
    const prefix = readNetwork(cidr, words.subarray(4 * index, 4 * index + 4));
    if (prefix < 0) throw new TypeError(`\`${cidr}\` is not an IP address or range, such as 10.0.0.0/8`);
    prefixes[index] = prefix;
    if (prefix < V6_NETWORK) v4Count++;
    if (index % STEP === 0) yield;
  }
  const v4 = new Uint32Array(v4Count);
  const v6 = new Uint32Array(cidrs.length - v4Count);
  for (let index = 0, at4 = 0, at6 = 0; index < cidrs.length; index++) {
    if (prefixes[index]! < V6_NETWORK) v4[at4++] = index;
    else v6[at6++] = index;
  }
  yield;
  const apart4 = yield* outermost(v4, words, prefixes);
  const apart6 = yield* outermost(v6, words, prefixes);
  return {
    kind: 'ip set',
    v4Firsts: filled(new Uint32Array(allocate(4 * apart4.length)), (at) => words[4 * apart4[at]! + 3]!),
    v4Prefixes: filled(new Uint8Array(allocate(apart4.length)), (at) => prefixes[apart4[at]!]!),
    v6Firsts: filled(new Uint32Array(allocate(16 * apart6.length)), (at) => words[4 * apart6[at >>> 2]! + (at & 3)]!),
    v6Prefixes: filled(new Uint8Array(allocate(apart6.length)), (at) => prefixes[apart6[at]!]! - V6_NETWORK),
  };
}

function filled<Numbers extends Uint8Array | Uint32Array>(numbers: Numbers, value: (at: number) => number): Numbers {
  for (let at = 0; at < numbers.length; at++) numbers[at] = value(at);
  return numbers;
}

/** outermost sorts networks of one family and leaves out those that lie in another. Returns their indexes. */
function* outermost(indexes: Uint32Array, words: Uint32Array, prefixes: Uint16Array): Steps<Uint32Array> {
  const sorted = yield* sortInSteps(indexes, (a, b) => compareNetworks(words, prefixes, a, b));
  let kept = 0;
  for (let at = 0; at < sorted.length; at++) {
    const network = sorted[at]!;
    if (kept > 0 && isInside(words, prefixes, network, sorted[kept - 1]!)) continue;
    sorted[kept++] = network;
    if (at % STEP === 0) yield;
  }
  return sorted.subarray(0, kept);
}

/** compareNetworks orders networks of one family by their first address, wide ones before those inside them. */
export function compareNetworks(words: Uint32Array, prefixes: ArrayLike<number>, a: number, b: number): number {
  for (let word = 0; word < 4; word++) {
    const order = words[4 * a + word]! - words[4 * b + word]!;
    if (order !== 0) return order;
  }
  return prefixes[a]! - prefixes[b]!;
}

/** isInside tells whether network `inner` lies in `outer`, of the same family, or is the same. */
export function isInside(words: Uint32Array, prefixes: ArrayLike<number>, inner: number, outer: number): boolean {
  const prefix = prefixes[outer]!;
  if (prefixes[inner]! < prefix) return false;
  const isV4 = prefix < V6_NETWORK;
  for (let word = isV4 ? 3 : 0, bits = isV4 ? prefix : prefix - V6_NETWORK; word < 4; word++, bits -= 32) {
    if (!sharesBits(words[4 * inner + word]!, words[4 * outer + word]!, bits)) return false;
  }
  return true;
}

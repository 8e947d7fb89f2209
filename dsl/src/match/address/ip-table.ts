/**
 * IpTable: finds every network that holds an address, innermost first. Data plane, hot path.
 *
 * Networks are nested or apart, so the address space falls into ranges with one innermost network each; a binary search
 * finds it, and `parent` leads from there to the networks around it. In a WordPool a table is: how many IPv4 ranges there
 * are, IPv6 ranges and networks; then the ranges' starts and networks, IPv4 first; then the networks' parents.
 */

import { sortInSteps } from '../build/sort-in-steps.ts';
import type { Steps } from '../build/steps.ts';
import type { WordPool } from '../build/word-pool.ts';
import type { IpAddress } from './ip-address.ts';
import { compareNetworks, isInside } from './ip-set.ts';
import { readNetwork, V6_NETWORK } from './parse-ip.ts';

const HEADER = 3;

export class IpTable {
  readonly #words: Int32Array;
  readonly #v4Starts: number;
  readonly #v4Count: number;
  readonly #v6Starts: number;
  readonly #v6Count: number;
  readonly #parents: number;

  constructor(words: Int32Array, at: number) {
    this.#words = words;
    this.#v4Count = words[at]!;
    this.#v6Count = words[at + 1]!;
    this.#v4Starts = at + HEADER;
    this.#v6Starts = this.#v4Starts + 2 * this.#v4Count;
    this.#parents = this.#v6Starts + 5 * this.#v6Count;
  }

  /** innermost returns the index of the smallest network that holds the address, or -1. */
  innermost(ip: IpAddress): number {
    const words = this.#words;
    const starts = ip.isV4 ? this.#v4Starts : this.#v6Starts;
    const count = ip.isV4 ? this.#v4Count : this.#v6Count;
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const isBelow = ip.isV4 ? words[starts + middle]! >>> 0 <= ip.word3 : isV6Below(words, starts + 4 * middle, ip);
      if (isBelow) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? -1 : words[starts + (ip.isV4 ? 1 : 4) * count + low - 1]!;
  }

  /** parent returns the smallest network around a network, or -1. */
  parent(network: number): number {
    return this.#words[this.#parents + network]!;
  }
}

/** isV6Below tells whether the address at `at` is not above `ip`. */
function isV6Below(words: Int32Array, at: number, ip: IpAddress): boolean {
  const word0 = words[at]! >>> 0;
  if (word0 !== ip.word0) return word0 < ip.word0;
  const word1 = words[at + 1]! >>> 0;
  if (word1 !== ip.word1) return word1 < ip.word1;
  const word2 = words[at + 2]! >>> 0;
  if (word2 !== ip.word2) return word2 < ip.word2;
  return words[at + 3]! >>> 0 <= ip.word3;
}

const STEP = 512;

/** buildIpTable writes the table of networks (`10.0.0.0/8`) and returns where it is. Throws for a bad one. */
export function* buildIpTable(pool: WordPool, cidrs: readonly string[]): Steps<number> {
  const words = new Uint32Array(4 * cidrs.length);
  const prefixes = new Uint16Array(cidrs.length);
  const parents = new Int32Array(cidrs.length).fill(-1);
  const families: [v4: number[], v6: number[]] = [[], []];
  for (const [index, cidr] of cidrs.entries()) {
    const prefix = readNetwork(cidr, words.subarray(4 * index, 4 * index + 4));
    if (prefix < 0) throw new TypeError(`\`${cidr}\` is not an IP address or range, such as 10.0.0.0/8`);
    prefixes[index] = prefix;
    families[prefix < V6_NETWORK ? 0 : 1].push(index);
    if (index % STEP === 0) yield;
  }
  const [v4, v6] = families;
  const ranges4 = yield* findRanges(v4, words, prefixes, parents);
  const ranges6 = yield* findRanges(v6, words, prefixes, parents);
  const at = pool.addAll([ranges4.networks.length, ranges6.networks.length, cidrs.length]);
  const starts4 = pool.add(ranges4.networks.length);
  for (let range = 0; range < ranges4.networks.length; range++) {
    pool.words[starts4 + range] = ranges4.starts[4 * range + 3]!;
  }
  pool.addAll(ranges4.networks);
  pool.addAll(ranges6.starts);
  pool.addAll(ranges6.networks);
  pool.addAll(parents);
  return at;
}

interface Ranges {
  /** Four words each. */
  readonly starts: number[];
  readonly networks: number[];
}

/** findRanges sweeps over one family's networks and notes where the innermost one changes. */
function* findRanges(
  indexes: readonly number[],
  words: Uint32Array,
  prefixes: Uint16Array,
  parents: Int32Array,
): Steps<Ranges> {
  const sorted = yield* sortInSteps(Uint32Array.from(indexes), (a, b) => compareNetworks(words, prefixes, a, b));
  const ranges: Ranges = { starts: [], networks: [] };
  const { starts, networks } = ranges;
  const begin = (start: ArrayLike<number>, from: number, network: number): void => {
    let word = 0;
    while (word < 4 && starts[starts.length - 4 + word] === start[from + word]) word++;
    if (word === 4) networks[networks.length - 1] = network;
    else {
      for (word = 0; word < 4; word++) starts.push(start[from + word]!);
      networks.push(network);
    }
  };
  const open: number[] = [];
  const close = (): void => {
    const closed = open.pop()!;
    const behind = addressBehind(words, closed, prefixes[closed]!);
    if (behind !== null) begin(behind, 0, open.at(-1) ?? -1);
  };
  let done = 0;
  for (const network of sorted) {
    while (open.length > 0 && !isInside(words, prefixes, network, open.at(-1)!)) close();
    parents[network] = open.at(-1) ?? -1;
    begin(words, 4 * network, network);
    open.push(network);
    if (++done % STEP === 0) yield;
  }
  while (open.length > 0) close();
  return ranges;
}

/** addressBehind returns the first address behind a network, or null where the space ends. */
function addressBehind(words: Uint32Array, network: number, family: number): number[] | null {
  const isV4 = family < V6_NETWORK;
  const prefix = isV4 ? 96 + family : family - V6_NETWORK;
  const behind = [...words.subarray(4 * network, 4 * network + 4)];
  let carry = prefix === 0 ? 0 : 2 ** (31 - ((prefix - 1) & 31));
  for (let word = (prefix - 1) >> 5; word >= (isV4 ? 3 : 0) && carry > 0; word--) {
    const sum = behind[word]! + carry;
    behind[word] = sum >>> 0;
    carry = sum > 0xffffffff ? 1 : 0;
  }
  return prefix === (isV4 ? 96 : 0) || carry > 0 ? null : behind;
}

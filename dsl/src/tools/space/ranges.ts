/**
 * Ranges: sets of whole numbers as sorted, disjoint ranges. Main thread; never changes once made.
 *
 * Addresses stand on one line of numbers: IPv4 from 0, IPv6 from 2^33 on, without the IPv4-mapped ones, which are IPv4.
 */
import { ipV4, ipV6, type Network, parseCidr } from '../../match/address/parse-ip.ts';

export type Range = readonly [first: bigint, last: bigint];
export type Ranges = readonly Range[];

const V6 = 1n << 33n;
const MAPPED = 0xffffn << 32n;

/** EVERY_ADDRESS is every address that a client can have. */
export const EVERY_ADDRESS: Ranges = [
  [0n, (1n << 32n) - 1n],
  [V6, V6 + MAPPED - 1n],
  [V6 + MAPPED + (1n << 32n), V6 + (1n << 128n) - 1n],
];

/** firstAddress is the lowest address of a network as a number, lastAddress its highest. */
function firstAddress({ first }: Network): bigint {
  if (first.isV4) return BigInt(first.word3);
  return (
    (BigInt(first.word0) << 96n) | (BigInt(first.word1) << 64n) | (BigInt(first.word2) << 32n) | BigInt(first.word3)
  );
}

function lastAddress(network: Network): bigint {
  return firstAddress(network) + (1n << BigInt((network.first.isV4 ? 32 : 128) - network.prefix)) - 1n;
}

/** rangesOf gathers networks; what is none is left out. */
export function rangesOf(cidrs: readonly string[]): Ranges {
  const ranges: Range[] = [];
  for (const cidr of cidrs) {
    const network = parseCidr(cidr);
    if (network === null) continue;
    const base = network.first.isV4 ? 0n : V6;
    ranges.push([base + firstAddress(network), base + lastAddress(network)]);
  }
  return joined(ranges);
}

/** joined sorts ranges and joins those that overlap or touch. */
export function joined(ranges: readonly Range[]): Ranges {
  const sorted = ranges.toSorted((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
  const out: [bigint, bigint][] = [];
  for (const [first, last] of sorted) {
    const before = out.at(-1);
    if (before === undefined || first > before[1] + 1n) out.push([first, last]);
    else if (last > before[1]) before[1] = last;
  }
  return out;
}

/** both holds what is in each of two sets. */
export function both(a: Ranges, b: Ranges): Ranges {
  const out: Range[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const [left, right] = [a[i]!, b[j]!];
    const first = left[0] > right[0] ? left[0] : right[0];
    const last = left[1] < right[1] ? left[1] : right[1];
    if (first <= last) out.push([first, last]);
    if (left[1] < right[1]) i++;
    else j++;
  }
  return out;
}

/** without holds what is in the first set and not in the second. */
export function without(a: Ranges, b: Ranges): Ranges {
  const out: Range[] = [];
  let j = 0;
  for (const [first, last] of a) {
    let from = first;
    while (j < b.length && b[j]![1] < from) j++;
    for (let k = j; k < b.length && b[k]![0] <= last; k++) {
      if (b[k]![0] > from) out.push([from, b[k]![0] - 1n]);
      from = b[k]![1] + 1n;
    }
    if (from <= last) out.push([from, last]);
  }
  return out;
}

/** addressText writes an address of the line of numbers. */
export function addressText(number: bigint): string {
  if (number < V6) return ipV4(Number(number)).text;
  const address = number - V6;
  const word = (index: bigint): number => Number((address >> (96n - 32n * index)) & 0xffffffffn);
  return ipV6(word(0n), word(1n), word(2n), word(3n)).text;
}

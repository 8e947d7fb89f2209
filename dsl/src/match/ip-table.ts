/**
 * IpTable: finds every network that holds an address, innermost first. Data plane, hot path.
 *
 * Networks are nested or apart, so the address space falls into ranges with one innermost network each; a binary search
 * finds it, and `parent` leads from there to the networks around it.
 */
import type { IpAddress } from './ip-address.ts';
import { firstAddress, lastAddress, lastV4Start, lastV6Start, writeV6 } from './ip-set.ts';
import type { Network } from './parse-ip.ts';

interface Sorted {
  /** Index in the list that the table was built from. */
  readonly network: number;
  readonly first: bigint;
  readonly last: bigint;
}

export class IpTable {
  /** Per network: the smallest one around it, or -1. */
  readonly parent: Int32Array;
  readonly #v4Starts: Uint32Array;
  readonly #v4Networks: Int32Array;
  readonly #v6Starts: Uint32Array;
  readonly #v6Networks: Int32Array;

  constructor(networks: readonly Network[]) {
    this.parent = new Int32Array(networks.length).fill(-1);
    const v4 = this.#ranges(networks, true);
    const v6 = this.#ranges(networks, false);
    this.#v4Starts = Uint32Array.from(v4.starts, Number);
    this.#v4Networks = Int32Array.from(v4.networks);
    this.#v6Starts = new Uint32Array(v6.starts.length * 4);
    for (const [index, start] of v6.starts.entries()) writeV6(this.#v6Starts, index, start);
    this.#v6Networks = Int32Array.from(v6.networks);
  }

  /** innermost returns the index of the smallest network that holds the address, or -1. */
  innermost(ip: IpAddress): number {
    const at = ip.isV4 ? lastV4Start(this.#v4Starts, ip.word3) : lastV6Start(this.#v6Starts, ip);
    if (at < 0) return -1;
    return ip.isV4 ? this.#v4Networks[at]! : this.#v6Networks[at]!;
  }

  /** ranges sweeps over one family's networks and notes where the innermost one changes. */
  #ranges(networks: readonly Network[], isV4: boolean): { starts: bigint[]; networks: number[] } {
    const sorted: Sorted[] = [];
    for (const [network, one] of networks.entries()) {
      if (one.first.isV4 === isV4) sorted.push({ network, first: firstAddress(one), last: lastAddress(one) });
    }
    sorted.sort((a, b) => (a.first === b.first ? compare(b.last, a.last) : compare(a.first, b.first)));
    const ranges = { starts: [] as bigint[], networks: [] as number[] };
    const begin = (start: bigint, network: number) => {
      if (ranges.starts.at(-1) === start) {
        ranges.starts.pop();
        ranges.networks.pop();
      }
      ranges.starts.push(start);
      ranges.networks.push(network);
    };
    const end = (1n << (isV4 ? 32n : 128n)) - 1n;
    const open: Sorted[] = [];
    const close = () => {
      const closed = open.pop()!;
      if (closed.last < end) begin(closed.last + 1n, open.at(-1)?.network ?? -1);
    };
    for (const one of sorted) {
      while (open.length > 0 && open.at(-1)!.last < one.first) close();
      this.parent[one.network] = open.at(-1)?.network ?? -1;
      begin(one.first, one.network);
      open.push(one);
    }
    while (open.length > 0) close();
    return ranges;
  }
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

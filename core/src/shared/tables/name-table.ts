/**
 * NameTable: the addresses of servers' names as one event loop knows them, and which of them is tried next. Both planes; asked only
 * where a connection is new.
 *
 * The control plane finds the addresses (control/members/server-names.ts) and tells every thread when they change, so that nobody
 * waits for a look-up to connect. New connections take the addresses in turn; one that could not be reached is tried last for a
 * while, and of the others the next one takes over within the same attempt (`connect` with `autoSelectFamily`).
 */
import { isIP, type LookupFunction } from 'node:net';

/** How long an address that could not be reached is tried last. */
const SHUN_MS = 30_000;

/** NameChanges are names with all the addresses that they have now; an empty list: none; null: nobody asks for the name any more. */
export type NameChanges = Readonly<Record<string, readonly string[] | null>>;

interface Known {
  readonly addresses: readonly string[];
  /** Until when an address is tried last, by address. */
  readonly shunned: Map<string, number>;
  turn: number;
}

/** isName tells a host that has to be looked up from an address. */
export function isName(host: string): boolean {
  return isIP(host) === 0;
}

export class NameTable {
  readonly #names = new Map<string, Known>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  update(changes: NameChanges): void {
    for (const [name, addresses] of Object.entries(changes)) {
      if (addresses === null) this.#names.delete(name);
      else {
        const { turn = 0, shunned = new Map() } = this.#names.get(name) ?? {};
        this.#names.set(name, { addresses, turn, shunned });
      }
    }
  }

  /** has says whether a name has this address, or once had: of a name that has none now, what is open is as good as any. */
  has(name: string, address: string): boolean {
    const known = this.#names.get(name);
    return known === undefined || known.addresses.length === 0 || known.addresses.includes(address);
  }

  /** failed: these addresses could not be reached, and another one of the name could. */
  failed(name: string, addresses: readonly string[]): void {
    const known = this.#names.get(name);
    for (const address of addresses) known?.shunned.set(address, this.#now() + SHUN_MS);
  }

  /** next are the addresses of a name in the order in which to try them; none: it is not known, or has none. */
  next(name: string): readonly string[] {
    const known = this.#names.get(name);
    if (known === undefined || known.addresses.length < 2) return known?.addresses ?? [];
    const { addresses, shunned } = known;
    const start = known.turn++ % addresses.length;
    const inTurn = [...addresses.slice(start), ...addresses.slice(0, start)];
    if (shunned.size === 0) return inTurn;
    const now = this.#now();
    for (const [address, untilMs] of shunned) if (untilMs <= now) shunned.delete(address);
    return [...inTurn.filter((each) => !shunned.has(each)), ...inTurn.filter((each) => shunned.has(each))];
  }

  /** lookup is what `connect` takes in place of the system's look-up. */
  readonly lookup: LookupFunction = (name, options, callback) => {
    const found = this.next(name).map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    if (found.length === 0) callback(Object.assign(new Error(`${name} does not resolve`), { code: 'ENOTFOUND' }), []);
    else if (options.all === true) callback(null, found);
    else callback(null, found[0]!.address, found[0]!.family);
  };
}

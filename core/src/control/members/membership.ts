/**
 * Membership: who is a member by one discovery's answers. Main thread; no clock, no sockets.
 *
 * The order of an answer means nothing, and a server that is missing from good answers stays for the grace time, so that a
 * source that shows another part of its servers each time changes nothing.
 */
import { addressText } from '@sluice/dsl';
import type { DiscoveryPlan, ServerPlan } from '@sluice/dsl/plan';
import type { FoundServer } from '../../plugin/discovery.ts';
import { isSameServer } from '../../shared/orders/member-change.ts';

const NAME = /^[A-Za-z0-9[][A-Za-z0-9._:[\]/-]{0,254}$/;
const HEAVIEST = 256;
const MOST_REQUESTS = 1_000_000;

interface Member {
  readonly server: ServerPlan;
  /** Null: it was in the last good answer. */
  missingSinceMs: number | null;
}

export class Membership {
  readonly #graceMs: number;
  readonly #members = new Map<string, Member>();

  constructor(graceMs: number) {
    this.#graceMs = graceMs;
  }

  /** Those that are members now. */
  get servers(): readonly ServerPlan[] {
    return Array.from(this.#members.values(), ({ server }) => server);
  }

  get size(): number {
    return this.#members.size;
  }

  /** take takes in a good answer, and returns whether anything is different now. */
  take(found: readonly ServerPlan[], nowMs: number): boolean {
    let isChanged = false;
    const names = new Set<string>();
    for (const server of found) {
      names.add(server.name);
      const known = this.#members.get(server.name);
      if (known !== undefined && isSameServer(known.server, server)) {
        known.missingSinceMs = null;
        continue;
      }
      this.#members.set(server.name, { server, missingSinceMs: null });
      isChanged = true;
    }
    for (const [name, member] of this.#members) if (!names.has(name)) member.missingSinceMs ??= nowMs;
    return this.expire(nowMs) || isChanged;
  }

  /** expire lets those go whose grace is over, and returns whether there were any. */
  expire(nowMs: number): boolean {
    const before = this.#members.size;
    for (const [name, { missingSinceMs }] of this.#members) {
      if (missingSinceMs !== null && nowMs - missingSinceMs >= this.#graceMs) this.#members.delete(name);
    }
    return this.#members.size < before;
  }

  /** When the next one has to go; null: nobody is missing. */
  get nextExpiryMs(): number | null {
    let next: number | null = null;
    for (const { missingSinceMs } of this.#members.values()) {
      if (missingSinceMs !== null) next = Math.min(next ?? Number.POSITIVE_INFINITY, missingSinceMs + this.#graceMs);
    }
    return next;
  }

  /** clear lets everybody go, and returns whether there was anybody. */
  clear(): boolean {
    const had = this.#members.size > 0;
    this.#members.clear();
    return had;
  }
}

/**
 * plansOf makes servers of an answer. Throws an Error for people when any of them is no good: the answer is refused as a
 * whole. The message tells the place, never the value, which may be private.
 */
export function plansOf(found: readonly FoundServer[], discovery: DiscoveryPlan): readonly ServerPlan[] {
  if (found.length > discovery.most) {
    throw new Error(`${found.length} servers, at most ${discovery.most} are allowed (\`at most\`)`);
  }
  const names = new Set<string>();
  const addresses = new Set<string>();
  return found.map((each, index) => {
    const server = planOf(each, discovery, `server ${index + 1} of ${found.length}`);
    const address = addressText(server.address);
    if (names.has(server.name)) throw new Error(`server ${index + 1} of ${found.length} has the name of another one`);
    if (addresses.has(address))
      throw new Error(`server ${index + 1} of ${found.length} has the address of another one`);
    names.add(server.name);
    addresses.add(address);
    return server;
  });
}

function planOf(found: FoundServer, discovery: DiscoveryPlan, which: string): ServerPlan {
  if (typeof found?.address !== 'object' || found.address === null) throw new Error(`${which} has no address`);
  const { address, weight = discovery.weight, max = discovery.max, isBackup = discovery.isBackup } = found;
  if ('path' in address) {
    if (typeof address.path !== 'string' || !address.path.startsWith('/')) throw new Error(`${which} has a bad path`);
  } else {
    if (typeof address.host !== 'string' || address.host === '') throw new Error(`${which} has no host`);
    if (!isWhole(address.port, 1, 65535)) throw new Error(`${which} has no port from 1 to 65535`);
  }
  if (!isWhole(weight, 0, HEAVIEST)) throw new Error(`${which} has a weight that is not 0 to ${HEAVIEST}`);
  if (!isWhole(max, 0, MOST_REQUESTS)) throw new Error(`${which} has a max that is not 0 to ${MOST_REQUESTS}`);
  const { source, place } = discovery;
  const name = found.name ?? addressText(address);
  if (found.name !== undefined && !NAME.test(name)) throw new Error(`${which} has a name that is not one`);
  return { name, address, weight, max, queue: 0, isBackup, source, place };
}

function isWhole(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

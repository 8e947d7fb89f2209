/**
 * ClientNetwork: which server belongs to a client's address, or to the network around it. Data threads; hot path.
 */
import type { Stickiness, StickTable, StickyPool } from '@sluice/core/plugin';
import type { IpAddress, RequestFacts } from '@sluice/dsl/match';

/**
 * ClientNetwork remembers the server that answered for each network. The address is the client's: behind a trusted proxy
 * the one that `client ip from` names. For IPv6 the default is /64, as that is what one household or machine is given.
 */
export class ClientNetwork implements Stickiness {
  readonly #prefix: number;
  readonly #prefix6: number;
  readonly #mask: number;
  readonly #masks6: readonly [number, number, number, number];
  readonly #ttlMs: number;
  readonly #table: StickTable;

  constructor(prefix: number, prefix6: number, ttlMs: number, table: StickTable) {
    this.#prefix = prefix;
    this.#prefix6 = prefix6;
    this.#mask = maskOf(prefix);
    this.#masks6 = [maskOf(prefix6), maskOf(prefix6 - 32), maskOf(prefix6 - 64), maskOf(prefix6 - 96)];
    this.#ttlMs = ttlMs;
    this.#table = table;
  }

  find(facts: RequestFacts, pool: StickyPool): number {
    const slot = this.#table.get(this.#key(facts.ip), this.#ttlMs);
    return slot === -1 ? -1 : pool.indexOfSlot(slot);
  }

  learn(facts: RequestFacts, pool: StickyPool, server: number): string {
    const key = this.#key(facts.ip);
    const slot = pool.slot(server);
    if (this.#table.get(key, this.#ttlMs) !== slot) this.#table.set(key, slot, this.#ttlMs);
    return '';
  }

  describe({ ip }: RequestFacts, pool: StickyPool): string {
    const prefix = ip.isV4 ? this.#prefix : this.#prefix6;
    const who = prefix === (ip.isV4 ? 32 : 128) ? `its address ${ip.text}` : `its network ${ip.text}/${prefix}`;
    const slot = this.#table.get(this.#key(ip), this.#ttlMs);
    if (slot === -1) return `${who} is not in the stick table`;
    return pool.indexOfSlot(slot) === -1 ? `${who} belongs to a server that was removed` : `${who}, by the stick table`;
  }

  #key({ isV4, word0, word1, word2, word3, text }: IpAddress): string {
    if (isV4) return this.#prefix === 32 ? text : `${word3 & this.#mask}`;
    if (this.#prefix6 === 128) return text;
    const masks = this.#masks6;
    return `${word0 & masks[0]}:${word1 & masks[1]}:${word2 & masks[2]}:${word3 & masks[3]}`;
  }
}

/** maskOf is a 32-bit mask with so many leading ones; less than none is none, more than all is all. */
function maskOf(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << (32 - bits);
}

/**
 * ConsistentHash: the strategy itself. Data threads; hot path.
 */
import type { BalanceExplanation, Balancer, PoolWatcher, ServerPool } from '@sluice/core/plugin';
import type { RequestFacts } from '@sluice/dsl/match';
import { OwnerNotes, OwnerTable, type PartOwners } from './owner-table.ts';
import { NOBODY, PARTS, PartRace } from './part-race.ts';
import { hashed, hashText, mix } from './text-hash.ts';

/** Choices of a key that are looked at; when none of them takes it, the next usable server does. */
const MOST_CHOICES = 24;
/** Up to so many servers a part's owner is worked out when it is asked for; of more there is a table. */
const SMALL_POOL = 32;

/**
 * ConsistentHash sends a key to the same server every time.
 *
 * A key has a list of choices, each the owner of another part of the table, and goes to the first one that takes it. So
 * when a server is down, draining or full only its own keys move, to all others as the weights say, and they come back
 * with it. In slow start a server takes the part of its keys that is its share. With `load at most` it takes no more than
 * that part of the average of the open requests for its weight (Mirrokni, Thorup and Zadimoghaddam, "Consistent hashing with bounded
 * loads", 2016). All threads, processes and gateways with the same server names and weights agree.
 */
export class ConsistentHash implements Balancer, PoolWatcher {
  readonly #pool: ServerPool;
  readonly #key: (facts: RequestFacts) => string;
  /** Of the average; 0: no bound. */
  readonly #bound: number;
  #race: PartRace;
  /** null: not asked for yet. */
  #owners: PartOwners | null = null;
  #isOld = false;

  constructor(pool: ServerPool, key: (facts: RequestFacts) => string, bound: number) {
    this.#pool = pool;
    this.#key = key;
    this.#bound = bound;
    const names = Array.from({ length: pool.size }, (_, index) => pool.name(index));
    this.#race = PartRace.of(names, weightsOf(pool));
    pool.watch(this);
  }

  pick(facts: RequestFacts, pool: ServerPool): number {
    if (this.#isOld) this.#begin();
    hashText(this.#key(facts));
    const { low, high } = hashed;
    let last = 0;
    for (let choice = 0; choice < MOST_CHOICES; choice++) {
      const owner = this.#ownerOf(low, high, choice);
      if (owner === NOBODY) return -1;
      if (pool.isUsable(owner) && this.#takes(owner, high)) return owner;
      last = owner;
    }
    return pool.nextUsable(last);
  }

  changed(index: number): void {
    if (this.#pool.fullWeight(index) !== this.#race.weights[index]) this.#isOld = true;
  }

  /** A reload that changes no name and no weight finds nothing out again. */
  inherit(before: Balancer): void {
    if (!(before instanceof ConsistentHash) || before.#owners === null || !this.#race.isAlike(before.#race)) return;
    this.#race = before.#race;
    this.#owners = before.#owners;
  }

  explain(facts: RequestFacts, pool: ServerPool): BalanceExplanation {
    const picked = this.pick(facts, pool);
    hashText(this.#key(facts));
    const { low, high } = hashed;
    const first = this.#ownerOf(low, high, 0);
    const name = first === NOBODY ? '' : pool.name(first);
    return {
      picked,
      why: (index) => {
        if (index === picked) return index === first ? 'the key’s own server' : `the key’s next choice behind ${name}`;
        if (index !== first) return `the key belongs to ${name}`;
        if (pool.weight(index) < pool.fullWeight(index)) return 'the key’s own server, but it starts slowly';
        return `the key’s own server, but it has more than its share: ${pool.open(index)} open`;
      },
    };
  }

  #ownerOf(low: number, high: number, choice: number): number {
    const part = (choice === 0 ? low : mix(low + Math.imul(choice, high | 1))) & (PARTS - 1);
    this.#owners ??=
      this.#race.size <= SMALL_POOL ? new OwnerNotes(this.#race) : new OwnerTable(this.#race, () => this.#pool.now());
    return this.#owners.ownerOf(part);
  }

  /** takes: a usable server takes a key unless it starts slowly, or has more than its share. */
  #takes(index: number, high: number): boolean {
    const pool = this.#pool;
    const weight = pool.weight(index);
    const full = this.#race.weights[index]!;
    if (weight < full && mix(high ^ Math.imul(pool.slot(index) + 1, 0x9e3779b1)) / 4_294_967_296 >= weight / full)
      return false;
    if (this.#bound === 0) return true;
    const most = Math.ceil((this.#bound * (pool.openInAll + 1) * weight) / pool.totalWeight);
    return pool.open(index) < most;
  }

  #begin(): void {
    this.#isOld = false;
    this.#race = this.#race.withWeights(weightsOf(this.#pool));
    this.#owners = null;
  }
}

function weightsOf(pool: ServerPool): Float64Array {
  const weights = new Float64Array(pool.size);
  for (let index = 0; index < pool.size; index++) weights[index] = pool.fullWeight(index);
  return weights;
}

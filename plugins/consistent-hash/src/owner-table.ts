/**
 * OwnerTable: the owners of all parts, found little by little. Data threads; hot path.
 */
import { NOBODY, PARTS, type PartRace } from './part-race.ts';

export interface PartOwners {
  ownerOf(part: number): number;
}

/** OwnerNotes works out a part when it is asked for, and remembers it. For small pools: up to 254 servers. */
export class OwnerNotes implements PartOwners {
  readonly #race: PartRace;
  /** Owner + 1; 0: not asked for yet. Pages that are never touched cost no memory. */
  readonly #owners = new Uint8Array(PARTS);

  constructor(race: PartRace) {
    this.#race = race;
  }

  ownerOf(part: number): number {
    const known = this.#owners[part]!;
    if (known !== 0) return known - 1;
    const owner = this.#race.winner(part);
    if (owner !== NOBODY) this.#owners[part] = owner + 1;
    return owner;
  }
}

/** Claims made at once while the table is not ready: about a tenth of a millisecond. */
const STEPS = 16_384;
/** Many requests may come in one turn of the event loop: the table is not made any faster for that. */
const STEP_EVERY_MS = 1;
/** The moment of a part whose owner was asked for before the table came to it: nobody is sooner. */
const ASKED = Number.NEGATIVE_INFINITY;

/**
 * OwnerTable is for large pools. It answers from the first moment: until it is ready a part that is asked for is worked out by a look at all servers, and
 * remembered; once in a millisecond a piece of the table is made too. So nothing stands still when a generation begins or a weight changes, however many
 * requests come at once, and the new weight holds at once.
 *
 * First each server walks as far as it takes to claim all parts but one in `size`; what is left over is worked out one by one.
 */
export class OwnerTable implements PartOwners {
  readonly #race: PartRace;
  readonly #owners = new Uint16Array(PARTS).fill(NOBODY);
  readonly #endMoment: number;
  /** When each part was claimed; null: the table is ready. */
  #moments: Float64Array | null = new Float64Array(PARTS).fill(Number.POSITIVE_INFINITY);
  #server = 0;
  #turn = 0;
  #part = 0;
  readonly #now: () => number;
  #nextMs = 0;

  constructor(race: PartRace, now: () => number) {
    this.#race = race;
    this.#now = now;
    this.#endMoment = Math.log(race.size + 1) / race.total;
  }

  get isReady(): boolean {
    return this.#moments === null;
  }

  ownerOf(part: number): number {
    const moments = this.#moments;
    if (moments === null) return this.#owners[part]!;
    const nowMs = this.#now();
    if (nowMs >= this.#nextMs) {
      this.#nextMs = nowMs + STEP_EVERY_MS;
      this.#make(moments);
    }
    if (moments[part] !== ASKED) {
      this.#owners[part] = this.#race.winner(part);
      moments[part] = ASKED;
    }
    return this.#owners[part]!;
  }

  #make(moments: Float64Array): void {
    const race = this.#race;
    let left = STEPS;
    for (; this.#server < race.size && left > 0; this.#server++, this.#turn = 0) {
      if (race.weights[this.#server] === 0) continue;
      const steps = race.walk(this.#server, this.#turn, this.#endMoment, left, moments, this.#owners);
      if (steps === left && this.#turn + steps < PARTS) {
        this.#turn += steps;
        return;
      }
      left -= steps + 1;
    }
    for (; this.#part < PARTS && left > 0; this.#part++, left--) {
      if (moments[this.#part] !== Number.POSITIVE_INFINITY) continue;
      this.#owners[this.#part] = race.winner(this.#part);
      left -= race.size;
    }
    if (this.#part === PARTS) this.#moments = null;
  }
}

/**
 * PartRace: which server owns which part of the keys, worked out for one part. Data threads; hot path.
 */
import { hashed, hashText, mix } from './text-hash.ts';

/** Parts that the keys are divided into: a power of two, the same for all pools, so that no key moves when a pool grows. */
export const PARTS = 131_072;
const MASK = PARTS - 1;
/** The xor with its upper half that undoes itself. */
const HALF = 9;
/** Nobody: every server has weight 0. */
export const NOBODY = 0xffff;

/** Points of the curve below, and how many ranks lie between two of them. */
const POINTS = 4096;
const SPAN = PARTS / POINTS;

/** At which moment a server of weight 1 comes to a rank: -ln(1 - rank / PARTS), so that the time until a part is reached has no memory. */
const curve = Float64Array.from({ length: POINTS + 1 }, (_, at) => -Math.log(Math.max(0.25 / PARTS, 1 - at / POINTS)));

/** momentOf follows the curve, in straight lines between its points. */
function momentOf(rank: number): number {
  const at = (rank / SPAN) | 0;
  const from = curve[at]!;
  return from + (curve[at + 1]! - from) * (rank / SPAN - at);
}

/**
 * PartRace has each server walk through all parts in an order of its own, the faster the more it weighs; a part belongs to whoever
 * comes to it first.
 *
 * Order and pace depend on the server's name and weight alone. So one that is taken away leaves just its own parts to others, one
 * that is added takes its share from each, and nothing else moves. The chance to be the first is the weight's share, as in weighted
 * rendezvous hashing. The order can be read both ways, from the turn to the part and from the part to the turn: `winner` works out
 * one part for the price of a look at each server, and OwnerTable all of them for much less.
 */
export class PartRace {
  readonly size: number;
  readonly weights: Float64Array;
  /** The sum of the weights. */
  readonly total: number;
  /** All servers of a weight above 0 weigh the same: then ranks need no curve. */
  readonly #isEven: boolean;
  readonly #starts: Int32Array;
  readonly #factors: Int32Array;
  /** From 0 to 1, so that no two servers come to a part at the same moment. */
  readonly #phases: Float64Array;

  /** of makes the race of servers with these names and weights. */
  static of(names: readonly string[], weights: Float64Array): PartRace {
    const size = names.length;
    const starts = new Int32Array(size);
    const factors = new Int32Array(3 * size);
    const phases = new Float64Array(size);
    for (let index = 0; index < size; index++) {
      hashText(names[index]!);
      const { low, high } = hashed;
      starts[index] = mix(low ^ 0x9e3779b9) & MASK;
      for (let at = 0; at < 3; at++) factors[3 * index + at] = mix(high + Math.imul(at + 1, 0x7f4a7c15)) | 1;
      phases[index] = mix(low + 0x3c6ef372) / 4_294_967_296;
    }
    return new PartRace(weights, starts, factors, phases);
  }

  private constructor(weights: Float64Array, starts: Int32Array, factors: Int32Array, phases: Float64Array) {
    this.size = weights.length;
    this.weights = weights;
    this.#starts = starts;
    this.#factors = factors;
    this.#phases = phases;
    let total = 0;
    let weight = 0;
    let isEven = true;
    for (const own of weights) {
      total += own;
      if (own !== 0 && weight !== 0 && own !== weight) isEven = false;
      if (own !== 0) weight = own;
    }
    this.total = total;
    this.#isEven = isEven;
  }

  /** withWeights is the race of the same servers with other weights; their names are not hashed again. */
  withWeights(weights: Float64Array): PartRace {
    return new PartRace(weights, this.#starts, this.#factors, this.#phases);
  }

  /** isAlike: the other gives every part to the same server. */
  isAlike(other: PartRace): boolean {
    if (other.size !== this.size) return false;
    for (let index = 0; index < this.size; index++) {
      if (this.weights[index] !== other.weights[index] || this.#phases[index] !== other.#phases[index]) return false;
      if (this.#factors[3 * index] !== other.#factors[3 * index]) return false;
    }
    return true;
  }

  /** winner is the server that owns a part. */
  winner(part: number): number {
    const { size, weights } = this;
    const starts = this.#starts;
    const factors = this.#factors;
    const phases = this.#phases;
    const isEven = this.#isEven;
    let first = NOBODY;
    let least = Number.POSITIVE_INFINITY;
    for (let index = 0, at = 0; index < size; index++, at += 3) {
      const weight = weights[index]!;
      if (weight === 0) continue;
      let turn = Math.imul(part ^ starts[index]!, factors[at]!) & MASK;
      turn ^= turn >>> HALF;
      turn = Math.imul(turn, factors[at + 1]!) & MASK;
      turn ^= turn >>> HALF;
      turn = Math.imul(turn, factors[at + 2]!) & MASK;
      const rank = turn + phases[index]!;
      const moment = isEven ? rank : momentOf(rank) / weight;
      if (moment < least) {
        least = moment;
        first = index;
      }
    }
    return first;
  }

  /**
   * walk lets a server claim the parts that it comes to from a turn on, until the end of time or of the steps, and returns how many
   * steps it made: fewer than it was given when its time is over.
   */
  walk(index: number, fromTurn: number, endMoment: number, steps: number, moments: Float64Array, owners: Uint16Array) {
    const start = this.#starts[index]!;
    const one = inverse(this.#factors[3 * index]!);
    const two = inverse(this.#factors[3 * index + 1]!);
    const three = inverse(this.#factors[3 * index + 2]!);
    const phase = this.#phases[index]!;
    const weight = this.weights[index]!;
    const last = Math.min(PARTS, fromTurn + steps);
    for (let turn = fromTurn; turn < last; turn++) {
      const moment = momentOf(turn + phase) / weight;
      if (moment >= endMoment) return turn - fromTurn;
      let part = Math.imul(turn, three) & MASK;
      part ^= part >>> HALF;
      part = Math.imul(part, two) & MASK;
      part ^= part >>> HALF;
      part = (Math.imul(part, one) & MASK) ^ start;
      if (moment < moments[part]!) {
        moments[part] = moment;
        owners[part] = index;
      }
    }
    return last - fromTurn;
  }
}

/** The number that undoes the multiplication with an odd one, by Newton's steps. */
function inverse(odd: number): number {
  let found = odd;
  for (let step = 0; step < 4; step++) found = Math.imul(found, 2 - Math.imul(odd, found));
  return found;
}

/**
 * OwnerTable: which server owns which part of the keys. Data threads; built once a generation and at a change of a weight.
 */
import type { ServerPool } from '@sluice/core/plugin';
import { hashed, hashText, mix } from './text-hash.ts';

/** Parts that the keys are divided into; a prime. */
export const PARTS = 131_071;
/** Nobody: every server has weight 0. */
export const NOBODY = 0xffff;

const FIRST_ROUND = 8;
const LATER_ROUND = 4;

/** Tables that were built, by what they were built of: a reload that changes nothing builds none. The oldest go first. */
const built = new Map<string, Uint16Array>();
const MOST_BUILT = 32;

/** ownersOf returns the table for a pool's names and weights. Do not change it. */
export function ownersOf(pool: ServerPool): Uint16Array {
  let key = '';
  for (let index = 0; index < pool.size; index++) key += `${pool.name(index)} ${pool.fullWeight(index)}\n`;
  let owners = built.get(key);
  if (owners === undefined) {
    owners = build(pool);
    const [oldest] = built.keys();
    if (built.size >= MOST_BUILT) built.delete(oldest!);
    built.set(key, owners);
  }
  return owners;
}

/**
 * build gives each part to a server, in proportion to the weights.
 *
 * Each server claims parts, drawn by its name, at moments that its name and weight decide: twice the weight, twice as often. A part
 * belongs to whoever claimed it first. So no server's claims depend on another's: one that is taken away leaves just its own
 * parts to others, one that is added takes from each its share, and nothing else moves. The time until a part is drawn has no
 * memory, so the chance to be the first is the weight's share (as in weighted rendezvous hashing, for all parts in one go).
 */
function build(pool: ServerPool): Uint16Array {
  const { size } = pool;
  const owners = new Uint16Array(PARTS).fill(NOBODY);
  let total = 0;
  for (let index = 0; index < size; index++) total += pool.fullWeight(index);
  if (total === 0) return owners;
  const moments = new Float64Array(PARTS).fill(Number.POSITIVE_INFINITY);
  const draws = new Int32Array(size);
  const steps = new Int32Array(size);
  const times = new Float64Array(size);
  for (let index = 0; index < size; index++) {
    hashText(pool.name(index));
    draws[index] = hashed.high;
    steps[index] = hashed.low | 1;
    times[index] = mix(hashed.low ^ 0x9e3779b9) / 4_294_967_296 / pool.fullWeight(index);
  }
  let free = PARTS;
  for (let end = (FIRST_ROUND * PARTS) / total; free > 0; end += (LATER_ROUND * PARTS) / total) {
    for (let index = 0; index < size; index++) {
      const weight = pool.fullWeight(index);
      if (weight === 0) continue;
      const interval = 1 / weight;
      const step = steps[index]!;
      let draw = draws[index]!;
      let time = times[index]!;
      while (time < end) {
        const place = mix(draw) % PARTS;
        if (time < moments[place]!) {
          if (owners[place] === NOBODY) free--;
          moments[place] = time;
          owners[place] = index;
        }
        draw = (draw + step) | 0;
        time += interval;
      }
      draws[index] = draw;
      times[index] = time;
    }
  }
  return owners;
}

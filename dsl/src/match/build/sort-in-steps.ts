/**
 * SortInSteps: a stable sort that may be interrupted. Not for the hot path.
 *
 * Array.sort of a hundred thousand entries takes a hundred milliseconds in one go; this takes a little longer, in pieces.
 */
import type { Steps } from './steps.ts';

/** How many items are sorted, or merged, in one step. */
const STEP = 2048;

/** sortInSteps sorts numbers (indexes, as a rule) by `compare`. */
export function* sortInSteps(items: Uint32Array, compare: (a: number, b: number) => number): Steps<Uint32Array> {
  for (let from = 0; from < items.length; from += STEP) {
    items.subarray(from, from + STEP).sort(compare);
    yield;
  }
  let source: Uint32Array = items;
  let target: Uint32Array = new Uint32Array(items.length);
  for (let width = STEP; width < items.length; width *= 2) {
    let done = 0;
    for (let from = 0; from < items.length; from += 2 * width) {
      const middle = Math.min(from + width, items.length);
      const to = Math.min(from + 2 * width, items.length);
      let left = from;
      let right = middle;
      for (let at = from; at < to; at++) {
        const takesLeft = left < middle && (right >= to || compare(source[left]!, source[right]!) <= 0);
        target[at] = takesLeft ? source[left++]! : source[right++]!;
        if (++done % STEP === 0) yield;
      }
    }
    [source, target] = [target, source];
  }
  return source;
}

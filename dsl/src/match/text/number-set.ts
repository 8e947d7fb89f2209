/**
 * NumberSet: a look-up among ascending numbers. Data plane, hot path.
 */

/** indexOfNumber returns the place of `value` among ascending values, or -1. */
export function indexOfNumber(values: Float64Array, from: number, to: number, value: number): number {
  let low = from;
  let high = to - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    if (values[middle]! < value) low = middle + 1;
    else if (values[middle]! > value) high = middle - 1;
    else return values[middle] === value ? middle : -1;
  }
  return -1;
}

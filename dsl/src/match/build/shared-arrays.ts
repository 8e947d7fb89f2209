/**
 * SharedArrays: typed arrays that all threads see. Made on the main thread, never changed afterwards.
 */

/** sharedWords makes unsigned 32-bit numbers from what `value` gives for each place. */
export function sharedWords(length: number, value: (at: number) => number): Uint32Array {
  const array = new Uint32Array(new SharedArrayBuffer(4 * length));
  for (let at = 0; at < length; at++) array[at] = value(at);
  return array;
}

export function sharedInts(length: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4 * length));
}

export function sharedNumbers(values: ArrayLike<number>): Float64Array {
  const array = new Float64Array(new SharedArrayBuffer(8 * values.length));
  array.set(values);
  return array;
}

/**
 * WordPool: 32-bit numbers of many small tables in one array that grows while it is filled. Made on the main thread.
 */
import { sharedInts } from './shared-arrays.ts';

export class WordPool {
  words = new Int32Array(1024);
  #length = 0;

  /** add makes room for so many numbers, all 0, and returns where they begin. */
  add(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.words.length) {
      const grown = new Int32Array(Math.max(this.#length, 2 * this.words.length));
      grown.set(this.words);
      this.words = grown;
    }
    return at;
  }

  /** addAll adds numbers as they are. */
  addAll(numbers: ArrayLike<number>): number {
    const at = this.add(numbers.length);
    this.words.set(numbers, at);
    return at;
  }

  /** share returns all of it in memory that threads share. */
  share(): Int32Array {
    const shared = sharedInts(this.#length);
    shared.set(this.words.subarray(0, this.#length));
    return shared;
  }
}

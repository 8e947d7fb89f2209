/**
 * IndexSet: a set of small numbers in which the next member is found at once. Hot path; both planes.
 *
 * Three levels of bits, each telling which words below it are not empty: up to 32,768 numbers.
 */
export class IndexSet {
  readonly size: number;
  readonly #bits: Int32Array;
  readonly #words: Int32Array;
  #groups = 0;

  /** `size`: members are below it; at most 32,768. */
  constructor(size: number) {
    this.size = size;
    const words = (size + 31) >> 5;
    this.#bits = new Int32Array(words);
    this.#words = new Int32Array((words + 31) >> 5);
  }

  has(index: number): boolean {
    return ((this.#bits[index >> 5]! >>> (index & 31)) & 1) === 1;
  }

  add(index: number): void {
    const word = index >> 5;
    const group = word >> 5;
    this.#bits[word] = this.#bits[word]! | (1 << (index & 31));
    this.#words[group] = this.#words[group]! | (1 << (word & 31));
    this.#groups |= 1 << group;
  }

  delete(index: number): void {
    const word = index >> 5;
    const group = word >> 5;
    this.#bits[word] = this.#bits[word]! & ~(1 << (index & 31));
    if (this.#bits[word] !== 0) return;
    this.#words[group] = this.#words[group]! & ~(1 << (word & 31));
    if (this.#words[group] === 0) this.#groups &= ~(1 << group);
  }

  /** next is the first member at or above `from`, or -1. */
  next(from: number): number {
    if (from >= this.size) return -1;
    const word = from >> 5;
    const here = this.#bits[word]! & (-1 << (from & 31));
    if (here !== 0) return (word << 5) | lowest(here);
    const group = word >> 5;
    const near = this.#words[group]! & above(word & 31);
    if (near !== 0) return this.#firstOf((group << 5) | lowest(near));
    const far = this.#groups & above(group);
    if (far === 0) return -1;
    const found = lowest(far);
    return this.#firstOf((found << 5) | lowest(this.#words[found]!));
  }

  #firstOf(word: number): number {
    return (word << 5) | lowest(this.#bits[word]!);
  }
}

/** The place of the lowest bit that is set. */
function lowest(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}

/** All bits above a place. */
function above(place: number): number {
  return place === 31 ? 0 : -1 << (place + 1);
}

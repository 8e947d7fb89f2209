/**
 * SeededRandom: randomness that is the same for the same seed, in streams of their own. Main thread.
 *
 * Arrivals, service times, strategies and checks draw from different streams, so that another strategy meets the same
 * requests at the same moments. The generator is sfc32 (Doty-Humphrey, PractRand); not for secrets.
 */

/** hashText is FNV-1a with 32 bits. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

export class SeededRandom {
  #a: number;
  #b: number;
  #c: number;
  #count = 1;
  #spare: number | null = null;

  constructor(seed: number | string, stream: string) {
    this.#a = hashText(`${seed}`);
    this.#b = hashText(stream);
    this.#c = hashText(`${stream}/${seed}`);
    for (let round = 0; round < 16; round++) this.integer();
  }

  /** integer is a whole number of 32 bits, without a sign. */
  integer(): number {
    const sum = (this.#a + this.#b + this.#count++) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** next is from 0 up to, not including, 1, as Math.random is. */
  next(): number {
    return this.integer() / 0x1_0000_0000;
  }

  /** below is a whole number from 0 to `count` - 1. */
  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  exponential(mean: number): number {
    return -Math.log(1 - this.next()) * mean;
  }

  /** normal has mean 0 and variance 1 (Box and Muller, 1958). */
  normal(): number {
    if (this.#spare !== null) {
      const spare = this.#spare;
      this.#spare = null;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
    const angle = 2 * Math.PI * this.next();
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  lognormal(median: number, sigma: number): number {
    return median * Math.exp(sigma * this.normal());
  }
}

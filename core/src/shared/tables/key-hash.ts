/**
 * KeyHash: a 64-bit hash of a scope and a key, seeded so that outsiders cannot aim at a place in a table. Hot path; both
 * planes.
 */

export class KeyHash {
  /** The two halves of the last `of`. */
  hash1 = 0;
  hash2 = 0;
  readonly #seed1: number;
  readonly #seed2: number;
  #scope = '';
  #scope1 = 0;
  #scope2 = 0;

  constructor(seed1: number, seed2: number) {
    this.#seed1 = seed1;
    this.#seed2 = seed2;
    this.#setScope('');
  }

  /** of hashes a key; the scope's part is remembered, as one thread mostly asks for the same few. */
  of(scope: string, key: string): void {
    if (scope !== this.#scope) this.#setScope(scope);
    this.hash1 = this.#scope1;
    this.hash2 = this.#scope2;
    this.#mix(key);
  }

  #setScope(scope: string): void {
    this.hash1 = this.#seed1;
    this.hash2 = this.#seed2;
    this.#mix(scope);
    this.#scope = scope;
    this.#scope1 = this.hash1;
    this.#scope2 = this.hash2;
  }

  /** Two multiply-xor lanes over the UTF-16 units, then the length, then MurmurHash3's finaliser on each. */
  #mix(text: string): void {
    let lane1 = this.hash1;
    let lane2 = this.hash2;
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      lane1 = Math.imul(lane1 ^ unit, 0x85ebca6b);
      lane1 = (lane1 << 13) | (lane1 >>> 19);
      lane2 = Math.imul(lane2 ^ unit, 0xc2b2ae35);
      lane2 = (lane2 << 15) | (lane2 >>> 17);
    }
    lane1 ^= text.length;
    lane2 ^= Math.imul(text.length, 0x9e3779b1);
    lane1 = (lane1 + lane2) | 0;
    this.hash1 = finish(lane1);
    this.hash2 = finish((lane2 + Math.imul(lane1, 0x27d4eb2f)) | 0);
  }
}

function finish(lane: number): number {
  let value = lane;
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return value ^ (value >>> 16);
}

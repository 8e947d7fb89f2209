/**
 * DynamicTable: the fields that both ends of an HPACK stream remember (RFC 7541 sections 2.3.2 and 4). Hot path; data plane.
 *
 * A ring, newest first: index 0 is what was added last. Sizes are counted as the RFC has them, name and value and 32.
 */

/** What every entry costs besides its octets. */
export const ENTRY_BYTES = 32;

export class DynamicTable<Entry> {
  /** Bytes of all entries. */
  bytes = 0;
  count = 0;
  #most: number;
  #ring: (Entry | undefined)[] = new Array(16);
  #sizes: number[] = new Array(16).fill(0);
  /** Where the newest one is. */
  #head = 0;

  constructor(mostBytes: number) {
    this.#most = mostBytes;
  }

  get mostBytes(): number {
    return this.#most;
  }

  /** resize forgets the oldest entries until the others fit. */
  resize(mostBytes: number): void {
    this.#most = mostBytes;
    this.#evict(mostBytes);
  }

  /** add remembers an entry of so many octets; one that does not fit at all empties the table. */
  add(entry: Entry, octets: number): boolean {
    const size = octets + ENTRY_BYTES;
    if (size > this.#most) {
      this.#evict(0);
      return false;
    }
    this.#evict(this.#most - size);
    if (this.count === this.#ring.length) this.#grow();
    this.#head = (this.#head - 1) & (this.#ring.length - 1);
    this.#ring[this.#head] = entry;
    this.#sizes[this.#head] = size;
    this.count++;
    this.bytes += size;
    return true;
  }

  /** at returns the entry of an index from 0, or undefined. */
  at(index: number): Entry | undefined {
    return index < this.count ? this.#ring[(this.#head + index) & (this.#ring.length - 1)] : undefined;
  }

  #evict(room: number): void {
    while (this.bytes > room) {
      const last = (this.#head + this.count - 1) & (this.#ring.length - 1);
      this.bytes -= this.#sizes[last]!;
      this.#ring[last] = undefined;
      this.count--;
    }
  }

  #grow(): void {
    const { length } = this.#ring;
    const ring: (Entry | undefined)[] = new Array(2 * length);
    const sizes: number[] = new Array(2 * length).fill(0);
    for (let index = 0; index < length; index++) {
      const from = (this.#head + index) & (length - 1);
      ring[index] = this.#ring[from];
      sizes[index] = this.#sizes[from]!;
    }
    this.#ring = ring;
    this.#sizes = sizes;
    this.#head = 0;
  }
}

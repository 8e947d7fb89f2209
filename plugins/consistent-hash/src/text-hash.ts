/**
 * TextHash: a 64-bit hash of a text, the same in every thread, process and release. Data threads; hot path.
 *
 * It has no seed on purpose: gateways beside each other must agree. Whoever chooses the keys can therefore choose the server
 * too; `load at most` bounds what that does.
 */

/** The two halves of the last `hashText`. One an event loop, read at once. */
export const hashed = { low: 0, high: 0 };

/** hashText hashes UTF-16 units in two multiply-xor lanes, each with MurmurHash3's finaliser. */
export function hashText(text: string): void {
  let low = 0x243f6a88;
  let high = 0x85a308d3 | 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    low = Math.imul(low ^ unit, 0x85ebca6b);
    low = (low << 13) | (low >>> 19);
    high = Math.imul(high ^ unit, 0xc2b2ae35);
    high = (high << 15) | (high >>> 17);
  }
  low = mix((low ^ text.length) + high);
  hashed.low = low;
  hashed.high = mix(high + Math.imul(low, 0x27d4eb2f));
}

/** mix stirs 32 bits (MurmurHash3's finaliser). The result is unsigned. */
export function mix(bits: number): number {
  let value = bits | 0;
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

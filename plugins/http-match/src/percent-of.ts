/**
 * PercentOf: where a key stands among all keys. Data threads; hot path.
 */

/**
 * percentOf returns a number from 0 up to, not including, 100. The same key has the same one in every thread, gateway and
 * release, and keys spread evenly: FNV-1a (Fowler, Noll, Vo) over the UTF-16 units, then MurmurHash3's finaliser.
 */
export function percentOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 42_949_672.96;
}

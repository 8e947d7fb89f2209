/**
 * RandomHex: IDs by chance, out of a pool of random bytes that each thread has. Hot path; data plane.
 */
import { randomFillSync } from 'node:crypto';
import type {} from '../transport/buffer-slices.ts';

const pool = Buffer.alloc(4096);
let next = pool.length;

/** randomHex is so many random bytes as lower-case hexadecimal digits, not all of them zero. At most 4096 bytes. */
export function randomHex(bytes: number): string {
  for (;;) {
    if (next + bytes > pool.length) {
      randomFillSync(pool);
      next = 0;
    }
    const start = next;
    next += bytes;
    for (let at = start; at < next; at++) if (pool[at] !== 0) return pool.hexSlice(start, next);
  }
}

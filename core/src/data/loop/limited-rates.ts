/**
 * LimitedRates: the rates of all threads, and who was over them lately in this event loop. Hot path; data plane.
 *
 * The table in shared memory has only hashes of keys. Somebody has to say who is limited, so those that were are remembered here: of each
 * limit the latest hundred. Whoever is within the limits costs nothing.
 */
import type { RateTable } from '../../plugin/rate-table.ts';
import type { LimitedKey } from '../../shared/orders/limited-key.ts';

/** Keys that are remembered of each limit. */
export const KEYS_KEPT = 100;
/** Limits of which keys are remembered. */
const LIMITS_KEPT = 1_000;
/** Characters of a key that are remembered. Keys that begin with the same ones count as one. */
const KEY_LENGTH = 200;

interface Entry {
  refused: number;
  firstMs: number;
  lastMs: number;
  intervalMs: number;
  burst: number;
}

export class LimitedRates implements RateTable {
  readonly #rates: RateTable;
  /** By scope, then by key, the one that was refused last at the end. */
  readonly #limits = new Map<string, Map<string, Entry>>();
  readonly #wallClock: () => number;

  constructor(rates: RateTable, wallClock: () => number = Date.now) {
    this.#rates = rates;
    this.#wallClock = wallClock;
  }

  take(scope: string, key: string, intervalMs: number, burst: number): number {
    const waitMs = this.#rates.take(scope, key, intervalMs, burst);
    if (waitMs !== 0) this.#note(scope, key, intervalMs, burst);
    return waitMs;
  }

  /** limited are the `most` keys that were refused last, of each limit, latest first. */
  limited(most: number): readonly LimitedKey[] {
    const all: LimitedKey[] = [];
    for (const [scope, keys] of this.#limits) for (const [key, entry] of keys) all.push({ scope, key, ...entry });
    return all.sort((a, b) => b.lastMs - a.lastMs).slice(0, most);
  }

  #note(scope: string, key: string, intervalMs: number, burst: number): void {
    let keys = this.#limits.get(scope);
    if (keys === undefined) {
      // Those of rules that have changed are among the oldest.
      if (this.#limits.size >= LIMITS_KEPT) this.#limits.delete(this.#limits.keys().next().value!);
      keys = new Map();
      this.#limits.set(scope, keys);
    }
    const known = key.length > KEY_LENGTH ? key.slice(0, KEY_LENGTH) : key;
    const lastMs = this.#wallClock();
    const entry = keys.get(known);
    if (entry !== undefined) {
      keys.delete(known);
      keys.set(known, entry);
      entry.refused++;
      entry.lastMs = lastMs;
      entry.intervalMs = intervalMs;
      entry.burst = burst;
      return;
    }
    if (keys.size >= KEYS_KEPT) keys.delete(keys.keys().next().value!);
    // A copy: the key may be a part of a long head, which would be kept alive.
    keys.set(Buffer.from(known, 'utf16le').toString('utf16le'), {
      refused: 1,
      firstMs: lastMs,
      lastMs,
      intervalMs,
      burst,
    });
  }
}

/**
 * FailedLogins counts wrong tokens by the address that they came from, and says which addresses have to wait. Main thread.
 *
 * An address has 20 a minute; with the last of them it has to wait until that minute is over, right tokens or not: otherwise guessing would
 * go on. Whoever reaches the API over a Unix socket has the file's permissions already, and never waits.
 */
import { monotonicMs } from '../shared/clock/clock.ts';

const WINDOW_MS = 60_000;
const MOST_FAILED = 20;
/** The oldest are forgotten beyond it. */
const MOST_ADDRESSES = 4096;

interface Failures {
  readonly sinceMs: number;
  count: number;
}

export class FailedLogins {
  readonly #now: () => number;
  readonly #byAddress = new Map<string, Failures>();

  constructor(now: () => number = monotonicMs) {
    this.#now = now;
  }

  /** waitMs is how long an address has to wait yet; 0: not at all. */
  waitMs(peer: string | null): number {
    const failures = peer === null ? undefined : this.#byAddress.get(peer);
    if (failures === undefined || failures.count < MOST_FAILED) return 0;
    return Math.max(0, failures.sinceMs + WINDOW_MS - this.#now());
  }

  add(peer: string | null): void {
    if (peer === null) return;
    const now = this.#now();
    const failures = this.#byAddress.get(peer);
    if (failures !== undefined && now - failures.sinceMs < WINDOW_MS) {
      failures.count++;
      return;
    }
    this.#byAddress.delete(peer);
    this.#byAddress.set(peer, { sinceMs: now, count: 1 });
    if (this.#byAddress.size > MOST_ADDRESSES) this.#byAddress.delete(this.#byAddress.keys().next().value!);
  }
}

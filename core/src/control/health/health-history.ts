/**
 * HealthHistory: what the probes of one server said, newest first. Main thread; no clock.
 *
 * Probes in a row with the same result are one entry with a count, so that a server that is well for weeks needs no more room
 * than one that was probed once, and what it said before stays to be seen.
 */
import type { ProbeResult, ProbeStatus } from '../../plugin/health-check.ts';

/** HealthEntry is a row of probes with the same result. */
export interface HealthEntry {
  readonly status: ProbeStatus;
  readonly reason: string;
  /** Probes in the row. */
  readonly count: number;
  /** How long ago the first and the last of them ended. */
  readonly firstAgoMs: number;
  readonly lastAgoMs: number;
  /** How long the last one took. */
  readonly tookMs: number;
}

interface Row {
  readonly status: ProbeStatus;
  readonly reason: string;
  readonly firstMs: number;
  lastMs: number;
  count: number;
  tookMs: number;
}

/** Most rows kept of one server. */
const MOST_ENTRIES = 16;

export class HealthHistory {
  readonly #rows: Row[] = [];

  note({ status, reason }: ProbeResult, nowMs: number, tookMs: number): void {
    const last = this.#rows.at(-1);
    if (last !== undefined && last.status === status && last.reason === reason) {
      last.count++;
      last.lastMs = nowMs;
      last.tookMs = tookMs;
      return;
    }
    this.#rows.push({ status, reason, firstMs: nowMs, lastMs: nowMs, count: 1, tookMs });
    if (this.#rows.length > MOST_ENTRIES) this.#rows.shift();
  }

  /** copy is a history that goes on from here on its own. */
  copy(): HealthHistory {
    const copy = new HealthHistory();
    copy.#rows.push(...this.#rows.map((row) => ({ ...row })));
    return copy;
  }

  /** resume goes on from the entries of a history that was looked at `agoMs` before. */
  resume(entries: readonly HealthEntry[], nowMs: number, agoMs: number): void {
    this.#rows.splice(0);
    for (const { status, reason, count, firstAgoMs, lastAgoMs, tookMs } of entries.slice(0, MOST_ENTRIES).reverse()) {
      const [firstMs, lastMs] = [nowMs - agoMs - firstAgoMs, nowMs - agoMs - lastAgoMs];
      this.#rows.push({ status, reason, count, firstMs, lastMs, tookMs });
    }
  }

  /** reason is what the last probe said; empty before the first. */
  get reason(): string {
    return this.#rows.at(-1)?.reason ?? '';
  }

  entries(nowMs: number): readonly HealthEntry[] {
    return this.#rows
      .map(({ status, reason, count, firstMs, lastMs, tookMs }) => {
        return { status, reason, count, firstAgoMs: nowMs - firstMs, lastAgoMs: nowMs - lastMs, tookMs };
      })
      .reverse();
  }
}

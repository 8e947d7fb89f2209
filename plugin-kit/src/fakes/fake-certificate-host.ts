/**
 * FakeCertificateHost: the gateway's side of a certificate source, without a gateway.
 */
import type { CertificateEvent, CertificateHost } from '@sluice/core/plugin';
import { FakeLog } from './fake-log.ts';

type Told = Omit<CertificateEvent, 'source'>;

/** FakeCertificateHost keeps what a source logs, posts and reports. Its clock is the real one, ahead by as much as a test says. */
export class FakeCertificateHost implements CertificateHost {
  readonly log = new FakeLog();
  /** The notices that are up, by key. */
  readonly posted = new Map<string, string>();
  /** Every key that was ever posted. */
  readonly everPosted: string[] = [];
  /** How far the clock is ahead of the real one, in milliseconds. */
  aheadMs = 0;
  /** How often the source had new files served. */
  changes = 0;
  readonly #told: Told[] = [];
  #waiting: (() => void) | null = null;
  readonly #timers = new Map<number, { readonly atMs: number; readonly callback: () => void }>();
  #last = 0;

  readonly notices = {
    post: (key: string, text: string): boolean => {
      this.posted.set(key, text);
      this.everPosted.push(key);
      return true;
    },
    remove: (key: string): void => void this.posted.delete(key),
  };

  /** Timers of more than 1 ms fire when `ahead` moves the clock; shorter ones in the next turn. */
  readonly timers = {
    now: (): number => Date.now() + this.aheadMs,
    set: (callback: () => void, delayMs: number): number => {
      const id = ++this.#last;
      if (delayMs <= 1) setImmediate(callback);
      else this.#timers.set(id, { atMs: this.timers.now() + delayMs, callback });
      return id;
    },
    clear: (id: unknown): void => void this.#timers.delete(id as number),
  };

  /** Always 0.5. */
  random(): number {
    return 0.5;
  }

  /** Always the text `secret` in base64. */
  secret(): string {
    return 'c2VjcmV0';
  }

  async changed(): Promise<void> {
    this.changes++;
  }

  report(event: Told): void {
    this.#told.push(event);
    this.#waiting?.();
  }

  /** next resolves to the oldest event that no call of `next` has returned yet. */
  async next(): Promise<Told> {
    while (this.#told.length === 0) await new Promise<void>((resolve) => (this.#waiting = resolve));
    return this.#told.shift()!;
  }

  /** The source waits for the clock. */
  get isIdle(): boolean {
    return this.#timers.size > 0;
  }

  /** ahead moves the clock and calls what is due. */
  ahead(ms: number): void {
    this.aheadMs += ms;
    for (const [id, { atMs, callback }] of [...this.#timers]) {
      if (atMs > this.timers.now() || !this.#timers.delete(id)) continue;
      callback();
    }
  }
}

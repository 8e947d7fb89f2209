/**
 * The gateway's side of a source of certificates, without a gateway. Test code.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CertificateEvent, CertificateHost } from '@sluice/core/plugin';
import type { Args } from '@sluice/dsl/plan';
import { certificateFile, sourceOptions } from '../src/acme-options.ts';
import { AcmeSource } from '../src/acme-source.ts';
import type { FakeAuthority } from './fake-authority.ts';

type Told = Omit<CertificateEvent, 'source'>;

export class FakeHost implements CertificateHost {
  readonly lines: string[] = [];
  readonly posted = new Map<string, string>();
  /** Every key that was ever posted. */
  readonly everPosted: string[] = [];
  aheadMs = 0;
  changes = 0;
  readonly #told: Told[] = [];
  #waiting: (() => void) | null = null;
  readonly #timers = new Map<number, { readonly atMs: number; readonly callback: () => void }>();
  #last = 0;

  readonly log = {
    debug: () => {},
    info: (line: string) => void this.lines.push(line),
    warn: (line: string) => void this.lines.push(line),
    error: (line: string) => void this.lines.push(line),
  };

  readonly notices = {
    post: (key: string, text: string): boolean => {
      this.posted.set(key, text);
      this.everPosted.push(key);
      return true;
    },
    remove: (key: string): void => void this.posted.delete(key),
  };

  /** Timers fire when the clock is moved, and not by themselves. */
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

  random(): number {
    return 0.5;
  }

  secret(): string {
    return 'c2VjcmV0';
  }

  async changed(): Promise<void> {
    this.changes++;
  }

  told(event: Told): void {
    this.#told.push(event);
    this.#waiting?.();
  }

  async next(): Promise<Told> {
    while (this.#told.length === 0) await new Promise<void>((resolve) => (this.#waiting = resolve));
    return this.#told.shift()!;
  }

  /** Something waits for the clock. */
  get isIdle(): boolean {
    return this.#timers.size > 0;
  }

  ahead(ms: number): void {
    this.aheadMs += ms;
    for (const [id, { atMs, callback }] of [...this.#timers]) {
      if (atMs > this.timers.now() || !this.#timers.delete(id)) continue;
      callback();
    }
  }
}

/** openSource begins to keep a certificate for these names. */
export function openSource(authority: FakeAuthority, host: FakeHost, names: readonly string[], more: Args = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-acme-'));
  const options: Args = { directory: authority.directory, ca: authority.ca, folder, by: 'http', ...more };
  const own = sourceOptions(options);
  process.getBuiltinModule('node:fs').mkdirSync(own.folder, { recursive: true });
  const file = certificateFile(own, names, false);
  const source = new AcmeSource(host);
  const keep = (): void =>
    source.keep({
      source: options,
      lines: [{ listener: 'edge', options: { names: [...names], file } }],
      listeners: [],
    });
  keep();
  return { source, file, folder, keep };
}

/**
 * FileCertificates: the certificates of a plan that somebody else renews: when they end, and whether the files that were put in
 * their place are taken. Main thread.
 */
import type { Place } from '@sluice/dsl/plan';
import type { CertificateEvent } from '../../plugin/certificate-source.ts';
import type { PluginSet } from '../plugins/plugin-host.ts';
import type { GatewayError } from '../report/errors.ts';
import type { SourcedCertificate } from './certificate-sources.ts';

type Shown = Pick<PluginSet, 'plan' | 'component'>;

/** The admin API among the listeners that have a certificate: none of these can be called so. */
const ADMIN = 'admin API';

/** What became of the new files of one certificate. */
interface Attempts {
  failures: number;
  failed: number;
  lastError: string | null;
}

export class FileCertificates {
  /** By file. */
  readonly #attempts = new Map<string, Attempts>();
  readonly #sourced: () => ReadonlySet<string>;

  /** `sourced` are the files that certificate sources keep, and report themselves. */
  constructor(sourced: () => ReadonlySet<string>) {
    this.#sourced = sourced;
  }

  /** states are told once for each file, with all listeners that have it. */
  states({ plan, component }: Shown, nowMs: number): readonly SourcedCertificate[] {
    const found = new Map<string, SourcedCertificate>();
    const sourced = this.#sourced();
    const { adminTls = null } = plan.settings;
    for (const { name, tls } of [...plan.listeners, { name: ADMIN, tls: adminTls }]) {
      if (tls === null) continue;
      for (const { names, file, expiresMs } of component('tls', tls.name)?.shown?.(tls.options) ?? []) {
        if (sourced.has(file)) continue;
        const listeners = [...(found.get(file)?.listeners ?? []), name];
        found.set(file, {
          source: 'file',
          names,
          listeners,
          file,
          state: expiresMs > nowMs ? 'valid' : 'expired',
          expiresMs,
          nextMs: null,
          obtained: 0,
          ...(this.#attempts.get(file) ?? { failures: 0, failed: 0, lastError: null }),
        });
      }
    }
    return [...found.values()];
  }

  /**
   * refused notes that files were not taken, and returns what to tell of the certificates that are served on instead: those that the
   * error names, or else all of the line that it is about.
   */
  refused(set: Shown, { diagnostics }: GatewayError, nowMs: number): readonly CertificateEvent[] {
    const states = this.states(set, nowMs);
    const events: CertificateEvent[] = [];
    for (const { place, message } of diagnostics) {
      const named = states.filter(({ file }) => message.includes(`\`${file}\``));
      const { adminTls = null } = set.plan.settings;
      const all = [...set.plan.listeners, { name: ADMIN, tls: adminTls }];
      const lines = all.filter(({ tls }) => tls !== null && isSame(tls.place, place));
      const own = states.filter(({ listeners }) => lines.some(({ name }) => listeners.includes(name)));
      for (const { file, names, expiresMs } of named.length === 0 ? own : named) {
        const { failures, failed } = this.#attempts.get(file) ?? { failures: 0, failed: 0 };
        this.#attempts.set(file, { failures: failures + 1, failed: failed + 1, lastError: message });
        events.push({ source: 'file', names, isOk: false, reason: message, expiresMs, nextMs: null });
      }
    }
    return events;
  }

  /** taken notes that a set with all its files is active, and returns what to tell of certificates that are other ones than before. */
  taken(set: Shown, before: Shown, nowMs: number): readonly CertificateEvent[] {
    const old = new Map(this.states(before, nowMs).map((state) => [state.file, state]));
    const events: CertificateEvent[] = [];
    for (const { file, names, expiresMs } of this.states(set, nowMs)) {
      const known = old.get(file);
      if (known === undefined || (known.failures === 0 && known.expiresMs === expiresMs)) continue;
      const attempts = this.#attempts.get(file);
      if (attempts !== undefined) Object.assign(attempts, { failures: 0, lastError: null });
      events.push({ source: 'file', names, isOk: true, reason: 'it is served', expiresMs, nextMs: null });
    }
    return events;
  }
}

function isSame(one: Place, other: Place): boolean {
  return one.file === other.file && one.line === other.line && one.column === other.column;
}

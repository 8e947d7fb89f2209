/**
 * FileCertificates: the certificates of a plan that somebody else renews, and when they end. Main thread.
 */
import type { SourcedCertificate } from './certificate-sources.ts';
import type { PluginSet } from './plugin-host.ts';

/** fileCertificates are told once each, with all listeners that have them. */
export function fileCertificates({ plan, component }: PluginSet, nowMs: number): readonly SourcedCertificate[] {
  const found = new Map<string, SourcedCertificate>();
  for (const { name, tls } of plan.listeners) {
    if (tls === null) continue;
    for (const { names, file, expiresMs } of component('tls', tls.name)?.shown?.(tls.options) ?? []) {
      const listeners = [...(found.get(file)?.listeners ?? []), name];
      found.set(file, {
        source: 'file',
        names,
        listeners,
        file,
        state: expiresMs > nowMs ? 'valid' : 'expired',
        expiresMs,
        nextMs: null,
        failures: 0,
        lastError: null,
        obtained: 0,
        failed: 0,
      });
    }
  }
  return [...found.values()];
}

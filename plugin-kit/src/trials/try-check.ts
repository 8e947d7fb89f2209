/**
 * TryCheck: what a health check says about a server.
 */
import type { PluginManifest, ProbeResult, ProbeTarget } from '@sluice/core/plugin';
import type { Address, Args } from '@sluice/dsl/plan';
import { componentOf } from './checked-data-entry.ts';

/** CheckOptions are those of the probe. */
export interface CheckOptions {
  /** The arguments of the `check` line. Default: none. */
  readonly options?: Args;
  /** The check's timeout in milliseconds, after which the signal aborts. Default 5 s. */
  readonly timeoutMs?: number;
  /** Aborts the probe, in place of the timeout. */
  readonly signal?: AbortSignal;
  /** More about the target, such as `secure`. Default: nothing. */
  readonly target?: Partial<Omit<ProbeTarget, 'address'>>;
}

/** tryCheck makes one probe of a plugin's check. `address` is a port of 127.0.0.1, or another address. */
export function tryCheck(
  manifest: PluginManifest,
  name: string,
  address: number | Address,
  { options = {}, timeoutMs = 5000, signal, target = {} }: CheckOptions = {},
): Promise<ProbeResult> {
  const { check } = componentOf(manifest, 'check', name);
  if (check === undefined) throw new TypeError(`component \`${name}\` of plugin \`${manifest.name}\` has no \`check\``);
  const at = typeof address === 'number' ? { host: '127.0.0.1', port: address } : address;
  const whole: ProbeTarget = { backend: 'app', server: 'one', ...target, address: at };
  return check.probe(whole, options, signal ?? AbortSignal.timeout(timeoutMs));
}

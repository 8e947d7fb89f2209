/**
 * TryDiscovery: which servers a discovery finds, query after query.
 */
import type { Discovery, Finding, PluginManifest } from '@sluice/core/plugin';
import type { Args } from '@sluice/dsl/plan';
import { componentOf } from './checked-data-entry.ts';

/** DiscoveryTrial hands each query what the one before remembered. */
export class DiscoveryTrial {
  readonly discovery: Discovery;
  readonly #options: Args;
  #memory: unknown;

  constructor(discovery: Discovery, options: Args) {
    this.discovery = discovery;
    this.#options = options;
  }

  /** find makes the next query; `signal` stands in for the gateway's, which aborts at the discovery's limit. */
  async find(signal: AbortSignal = AbortSignal.timeout(this.discovery.limitMs ?? 10_000)): Promise<Finding> {
    const finding = await this.discovery.find({ options: this.#options, memory: this.#memory, signal });
    if ('memory' in finding) this.#memory = finding.memory;
    return finding;
  }
}

/** tryDiscovery takes a discovery of a plugin with the arguments of the `servers from` line. */
export function tryDiscovery(manifest: PluginManifest, name: string, options: Args = {}): DiscoveryTrial {
  const { discovery } = componentOf(manifest, 'discovery', name);
  if (discovery === undefined) {
    throw new TypeError(`component \`${name}\` of plugin \`${manifest.name}\` has no \`discovery\``);
  }
  return new DiscoveryTrial(discovery, options);
}

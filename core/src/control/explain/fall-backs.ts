/**
 * ExplainFallBacks: which backend a request goes to in the end, and why not to those before it. Main thread.
 */
import type { RequestFacts } from '@sluice/dsl/match';
import type { BackendPlan, Plan } from '@sluice/dsl/plan';
import type { DataEntry } from '../../plugin/data-entry.ts';
import { healthyServers } from '../health/fall-back-watch.ts';
import { explainServers, type LiveServers, type ServerExplanation } from './servers.ts';

/** FallBackExplanation is one step from a backend with too few servers to the next. */
export interface FallBackExplanation {
  readonly from: string;
  readonly to: string;
  /** Servers that take new clients, and how many would be enough. */
  readonly healthy: number;
  readonly below: number;
  /** Those of the backend that was left. */
  readonly servers: readonly ServerExplanation[];
}

/** explainFallBacks follows `fall back to` as the data plane does, from the backend that a rule chose. */
export function explainFallBacks(
  plan: Plan,
  chosen: BackendPlan,
  live: LiveServers | null,
  facts: RequestFacts,
  entries: readonly DataEntry[],
): { readonly steps: readonly FallBackExplanation[]; readonly backend: BackendPlan } {
  const steps: FallBackExplanation[] = [];
  let backend = chosen;
  while (live !== null && backend.fallBack !== null && steps.length < plan.backends.length) {
    const { to, below } = backend.fallBack;
    const healthy = healthyServers(backend, live.current, live.servers);
    const circuit = live.circuit(live.current.slots.backends[backend.name]!) ?? 'closed';
    if (healthy >= below && circuit === 'closed') break;
    const servers = explainServers(backend, live, facts, entries);
    steps.push({ from: backend.name, to, healthy, below, servers });
    backend = plan.backends.find(({ name }) => name === to)!;
  }
  return { steps, backend };
}

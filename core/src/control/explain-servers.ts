/**
 * ExplainServers: which servers of a backend could take a new request now, and why not. Main thread.
 *
 * The rules are the data plane's own: running or starting, ready, weight above 0, below its max; backups only when no
 * other server is up.
 */
import type { Address, BackendPlan, Plan } from '@sluice/dsl/plan';
import type { CircuitState } from '../shared/circuit-table.ts';
import {
  ADMIN_STATES,
  type AdminState,
  RUNNING,
  SERVER_STATES,
  type ServerState,
  type ServerTable,
} from '../shared/server-table.ts';
import { healthyServers } from './fall-back-watch.ts';
import type { Generation } from './generations.ts';

export interface ServerExplanation {
  readonly name: string;
  readonly address: Address;
  /** What found it, as the rules say it; null: it is written in the rules. */
  readonly source: string | null;
  readonly isUsable: boolean;
  /** For people: `running`, `stopped by its health check`, `full: 200 of 200 requests`. */
  readonly why: string;
  readonly state: ServerState;
  readonly admin: AdminState;
  readonly weight: number;
  readonly open: number;
  readonly max: number;
  readonly isBackup: boolean;
}

/** LiveServers is what a running gateway knows of its servers. */
export interface LiveServers {
  readonly servers: ServerTable;
  readonly current: Generation;
  /** Why `backend/server` is stopped in spite of its check; null: it is not. */
  held(name: string): string | null;
  /** The state of a backend's circuit; null: it has none. */
  circuit(slot: number): CircuitState | null;
}

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
): { readonly steps: readonly FallBackExplanation[]; readonly backend: BackendPlan } {
  const steps: FallBackExplanation[] = [];
  let backend = chosen;
  while (live !== null && backend.fallBack !== null && steps.length < plan.backends.length) {
    const { to, below } = backend.fallBack;
    const healthy = healthyServers(backend, live.current, live.servers);
    const isOpen = live.circuit(live.current.slots.backends[backend.name]!) === 'open';
    if (healthy >= below && !isOpen) break;
    steps.push({ from: backend.name, to, healthy, below, servers: explainServers(backend, live) });
    backend = plan.backends.find(({ name }) => name === to)!;
  }
  return { steps, backend };
}

/** explainServers looks at every server; without a running gateway all are taken to be up. */
export function explainServers(backend: BackendPlan, live: LiveServers | null): readonly ServerExplanation[] {
  const circuit = live?.circuit(live.current.slots.backends[backend.name]!) ?? 'closed';
  const servers = backend.servers.map((server) => {
    const slot = live?.current.slots.servers[`${backend.name}/${server.name}`];
    const table = live?.servers;
    const isKnown = table !== undefined && slot !== undefined;
    return {
      name: server.name,
      address: server.address,
      source: server.source ?? null,
      state: SERVER_STATES[isKnown ? table.state(slot) : RUNNING]!,
      admin: ADMIN_STATES[isKnown ? table.admin(slot) : 0]!,
      weight: isKnown ? table.weight(slot) : server.weight,
      open: isKnown ? table.open(slot) : 0,
      max: server.max,
      isBackup: server.isBackup,
    };
  });
  const isUp = ({ state, admin, weight }: (typeof servers)[number]): boolean =>
    (state === 'running' || state === 'starting') && admin === 'ready' && weight > 0;
  const hasPrimary = servers.some((server) => isUp(server) && !server.isBackup);
  return servers.map((server) => {
    const held = live?.held(`${backend.name}/${server.name}`) ?? null;
    const problem = circuit === 'closed' ? (held ?? problemOf(server, hasPrimary)) : CIRCUIT_PROBLEMS[circuit];
    return { ...server, isUsable: problem === null, why: problem ?? server.state };
  });
}

const CIRCUIT_PROBLEMS: Readonly<Record<Exclude<CircuitState, 'closed'>, string>> = {
  open: 'the circuit of its backend is open: requests are answered 503, and one is tried when its time is over',
  'half-open': 'the circuit of its backend is half-open: one request is on trial, the others are answered 503',
};

type Seen = Omit<ServerExplanation, 'isUsable' | 'why'>;

function problemOf({ state, admin, weight, open, max, isBackup }: Seen, hasPrimary: boolean): string | null {
  if (admin === 'maint') return 'in maintenance';
  if (admin === 'drain') return 'draining: only its sticky clients go there';
  if (state === 'stopped') return 'stopped by its health check';
  if (state === 'stopping') return 'stopping: its health check wants no new clients';
  if (weight === 0) return 'weight 0: takes no new requests';
  if (max > 0 && open >= max) return `full: ${open} of ${max} requests`;
  if (isBackup && hasPrimary) return 'backup: another server is up';
  return null;
}

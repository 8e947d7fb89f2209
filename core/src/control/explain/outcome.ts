/**
 * ExplainOutcome: whether a request that a rule sends to a backend gets to a server of a running gateway now, waits in line, or is
 * answered 503. Main thread.
 *
 * The steps are those of the data plane's choice of a server: the circuit, the backend's max, the client's own server, the strategy,
 * the line.
 */
import type { BackendPlan } from '@sluice/dsl/plan';
import type { LiveServers, ServerExplanation } from './servers.ts';
import type { StickyExplanation } from './sticky.ts';

/** LineExplanation: the request waits for a server with room. */
export interface LineExplanation {
  /** The server that it waits for; null: any. */
  readonly server: string | null;
  /** Requests that wait for the backend's servers already. */
  readonly waiting: number;
  readonly most: number;
  /** After so long it is answered 503. */
  readonly mostMs: number;
}

export type Outcome =
  | { readonly kind: 'server' }
  | { readonly kind: 'waits'; readonly line: LineExplanation }
  /** It is answered 503. */
  | { readonly kind: 'nobody'; readonly reason: string };

/** explainOutcome looks at a backend as it is now. */
export function explainOutcome(
  backend: BackendPlan,
  servers: readonly ServerExplanation[],
  sticky: StickyExplanation | null,
  live: LiveServers,
): Outcome {
  if (backend.serve !== null) return { kind: 'server' };
  const slot = live.current.slots.backends[backend.name]!;
  const circuit = live.circuit(slot) ?? 'closed';
  if (circuit !== 'closed') return { kind: 'nobody', reason: `the circuit of backend ${backend.name} is ${circuit}` };
  const open = live.backends.open(slot);
  if (backend.max > 0 && open >= backend.max) {
    return inLine(backend, slot, null, `backend ${backend.name} is full`, live);
  }
  if (sticky?.outcome === 'stays') return { kind: 'server' };
  if (sticky?.outcome === 'waits') return inLine(backend, slot, sticky.server, `${sticky.server} is full`, live);
  if (servers.some(({ isUsable }) => isUsable)) return { kind: 'server' };
  if (servers.some(isJustFull)) {
    return inLine(backend, slot, null, `every server of backend ${backend.name} is full`, live);
  }
  const reason =
    servers.length === 0
      ? `backend ${backend.name} has no servers`
      : `no server of backend ${backend.name} takes new requests`;
  return { kind: 'nobody', reason };
}

/** isJustFull: the server would take the request if others left it. */
function isJustFull({ state, admin, weight, open, max }: ServerExplanation): boolean {
  return (state === 'running' || state === 'starting') && admin === 'ready' && weight > 0 && max > 0 && open >= max;
}

function inLine(
  { queue, timeouts }: BackendPlan,
  slot: number,
  server: string | null,
  full: string,
  live: LiveServers,
): Outcome {
  const waiting = live.backends.waiting(slot);
  if (waiting >= queue) {
    const line = queue === 0 ? 'there is no queue' : `and its queue is full: ${waiting} of ${queue} waiting`;
    return { kind: 'nobody', reason: `${full}, and ${line}` };
  }
  return { kind: 'waits', line: { server, waiting, most: queue, mostMs: timeouts.queueMs } };
}

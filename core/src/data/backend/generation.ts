/**
 * Generation: one plan as one event loop runs it: matchers compiled, names resolved, functions bound. Data plane.
 *
 * Requests hold on to the generation they started on; when the last one has ended after a switch, it is retired.
 */

import type { HeaderNames, IpSet, RequestFacts, RuleMatcher, Steps } from '@sluice/dsl/match';
import type { BackendPlan, ListenerPlan, PathPolicy, Rule, SendProxyPlan } from '@sluice/dsl/plan';
import type { Action, Answer, CertificateProofs, Stickiness, TlsMode } from '../../plugin/data-entry.ts';
import type { Service } from '../../plugin/service.ts';
import type { MemberChange } from '../../shared/orders/orders.ts';
import type { RequestLog } from '../access-log/request-log.ts';
import type { BackendSticks } from '../loop/backend-sticks.ts';
import type { HeldGeneration } from '../loop/loop.ts';
import type { HeadLimits } from '../message/request-head.ts';
import type { Tracer } from '../trace/tracer.ts';
import type { BackendOutcomes } from './backend-outcomes.ts';
import type { Endpoint, Endpoints } from './endpoint.ts';
import type { LinkedBalancer } from './linked-balancer.ts';
import type { LiveServerPool } from './live-server-pool.ts';
import type { RetryBudget } from './retry-budget.ts';
import type { LinkedServerTls } from './server-tls.ts';
import type { WaitingLine } from './waiting-line.ts';

/** LinkedRule is a rule with what it does once its condition matched. */
export interface LinkedRule {
  readonly rule: Rule;
  readonly action: Action;
  /** Where its hits are counted (`RuleHits`). */
  readonly hits: number;
}

export interface LinkedListener {
  readonly name: string;
  readonly slot: number;
  readonly plan: ListenerPlan;
  readonly generation: Generation;
  readonly guards: RuleMatcher;
  readonly guardRules: readonly LinkedRule[];
  readonly changes: RuleMatcher;
  readonly changeRules: readonly LinkedRule[];
  readonly routes: RuleMatcher;
  readonly routeRules: readonly LinkedRule[];
  /** What `on response` changes of answers; null: nothing. */
  readonly responses: RuleMatcher | null;
  readonly responseRules: readonly LinkedRule[];
  /** Pages of the listener's own by status; null: none. */
  readonly errorPages: ReadonlyMap<number, (request: RequestFacts) => Answer> | null;
  /** Peers whose forwarding fields are believed; null: nobody's. */
  readonly trusted: IpSet | null;
  /** The header that names the client, in lower case, if that is neither X-Forwarded-For nor Forwarded: it is made from what was understood. */
  readonly clientHeader: string | null;
  /** Header fields that say what the gateway alone knows: those of clients are dropped. null: none. */
  readonly ownHeaders: readonly string[] | null;
  /** Header fields that rules read or write: other spellings of them are dropped. null: none. */
  readonly judgedNames: HeaderNames | null;
  /** Servers get Client-Cert. */
  readonly forwardsCertificate: boolean;
  readonly headLimits: HeadLimits;
  readonly paths: PathPolicy;
  readonly tls: TlsMode | null;
  /** What is written of requests that have ended; null: nothing. */
  readonly log: RequestLog | null;
  /** What authorities are answered before any rule; null: nothing, or the listener speaks no http. */
  readonly proofs: readonly CertificateProofs[] | null;
  /** Peers whose connections begin with a PROXY header; null: nobody's do. */
  readonly proxies: IpSet | null;
  /** The client's hello is read before anything else. */
  readonly readsHello: boolean;
  /**
   * What serves the connections that `tls passthrough` lines take: the listener with these lines for routes, and no other rules.
   * null: there are none.
   */
  readonly passthrough: LinkedListener | null;
  /** Not every name's TLS is opened here, so not every host is served on every connection. */
  readonly isSelective: boolean;
}

export interface LinkedBackend {
  readonly name: string;
  readonly slot: number;
  readonly plan: BackendPlan;
  readonly pool: LiveServerPool;
  /** How TLS is spoken to its servers; null: it is not. */
  readonly tls: LinkedServerTls | null;
  readonly line: WaitingLine;
  readonly balancer: LinkedBalancer;
  readonly stickiness: Stickiness | null;
  /** Not null where stickiness is not. */
  readonly sticks: BackendSticks | null;
  /** What answers say of the servers; null: nobody asks. */
  readonly outcomes: BackendOutcomes | null;
  /** Answers in place of servers; null: servers do. */
  readonly service: Service | null;
  /** Where requests go while fewer servers than `plan.fallBack.below` take new clients; null: nowhere. Set once, at linking. */
  fallBack: LinkedBackend | null;
  /** What connections to its servers begin with; null: nothing. */
  readonly sendProxy: SendProxyPlan | null;
  /** The backend of the same name in the next generation, once that is current, if it differs. */
  successor: LinkedBackend | null;
  /** The next generation has no backend of this name. */
  isGone: boolean;
  readonly retriesStatus: ReadonlySet<number>;
  readonly retriesConnectFailure: boolean;
  readonly retryBudget: RetryBudget;
  /** The code of its components' plugins. */
  readonly code: string;
  /** The plugin that a word is of, by `wordKey`; undefined: not known. */
  owner(word: string): string | undefined;
}

/** Relinked is a backend with other servers, and how those that it is reached by differ. */
export interface Relinked {
  readonly backend: LinkedBackend;
  readonly come: readonly Endpoint[];
  readonly gone: readonly Endpoint[];
}

export interface Generation extends HeldGeneration {
  readonly number: number;
  readonly listeners: ReadonlyMap<string, LinkedListener>;
  readonly backends: readonly LinkedBackend[];
  /** Most open connections of all listeners together; 0: no limit. */
  readonly mostConnections: number;
  /** null: requests are not traced. */
  readonly tracer: Tracer | null;
  /** A backend of this generation with other servers. Stickiness and connections to those that stay are kept. */
  relink(backend: LinkedBackend, change: MemberChange, endpoints: Endpoints): Steps<Relinked>;
  /** The plugin that a word is of, by `wordKey`; undefined: not known. */
  owner(word: string): string | undefined;
  /** The standard answer of a status. */
  errorAnswer(status: number): Answer;
}

/**
 * withMembers is a generation that differs in the servers of some backends; all else is shared. In steps, as the event loop has requests
 * to serve meanwhile.
 */
export function* withMembers(
  base: Generation,
  number: number,
  changes: readonly MemberChange[],
  endpoints: Endpoints,
): Steps<{ readonly generation: Generation; readonly relinked: readonly Relinked[] }> {
  const changed = new Map(changes.map((change) => [change.backend, change]));
  const listeners = new Map<string, LinkedListener>();
  const relinked: Relinked[] = [];
  const backends: LinkedBackend[] = [];
  for (const backend of base.backends) {
    const change = changed.get(backend.name);
    if (change !== undefined) {
      const made = yield* base.relink(backend, change, endpoints);
      relinked.push(made);
      backends.push(made.backend);
    } else {
      backends.push(backend.fallBack === null ? backend : { ...backend, successor: null, isGone: false });
    }
  }
  // What falls back does so to the backend of this generation.
  for (const [index, { fallBack }] of base.backends.entries()) {
    if (fallBack !== null) backends[index]!.fallBack = backends[base.backends.indexOf(fallBack)]!;
  }
  const generation: Generation = { ...base, number, listeners, backends, holds: 0, isCurrent: false };
  for (const [name, listener] of base.listeners) {
    const passthrough = listener.passthrough === null ? null : { ...listener.passthrough, generation };
    listeners.set(name, { ...listener, generation, passthrough });
  }
  return { generation, relinked };
}

/** succeed tells the backends of a generation what has come in their place. */
export function succeed(next: Generation, previous: Generation): void {
  const now = new Map(next.backends.map((backend) => [backend.name, backend]));
  for (const backend of previous.backends) {
    const successor = now.get(backend.name);
    if (successor === undefined) backend.isGone = true;
    else if (successor !== backend) backend.successor = successor;
  }
}

/**
 * newest is the backend that a request for this one goes to when it is tried now: the one of the current generation if they differ in
 * nothing but their servers, or else the same.
 */
export function newest(backend: LinkedBackend): LinkedBackend {
  if (backend.successor === null) return backend;
  let next = backend.successor;
  while (next.successor !== null) next = next.successor;
  if (next.isGone || backend.service !== null || next.code !== backend.code) return backend;
  return sayingOf(next.plan) === sayingOf(backend.plan) ? next : backend;
}

const sayings = new WeakMap<BackendPlan, string>();

/** sayingOf is all that a plan says besides who its servers are. */
function sayingOf(plan: BackendPlan): string {
  let saying = sayings.get(plan);
  if (saying === undefined) {
    saying = JSON.stringify({ ...plan, servers: [] }, (key, value) => (key === 'place' ? undefined : value));
    sayings.set(plan, saying);
  }
  return saying;
}

/**
 * Link: from a plan and the plugins' data entries to a Generation that runs. Data plane; not on the hot path itself.
 *
 * What plugins offer is made by linked-plugins.ts.
 */
import {
  compileRulesInSteps,
  compileTemplate,
  HeaderNames,
  linkMaps,
  type RequestFacts,
  type Steps,
} from '@sluice/dsl/match';
import { accessLogsOf, type BackendPlan, DEFAULT_PATHS, type ListenerPlan, type Rule } from '@sluice/dsl/plan';
import type { Answer, DataEntry, Linker } from '../../plugin/data-entry.ts';
import { trustedPeers } from '../../shared/judgement/client-ip.ts';
import { compilePage, errorPageOf } from '../../shared/judgement/error-pages.ts';
import { ruleScopes } from '../../shared/judgement/rule-scopes.ts';
import { membersAfter } from '../../shared/orders/member-change.ts';
import type { MemberChange, PrepareOrder } from '../../shared/orders/orders.ts';
import { UNCOUNTED_RULE } from '../../shared/tables/rule-hits.ts';
import { SharedStickTable } from '../../shared/tables/shared-stick-table.ts';
import { RequestLog } from '../access-log/request-log.ts';
import { BackendOutcomes } from '../backend/backend-outcomes.ts';
import type { Endpoint, Endpoints } from '../backend/endpoint.ts';
import type { Generation, LinkedBackend, LinkedListener, LinkedRule, Relinked } from '../backend/generation.ts';
import { LiveServerPool } from '../backend/live-server-pool.ts';
import { RetryBudget } from '../backend/retry-budget.ts';
import { WaitingLine } from '../backend/waiting-line.ts';
import { isSelective } from '../exchange/misdirected.ts';
import { BackendSticks } from '../loop/backend-sticks.ts';
import type { Loop } from '../loop/loop.ts';
import { isUntouchable } from '../message/field-edits.ts';
import { headLimitsOf } from '../message/request-head.ts';
import type { LinkedExporter } from '../trace/linked-exporter.ts';
import { Tracer } from '../trace/tracer.ts';
import { LinkedPlugins } from './linked-plugins.ts';
import { LinkError, PluginFunctions } from './plugin-functions.ts';

/** Headers that hold the whole way of a request; the gateway adds itself. */
const CHAINS = new Set(['x-forwarded-for', 'forwarded']);

/** Servers that are looked at in one step. */
const SERVERS_A_STEP = 512;

/**
 * link makes a generation, in steps, as the event loop has requests to serve meanwhile. Throws LinkError, or whatever a
 * plugin's factory throws, told with its rule. `exporter` is the current trace exporter.
 */
export function* link(
  order: PrepareOrder,
  entries: ReadonlyMap<string, DataEntry>,
  endpoints: Endpoints,
  loop: Loop,
  exporter: LinkedExporter | null = null,
): Steps<Generation> {
  return yield* new Linking(order, new PluginFunctions(entries), loop, exporter).link(endpoints);
}

class Linking {
  readonly #order: PrepareOrder;
  readonly #loop: Loop;
  readonly #parts: LinkedPlugins;
  readonly #linker: Omit<Linker, 'scope'>;
  readonly #exporter: LinkedExporter | null;

  constructor(order: PrepareOrder, functions: PluginFunctions, loop: Loop, exporter: LinkedExporter | null) {
    this.#order = order;
    this.#exporter = exporter;
    this.#loop = loop;
    this.#parts = new LinkedPlugins(order, functions, loop);
    const { plan } = order;
    const indexes = new Map(plan.backends.map((backend, index) => [backend.name, index]));
    this.#linker = {
      backend: (name) => {
        const index = indexes.get(name);
        if (index === undefined) throw new LinkError(`there is no backend \`${name}\``);
        return index;
      },
      template: (template) => compileTemplate(template, this.#parts.readers, (name) => this.#parts.secret(name)),
      rates: loop.rates,
      map: linkMaps(plan.maps, (name) => this.#linker.backend(name)),
    };
  }

  *link(endpoints: Endpoints): Steps<Generation> {
    const { plan, generation: number } = this.#order;
    const listeners = new Map<string, LinkedListener>();
    const backends: LinkedBackend[] = [];
    for (const backend of plan.backends) backends.push(yield* this.#backend(backend, endpoints));
    const generation: Generation = {
      number,
      listeners,
      backends,
      mostConnections: plan.settings.connections ?? 0,
      tracer: this.#tracer(),
      relink: (backend, change, at) => this.#relink(backend, change, at),
      owner: (word) => this.#parts.owner(word),
      errorAnswer: this.#parts.errorAnswers(),
      holds: 0,
      isCurrent: false,
    };
    this.#linkFallBacks(generation.backends);
    for (const listener of plan.listeners) listeners.set(listener.name, yield* this.#listener(listener, generation));
    return generation;
  }

  #tracer(): Tracer | null {
    const { trace, traces } = this.#order.plan.settings;
    if (trace === undefined) return null;
    const exporter = traces === undefined ? null : this.#parts.traceExporter(traces, this.#exporter);
    return new Tracer(trace, exporter, this.#loop.random);
  }

  *#listener(plan: ListenerPlan, generation: Generation): Steps<LinkedListener> {
    if (plan.clientIp !== null && isUntouchable(plan.clientIp.header)) {
      throw new LinkError(`listener \`${plan.name}\`: the header ${plan.clientIp.header} cannot name the client`);
    }
    const changesAt = plan.guards.length;
    const routesAt = changesAt + plan.changes.length;
    const responsesAt = routesAt + plan.routes.length;
    const listener: LinkedListener = {
      name: plan.name,
      slot: this.#order.slots.listeners[plan.name]!,
      plan,
      generation,
      guards: yield* compileRulesInSteps(plan.guards, this.#parts.readers, plan.indexes?.guards),
      guardRules: yield* this.#rules(plan.name, plan.guards, 0),
      changes: yield* compileRulesInSteps(plan.changes, this.#parts.readers, plan.indexes?.changes),
      changeRules: yield* this.#rules(plan.name, plan.changes, changesAt),
      routes: yield* compileRulesInSteps(plan.routes, this.#parts.readers, plan.indexes?.routes),
      routeRules: yield* this.#rules(plan.name, plan.routes, routesAt),
      responses:
        plan.responseChanges.length === 0
          ? null
          : yield* compileRulesInSteps(plan.responseChanges, this.#parts.readers, plan.indexes?.responseChanges),
      responseRules: yield* this.#rules(plan.name, plan.responseChanges, responsesAt),
      errorPages: this.#errorPages(plan, generation),
      trusted: plan.clientIp === null ? null : trustedPeers(plan.clientIp, this.#order.plan),
      proxies: plan.proxies === undefined ? null : trustedPeers(plan.proxies, this.#order.plan),
      clientHeader: plan.clientIp === null || CHAINS.has(plan.clientIp.header) ? null : plan.clientIp.header,
      ownHeaders: plan.ownHeaders ?? null,
      judgedNames: plan.judgedHeaders === undefined ? null : new HeaderNames(plan.judgedHeaders),
      forwardsCertificate: plan.forwardsCertificate === true,
      headLimits: headLimitsOf(plan),
      paths: plan.paths ?? DEFAULT_PATHS,
      tls: plan.tls === null ? null : this.#parts.tls(plan.tls, plan),
      log: yield* RequestLog.link(accessLogsOf(this.#order.plan.settings, plan), this.#parts.readers, this.#loop),
      proofs: plan.protocol === 'http' ? this.#parts.proofsOnHttp() : null,
      readsHello: plan.readsHello === true || (plan.passthroughs ?? []).length > 0 || plan.isPassthrough === true,
      passthrough: null,
      isSelective: false,
    };
    const { passthroughs = [] } = plan;
    const passthrough =
      passthroughs.length === 0
        ? null
        : yield* this.#passthrough(listener, passthroughs, responsesAt + plan.responseChanges.length);
    const linked = { ...listener, passthrough };
    return { ...linked, isSelective: isSelective(linked) };
  }

  *#passthrough(listener: LinkedListener, passthroughs: readonly Rule[], at: number): Steps<LinkedListener> {
    const none = yield* compileRulesInSteps([], this.#parts.readers);
    return {
      ...listener,
      guards: none,
      guardRules: [],
      changes: none,
      changeRules: [],
      routes: yield* compileRulesInSteps(passthroughs, this.#parts.readers),
      routeRules: passthroughs.map((rule, index) => {
        const backend = this.#linker.backend(String(rule.args.backend));
        const hits = this.#hitsOf(listener.name, at + index);
        return { rule, action: { kind: 'route', route: () => backend }, hits };
      }),
      responses: null,
      responseRules: [],
      tls: null,
      proofs: null,
    };
  }

  #errorPages(plan: ListenerPlan, generation: Generation): LinkedListener['errorPages'] {
    if (plan.errorPages.length === 0) return null;
    const pages = new Map<number, (request: RequestFacts) => Answer>();
    for (let status = 400; status < 600; status++) {
      const page = errorPageOf(plan, status);
      if (page !== undefined) pages.set(status, compilePage(page, generation.errorAnswer(status)));
    }
    return pages;
  }

  /** `at` is the place of the first one among all rules of the listener. */
  *#rules(listener: string, rules: readonly Rule[], at: number): Steps<LinkedRule[]> {
    const scopes = ruleScopes(listener, rules);
    const linked: LinkedRule[] = [];
    for (const [index, rule] of rules.entries()) {
      const action = this.#parts.action(rule, { ...this.#linker, scope: scopes[index]! });
      linked.push({ rule, action, hits: this.#hitsOf(listener, at + index) });
      yield;
    }
    return linked;
  }

  /** hitsOf is where the hits of a listener's rule are counted. */
  #hitsOf(listener: string, at: number): number {
    return this.#order.slots.rules?.[listener]?.[at] ?? UNCOUNTED_RULE;
  }

  *#backend(plan: BackendPlan, endpoints: Endpoints): Steps<LinkedBackend> {
    const { slots } = this.#order;
    const tls = plan.tls === undefined ? null : this.#parts.serverTls(plan.tls);
    const own: Endpoint[] = [];
    for (const server of plan.servers) {
      own.push(endpoints(slots.servers[`${plan.name}/${server.name}`]!, server, plan.name, tls));
      if (own.length % SERVERS_A_STEP === 0) yield;
    }
    yield;
    const slot = slots.backends[plan.name]!;
    const pool = yield* this.#pool(plan, own, slot);
    yield;
    const sticks = plan.stick === null ? null : this.#sticks(plan.name);
    return {
      name: plan.name,
      slot,
      plan,
      pool,
      tls,
      line: this.#waitingLine(plan, pool, slot),
      balancer: this.#parts.balancer(plan.balance, pool),
      sticks,
      stickiness: plan.stick === null ? null : this.#parts.stickiness(plan.stick, pool, sticks!),
      outcomes: BackendOutcomes.of(plan, slots.backends[plan.name]!, this.#loop),
      service: plan.serve === null ? null : this.#parts.service(plan.serve),
      fallBack: null,
      sendProxy: plan.sendProxy ?? null,
      successor: null,
      isGone: false,
      retriesStatus: new Set(plan.retry.on.filter((each) => typeof each === 'number')),
      retriesConnectFailure: plan.retry.on.includes('connect-failure'),
      owner: (word) => this.#parts.owner(word),
      code: [plan.balance, plan.stick, plan.tls].map((use) => this.#parts.code(use)).join(' '),
      retryBudget: new RetryBudget(slot, plan.retry, this.#loop.retries, this.#loop.now),
    };
  }

  /** relink: what belongs to servers that stay is kept; turns are inherited at the switch. */
  *#relink(backend: LinkedBackend, change: MemberChange, endpoints: Endpoints): Steps<Relinked> {
    const { slot } = backend;
    const known = backend.pool.endpoints;
    const { servers, before } = membersAfter(backend.plan.servers, change);
    yield;
    const plan = { ...backend.plan, servers };
    const stays = new Uint8Array(known.length);
    const own: Endpoint[] = [];
    const come: Endpoint[] = [];
    for (let index = 0; index < servers.length; index++) {
      const from = before[index]!;
      if (from === -1) {
        const server = servers[index]!;
        come.push(endpoints(change.slots[server.name]!, server, plan.name, backend.tls));
        own.push(come.at(-1)!);
      } else {
        stays[from] = 1;
        own.push(known[from]!);
      }
      if (own.length % SERVERS_A_STEP === 0) yield;
    }
    // Under another weight a server is changed, and reached as before.
    const isUsed = new Set(come);
    const gone = known.filter((endpoint, index) => stays[index] === 0 && !isUsed.has(endpoint));
    yield;
    const pool = yield* this.#pool(plan, own, slot);
    yield;
    const line = this.#waitingLine(plan, pool, slot);
    const stickiness = plan.stick === null ? null : this.#parts.stickiness(plan.stick, pool, backend.sticks!);
    const balancer = this.#parts.balancer(plan.balance, pool);
    yield;
    return {
      backend: { ...backend, plan, pool, line, stickiness, balancer, successor: null, isGone: false },
      come,
      gone,
    };
  }

  #pool(plan: BackendPlan, endpoints: readonly Endpoint[], slot: number): Steps<LiveServerPool> {
    const { table, backends, now } = this.#loop;
    return LiveServerPool.of(plan, endpoints, { table, backends, slot, now, random: () => this.#loop.random() });
  }

  #waitingLine(plan: BackendPlan, pool: LiveServerPool, slot: number): WaitingLine {
    return new WaitingLine(this.#loop, slot, plan.queue, (server) => pool.slot(server));
  }

  /** The backend's table as this loop has it already, or in the memory that the order brings. */
  #sticks(backend: string): BackendSticks {
    const { sticks, stickClock, thread, table } = this.#loop;
    let own = sticks.get(backend);
    if (own === undefined) {
      const memory = this.#order.sticks?.[backend] ?? SharedStickTable.allocate(1, table.threads);
      own = new BackendSticks(memory, stickClock, thread);
      sticks.set(backend, own);
    }
    return own;
  }

  /** linkFallBacks: a plan that was written by hand may hold a circle, in which requests would go round forever. */
  #linkFallBacks(backends: readonly LinkedBackend[]): void {
    for (const backend of backends) {
      const { fallBack } = backend.plan;
      if (fallBack !== null) backend.fallBack = backends[this.#linker.backend(fallBack.to)]!;
    }
    for (const backend of backends) {
      let next = backend.fallBack;
      for (let steps = 0; next !== null; steps++, next = next.fallBack) {
        if (next === backend || steps > backends.length) {
          throw new LinkError(`backend \`${backend.name}\` falls back to itself`);
        }
      }
    }
  }
}

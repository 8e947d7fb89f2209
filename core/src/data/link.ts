/**
 * Link: from a plan and the plugins' data entries to a Generation that runs. Data plane; not on the hot path itself.
 *
 * Every function of a plugin is wrapped so that the heartbeat can name it should it never return.
 */
import type { Socket } from 'node:net';
import {
  compileRulesInSteps,
  compileTemplate,
  type FieldReader,
  linkMaps,
  type Readers,
  type RequestFacts,
  type Steps,
  type TlsFacts,
} from '@sluice/dsl/match';
import { type BackendPlan, type ComponentUse, type ListenerPlan, type Rule, withSecrets } from '@sluice/dsl/plan';
import type {
  Action,
  Answer,
  CertificateProofs,
  DataEntry,
  Linker,
  ServerTls,
  Stickiness,
  TlsMode,
} from '../plugin/data-entry.ts';
import type { Service } from '../plugin/service.ts';
import { trustedPeers } from '../shared/client-ip.ts';
import { compilePage, errorPageOf } from '../shared/error-pages.ts';
import { membersAfter } from '../shared/member-change.ts';
import { type MemberChange, type PrepareOrder, wordKey } from '../shared/orders.ts';
import { ruleScopes } from '../shared/rule-scopes.ts';
import { SharedStickTable, StickIndex } from '../shared/shared-stick-table.ts';
import { BackendOutcomes } from './backend-outcomes.ts';
import { BackendSticks } from './backend-sticks.ts';
import { ClientRefusals } from './client-refusals.ts';
import type { Generation, LinkedBackend, LinkedListener, LinkedRule, Relinked } from './generation.ts';
import { isForwardingField } from './http1/field-block.ts';
import { isUntouchable } from './http1/field-edits.ts';
import type { HeadLimits } from './http1/request-head.ts';
import { LinkedBalancer } from './linked-balancer.ts';
import { LiveServerPool } from './live-server-pool.ts';
import type { Loop } from './loop.ts';
import { RetryBudget } from './retry-budget.ts';
import type { ServerEndpoint } from './server-endpoint.ts';
import { type LinkedServerTls, linkServerTls } from './server-tls.ts';
import { WaitingLine } from './waiting-line.ts';

/** Servers that are looked at in one step. */
const SERVERS_A_STEP = 512;

/** LinkError says what in a plan cannot run, for people. */
export class LinkError extends Error {}

type Section = Exclude<keyof DataEntry, 'fields'>;

/** Functions finds what data entries offer, by section and name. */
class Functions {
  readonly #entries: ReadonlyMap<string, DataEntry>;

  constructor(entries: ReadonlyMap<string, DataEntry>) {
    this.#entries = entries;
  }

  readers(): Map<string, FieldReader> {
    const readers = new Map<string, FieldReader>();
    for (const entry of this.#entries.values()) {
      for (const [name, reader] of Object.entries(entry.fields ?? {})) readers.set(name, reader);
    }
    return readers;
  }

  /** last is the last function of a section that any entry offers. */
  last<Name extends Section>(section: Name): NonNullable<DataEntry[Name]>[string] | undefined {
    const offered = [...this.#entries.values()].flatMap((entry) => Object.values(entry[section] ?? {}));
    return offered.at(-1) as NonNullable<DataEntry[Name]>[string] | undefined;
  }

  has(section: Section, name: string): boolean {
    return [...this.#entries.values()].some((entry) => Object.hasOwn(entry[section] ?? {}, name));
  }

  find<Name extends Section>(section: Name, name: string): NonNullable<DataEntry[Name]>[string] {
    for (const entry of this.#entries.values()) {
      const functions = entry[section] as Record<string, unknown> | undefined;
      if (functions !== undefined && Object.hasOwn(functions, name)) {
        return functions[name] as NonNullable<DataEntry[Name]>[string];
      }
    }
    throw new LinkError(`no plugin implements \`${name}\` (looked for it in the data entries' ${section})`);
  }
}

/** Where a generation finds servers: connections and counts that outlive it. `tls`: how TLS is spoken to them; null: it is not. */
export type Endpoints = (
  slot: number,
  server: BackendPlan['servers'][number],
  backend: string,
  tls: LinkedServerTls | null,
) => ServerEndpoint;

/**
 * link makes a generation, in steps, as the event loop has requests to serve meanwhile. Throws LinkError, or whatever a
 * plugin's factory throws, told with its rule.
 */
export function* link(
  order: PrepareOrder,
  entries: ReadonlyMap<string, DataEntry>,
  endpoints: Endpoints,
  loop: Loop,
): Steps<Generation> {
  return yield* new Linking(order, new Functions(entries), loop).link(endpoints);
}

/** headLimits: in a plan 0 means none. */
function headLimits({ limits }: ListenerPlan): HeadLimits {
  const none = Number.MAX_SAFE_INTEGER;
  return {
    headBytes: limits.headBytes || none,
    targetBytes: limits.targetBytes || none,
    headerCount: limits.headerCount || none,
  };
}

class Linking {
  readonly #order: PrepareOrder;
  readonly #functions: Functions;
  readonly #loop: Loop;
  readonly #readers: Readers;
  readonly #linker: Omit<Linker, 'scope'>;
  readonly #proofsOf = new Map<string, CertificateProofs>();

  constructor(order: PrepareOrder, functions: Functions, loop: Loop) {
    this.#order = order;
    this.#functions = functions;
    this.#loop = loop;
    const readers = new Map<string, FieldReader>();
    for (const [name, reader] of functions.readers()) readers.set(name, this.#watchReader(name, reader));
    this.#readers = readers;
    const { plan } = order;
    const indexes = new Map(plan.backends.map((backend, index) => [backend.name, index]));
    this.#linker = {
      backend: (name) => {
        const index = indexes.get(name);
        if (index === undefined) throw new LinkError(`there is no backend \`${name}\``);
        return index;
      },
      template: (template) => compileTemplate(template, this.#readers, (name) => this.#secret(name)),
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
      relink: (backend, change, at) => this.#relink(backend, change, at),
      errorAnswer: this.#errorAnswers(),
      holds: 0,
      isCurrent: false,
    };
    this.#linkFallBacks(generation.backends);
    for (const listener of plan.listeners) listeners.set(listener.name, yield* this.#listener(listener, generation));
    return generation;
  }

  *#listener(plan: ListenerPlan, generation: Generation): Steps<LinkedListener> {
    if (plan.clientIp !== null && isUntouchable(plan.clientIp.header)) {
      throw new LinkError(`listener \`${plan.name}\`: the header ${plan.clientIp.header} cannot name the client`);
    }
    const listener: LinkedListener = {
      name: plan.name,
      slot: this.#order.slots.listeners[plan.name]!,
      plan,
      generation,
      guards: yield* compileRulesInSteps(plan.guards, this.#readers, plan.indexes?.guards),
      guardRules: yield* this.#rules(plan.name, plan.guards),
      changes: yield* compileRulesInSteps(plan.changes, this.#readers, plan.indexes?.changes),
      changeRules: yield* this.#rules(plan.name, plan.changes),
      routes: yield* compileRulesInSteps(plan.routes, this.#readers, plan.indexes?.routes),
      routeRules: yield* this.#rules(plan.name, plan.routes),
      responses:
        plan.responseChanges.length === 0
          ? null
          : yield* compileRulesInSteps(plan.responseChanges, this.#readers, plan.indexes?.responseChanges),
      responseRules: yield* this.#rules(plan.name, plan.responseChanges),
      errorPages: this.#errorPages(plan, generation),
      trusted: plan.clientIp === null ? null : trustedPeers(plan.clientIp, this.#order.plan),
      proxies: plan.proxies === undefined ? null : trustedPeers(plan.proxies, this.#order.plan),
      spoofable: plan.clientIp === null || isForwardingField(plan.clientIp.header) ? null : plan.clientIp.header,
      headLimits: headLimits(plan),
      tls: plan.tls === null ? null : this.#tls(plan.tls, plan),
      proofs: plan.protocol === 'http' ? this.#proofsOnHttp() : null,
      readsHello: plan.readsHello === true || (plan.passthroughs ?? []).length > 0 || plan.isPassthrough === true,
      passthrough: null,
    };
    const { passthroughs = [] } = plan;
    return passthroughs.length === 0
      ? listener
      : { ...listener, passthrough: yield* this.#passthrough(listener, passthroughs) };
  }

  *#passthrough(listener: LinkedListener, passthroughs: readonly Rule[]): Steps<LinkedListener> {
    const none = yield* compileRulesInSteps([], this.#readers);
    return {
      ...listener,
      guards: none,
      guardRules: [],
      changes: none,
      changeRules: [],
      routes: yield* compileRulesInSteps(passthroughs, this.#readers),
      routeRules: passthroughs.map((rule) => {
        const backend = this.#linker.backend(String(rule.args.backend));
        return { rule, action: { kind: 'route', route: () => backend } };
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

  *#rules(listener: string, rules: readonly Rule[]): Steps<LinkedRule[]> {
    const scopes = ruleScopes(listener, rules);
    const linked: LinkedRule[] = [];
    for (const [index, rule] of rules.entries()) {
      linked.push({ rule, action: this.#action(rule, { ...this.#linker, scope: scopes[index]! }) });
      yield;
    }
    return linked;
  }

  #action(rule: Rule, linker: Linker): Action {
    const id = this.#wordId('verb', rule.verb);
    const { heartbeats } = this.#loop;
    const factory = this.#functions.find('verbs', rule.verb);
    let action: Action;
    try {
      action = factory(
        withSecrets(rule.args, (name) => this.#secret(name)),
        linker,
      );
    } catch (error) {
      const { file, line } = rule.place;
      throw new LinkError(
        `${file}:${line}: \`${rule.text}\`: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    switch (action.kind) {
      case 'answer': {
        const { answer } = action;
        return {
          kind: 'answer',
          answer: (facts) => {
            heartbeats.enter(id);
            const made = answer(facts);
            heartbeats.leave();
            return made;
          },
        };
      }
      case 'check': {
        const { check } = action;
        return {
          kind: 'check',
          check: (facts) => {
            heartbeats.enter(id);
            const made = check(facts);
            heartbeats.leave();
            return made;
          },
        };
      }
      case 'change': {
        const { change } = action;
        return {
          kind: 'change',
          change: (facts, fields) => {
            heartbeats.enter(id);
            change(facts, fields);
            heartbeats.leave();
          },
        };
      }
      case 'request change': {
        const { change } = action;
        return {
          kind: 'request change',
          change: (facts, request) => {
            heartbeats.enter(id);
            change(facts, request);
            heartbeats.leave();
          },
        };
      }
      case 'route': {
        const { route } = action;
        const count = this.#order.plan.backends.length;
        return {
          kind: 'route',
          route: (facts) => {
            heartbeats.enter(id);
            const index = route(facts);
            heartbeats.leave();
            if (Number.isInteger(index) && index >= -1 && index < count) return index;
            throw new LinkError(`\`${rule.verb}\` chose backend ${index}, of ${count}`);
          },
        };
      }
      default:
        return action;
    }
  }

  *#backend(plan: BackendPlan, endpoints: Endpoints): Steps<LinkedBackend> {
    const { slots } = this.#order;
    const tls = plan.tls === undefined ? null : this.#serverTls(plan.tls);
    const own: ServerEndpoint[] = [];
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
      balancer: this.#balancer(plan.balance, pool),
      sticks,
      stickiness: plan.stick === null ? null : this.#stickiness(plan.stick, pool, sticks!),
      outcomes: BackendOutcomes.of(plan, slots.backends[plan.name]!, this.#loop),
      service: plan.serve === null ? null : this.#service(plan.serve),
      fallBack: null,
      sendProxy: plan.sendProxy ?? null,
      successor: null,
      isGone: false,
      retriesStatus: new Set(plan.retry.on.filter((each) => typeof each === 'number')),
      retriesConnectFailure: plan.retry.on.includes('connect-failure'),
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
    const own: ServerEndpoint[] = [];
    const come: ServerEndpoint[] = [];
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
    const stickiness = plan.stick === null ? null : this.#stickiness(plan.stick, pool, backend.sticks!);
    const balancer = this.#balancer(plan.balance, pool);
    yield;
    return {
      backend: { ...backend, plan, pool, line, stickiness, balancer, successor: null, isGone: false },
      come,
      gone,
    };
  }

  #pool(plan: BackendPlan, endpoints: readonly ServerEndpoint[], slot: number): Steps<LiveServerPool> {
    const { table, backends, now } = this.#loop;
    return LiveServerPool.of(plan, endpoints, { table, backends, slot, now, random: () => this.#loop.random() });
  }

  #waitingLine(plan: BackendPlan, pool: LiveServerPool, slot: number): WaitingLine {
    return new WaitingLine(this.#loop, slot, plan.queue, (server) => pool.slot(server));
  }

  #balancer(use: ComponentUse, pool: LiveServerPool): LinkedBalancer {
    const factory = this.#functions.find('balancers', use.name);
    const id = this.#wordId('balance', use.name);
    return new LinkedBalancer(use.name, use.options, factory, pool, this.#loop.heartbeats, id);
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

  #stickiness(use: ComponentUse, pool: LiveServerPool, sticks: BackendSticks): Stickiness {
    const id = this.#wordId('stick', use.name);
    const { heartbeats, stickClock } = this.#loop;
    const factory = this.#functions.find('stickiness', use.name);
    let stickiness: Stickiness;
    try {
      stickiness = factory(
        withSecrets(use.options, (name) => this.#secret(name)),
        {
          backend: pool.backend,
          pool,
          table: {
            get: (key, ttlMs) => sticks.get(use.name, key, ttlMs),
            set: (key, slot, ttlMs) => sticks.set(use.name, key, slot, ttlMs),
          },
          processSecret: stickClock.secret,
          countRefused: () => sticks.count(StickIndex.refused),
        },
      );
    } catch (error) {
      const { file, line } = use.place;
      throw new LinkError(
        `${file}:${line}: \`stick ${use.name}\`: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    const { ownCookie, isRenewing = false } = stickiness;
    return {
      ...(ownCookie === undefined ? {} : { ownCookie }),
      isRenewing,
      find: (facts, servers) => {
        heartbeats.enter(id);
        const index = stickiness.find(facts, servers);
        heartbeats.leave();
        return index;
      },
      learn: (facts, servers, server, setCookies) => {
        heartbeats.enter(id);
        const cookie = stickiness.learn(facts, servers, server, setCookies);
        heartbeats.leave();
        return cookie;
      },
    };
  }

  /** linkFallBacks: a plan that was written by hand may hold a circle, in which requests would go round for ever. */
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

  #service(use: ComponentUse): Service {
    const id = this.#wordId('serve', use.name);
    const { heartbeats } = this.#loop;
    const factory = this.#functions.find('services', use.name);
    let service: Service;
    try {
      service = factory(use.options);
    } catch (error) {
      const { file, line } = use.place;
      throw new LinkError(
        `${file}:${line}: \`serve ${use.name}\`: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    return {
      answer: (request) => {
        heartbeats.enter(id);
        const answer = service.answer(request);
        heartbeats.leave();
        return answer;
      },
    };
  }

  /** The proofs of a source, made once a generation; null: it needs none. */
  #proofs(source: string): CertificateProofs | null {
    let proofs = this.#proofsOf.get(source);
    if (proofs !== undefined) return proofs;
    const id = this.#wordId('certificates', source);
    const { heartbeats, notices } = this.#loop;
    if (!this.#functions.has('certificateProofs', source)) return null;
    const made = this.#functions.find(
      'certificateProofs',
      source,
    )({ notice: (key) => notices.get(`${source} ${key}`), hasNotices: () => !notices.isEmpty });
    proofs = {
      path: made.path,
      protocol: made.protocol,
      isExpecting: () => made.isExpecting(),
      answer: (facts) => {
        heartbeats.enter(id);
        const answer = made.answer(facts);
        heartbeats.leave();
        return answer;
      },
      certificate: (name) => {
        heartbeats.enter(id);
        const certificate = made.certificate(name);
        heartbeats.leave();
        return certificate;
      },
    };
    this.#proofsOf.set(source, proofs);
    return proofs;
  }

  /** Those of the sources that these listeners have certificates of. */
  #proofsFor(listeners: readonly ListenerPlan[]): readonly CertificateProofs[] {
    const sources = new Set(listeners.flatMap(({ certificates = [] }) => certificates.map(({ name }) => name)));
    return [...sources].flatMap((source) => this.#proofs(source) ?? []);
  }

  /** Any http listener may be where an authority comes. */
  #proofsOnHttp(): readonly CertificateProofs[] | null {
    const asked = this.#proofsFor(this.#order.plan.listeners).filter(({ path }) => path !== null);
    return asked.length === 0 ? null : asked;
  }

  #tls(use: ComponentUse, plan: ListenerPlan): TlsMode {
    const { name: listener, protocol, isHttp1Only } = plan;
    const id = this.#wordId('tls', use.name);
    const { heartbeats } = this.#loop;
    const factory = this.#functions.find('tlsModes', use.name);
    const refusals = new ClientRefusals(listener, this.#order.slots.listeners[listener]!, this.#loop);
    let mode: TlsMode;
    try {
      mode = factory(
        withSecrets(use.options, (name) => this.#secret(name)),
        {
          listener,
          processSecret: this.#loop.stickClock.secret,
          proofs: this.#proofsFor([plan]),
          protocols: protocol === 'tcp' ? [] : isHttp1Only === true ? ['http/1.1'] : ['h2', 'http/1.1'],
          refused: (socket, reason) => refusals.add(socket, reason),
        },
      );
    } catch (error) {
      const { file, line } = use.place;
      throw new LinkError(
        `${file}:${line}: \`tls ${use.name}\`: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    return {
      get needsHello() {
        return mode.needsHello === true;
      },
      accept: (socket, hello) => {
        heartbeats.enter(id);
        const secured = mode.accept(socket, hello);
        heartbeats.leave();
        return secured;
      },
      ...(mode.facts === undefined ? {} : { facts: (stream) => this.#tlsFacts(mode, stream, id, use.name) }),
    };
  }

  /** tlsFacts contains a mode that fails to say what it knows: what depends on it finds nothing. */
  #tlsFacts(mode: TlsMode, stream: Socket, id: number, name: string): TlsFacts | null {
    const { heartbeats } = this.#loop;
    heartbeats.enter(id);
    try {
      return mode.facts!(stream);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#loop.log('error', 'the TLS mode could not say what it knows of a connection', { tls: name, error: reason });
      return null;
    } finally {
      heartbeats.leave();
    }
  }

  #serverTls(use: ComponentUse): LinkedServerTls {
    const id = this.#wordId('server tls', use.name);
    const { heartbeats } = this.#loop;
    const factory = this.#functions.find('serverTls', use.name);
    return linkServerTls(use, () => {
      let mode: ServerTls;
      try {
        mode = factory(withSecrets(use.options, (name) => this.#secret(name)));
      } catch (error) {
        const { file, line } = use.place;
        throw new LinkError(
          `${file}:${line}: \`tls ${use.name}\`: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
      return {
        secure: (socket, server, protocols) => {
          heartbeats.enter(id);
          const secured = mode.secure(socket, server, protocols);
          heartbeats.leave();
          return secured;
        },
      };
    });
  }

  /** errorAnswers: the last plugin that makes them has its way, so that a user's own replaces the standard one. */
  #errorAnswers(): (status: number) => Answer {
    const factory = this.#functions.last('errorAnswers');
    const make = factory === undefined ? null : factory({});
    const made = new Map<number, Answer>();
    return (status) => {
      let answer = made.get(status);
      if (answer === undefined) {
        answer = { status, headers: [], body: '' };
        try {
          if (make !== null) answer = make(status);
        } catch (error) {
          const reason = error instanceof Error ? error.message : String(error);
          this.#loop.log('error', 'an error answer could not be made; a bare one is sent', { status, error: reason });
        }
        made.set(status, answer);
      }
      return answer;
    };
  }

  #watchReader(name: string, reader: FieldReader): FieldReader {
    const id = this.#wordId('field', name);
    const { heartbeats } = this.#loop;
    return (facts, key) => {
      heartbeats.enter(id);
      const value = reader(facts, key);
      heartbeats.leave();
      return value;
    };
  }

  #secret(name: string): string {
    const { secrets = {} } = this.#order;
    if (!Object.hasOwn(secrets, name)) throw new LinkError(`secret \`${name}\` was not handed over`);
    return secrets[name]!;
  }

  #wordId(kind: Parameters<typeof wordKey>[0], name: string): number {
    return this.#order.wordIds?.[wordKey(kind, name)] ?? 0;
  }
}

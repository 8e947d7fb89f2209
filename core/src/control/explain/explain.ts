/**
 * Explain: what would happen to a request or a connection, and why: every rule with its place, conditions and values, then every
 * server that could take it. Main thread.
 *
 * Conditions are judged by the language's reference interpreter and verbs by the plugins' own functions, the same that data
 * threads run, so an explanation and live traffic cannot part.
 */
import {
  compileTemplate,
  type FieldReader,
  HeaderNames,
  linkMaps,
  type RuleTrace,
  serverName,
  traceRules,
  type WrittenRequest,
} from '@sluice/dsl/match';
import { FORWARDING_FIELDS, formatPlace, type ListenerPlan, type Rule, withSecrets } from '@sluice/dsl/plan';
import type { Action, DataEntry, Linker } from '../../plugin/data-entry.ts';
import { errorPageOf } from '../../shared/judgement/error-pages.ts';
import { PASSED_ON } from '../../shared/judgement/misdirected.ts';
import { hideCookie } from '../../shared/judgement/own-cookie.ts';
import { ruleScopes } from '../../shared/judgement/rule-scopes.ts';
import { importEntries } from '../../shared/plugins/import-entry.ts';
import type { SharedRateTable } from '../../shared/tables/shared-rate-table.ts';
import type { PluginSet } from '../plugins/plugin-host.ts';
import { maskedSecret } from '../plugins/secrets.ts';
import { GatewayError, reasonOf } from '../report/errors.ts';
import type { StickTables } from '../slots/stick-tables.ts';
import { AssumedAnswer } from './answer.ts';
import { explainCondition } from './condition.ts';
import { type FieldEdit, NotedFields, NotedRequest } from './edits.ts';
import type { Explanation, RuleExplanation, Verdict } from './explanation.ts';
import { explainFallBacks } from './fall-backs.ts';
import { explainOutcome } from './outcome.ts';
import { type ExplainRequest, type ReadRequest, type Refusal, readRequest } from './request.ts';
import { explainServers, type LiveServers } from './servers.ts';
import { explainSticky } from './sticky.ts';

const FORWARDING_NAMES = new HeaderNames(FORWARDING_FIELDS);

/** LiveState is what explain knows besides the plan while the gateway runs. */
export interface LiveState extends LiveServers {
  readonly rates: SharedRateTable;
  readonly sticks: StickTables;
}

/** explain judges one request or connection as the plan's data planes would. Throws SG0505 or SG0507. */
export async function explain(request: ExplainRequest, set: PluginSet, live: LiveState | null): Promise<Explanation> {
  const { plan, entries } = set;
  const read = await readRequest(request, plan, live?.current.ports ?? {});
  const imported = await importEntries(entries);
  for (const name of Object.keys(read.given)) {
    const isThere = imported.some(({ fields = {} }) => Object.hasOwn(fields, name));
    if (isThere) continue;
    const text = typeof request === 'string' ? request : request.request;
    throw new GatewayError('SG0505', { request: text, message: `there is no field \`${name}\` to be given` });
  }
  const judge = (skipped: Rule | null): Judgement => new Judgement(set, imported, read, live, skipped);
  const { explanation, decider } = judge(null);
  if (decider === null || decider.when === null) return explanation;
  const { verdict, by } = judge(decider).explanation;
  return { ...explanation, otherwise: { verdict, by } };
}

type Decided = { readonly verdict: Verdict; readonly by: RuleTrace | null; readonly backend: number };

interface Traces {
  passthroughs: readonly RuleTrace[];
  guards: readonly RuleTrace[];
  changes: readonly RuleTrace[];
  routes: readonly RuleTrace[];
}

class Judgement {
  readonly explanation: Explanation;
  /** The rule that decided. */
  readonly decider: Rule | null;
  readonly #skipped: Rule | null;
  readonly #refusal: Refusal | null;
  /** It is a connection that is judged, not a request. */
  readonly #isConnection: boolean;
  readonly #entries: readonly DataEntry[];
  readonly #facts: WrittenRequest;
  readonly #connection: WrittenRequest;
  readonly #readers = new Map<string, FieldReader>();
  readonly #linker: Omit<Linker, 'scope'>;
  readonly #scopes: ReadonlyMap<Rule, string>;
  /** Rules that matched and let the request go on. */
  readonly #passed = new Set<Rule>();
  readonly #request: NotedRequest;

  constructor(
    { plan, secrets }: PluginSet,
    entries: readonly DataEntry[],
    { facts, connection, listener, answer, given, shown, refusal }: ReadRequest,
    live: LiveState | null,
    skipped: Rule | null,
  ) {
    this.#skipped = skipped;
    this.#refusal = refusal;
    this.#isConnection = refusal === null && facts.isConnection;
    this.#entries = entries;
    this.#facts = facts;
    this.#connection = connection;
    this.#request = new NotedRequest(facts, listener.paths);
    // What is the gateway's own to say goes before any change.
    const own = new HeaderNames(listener.ownHeaders ?? []);
    const names = new HeaderNames(listener.judgedHeaders ?? []);
    for (const name of facts.headerNames) {
      if (own.has(name) || names.hasOtherwise(name) || FORWARDING_NAMES.hasOtherwise(name)) this.#request.remove(name);
    }
    for (const { fields } of entries) {
      for (const [name, reader] of Object.entries(fields ?? {})) this.#readers.set(name, reader);
    }
    for (const [name, value] of Object.entries(given)) {
      const reader = this.#readers.get(name)!;
      this.#readers.set(name, (facts, key) => (key === null ? value : reader(facts, key)));
    }
    this.#linker = {
      backend: (name) => plan.backends.findIndex((backend) => backend.name === name),
      template: (template) => compileTemplate(template, this.#readers, maskedSecret),
      map: linkMaps(plan.maps, (name) => this.#linker.backend(name)),
      // Asking takes nothing of anybody's rate.
      rates: { take: (scope, key, intervalMs, burst) => live?.rates.peek(scope, key, intervalMs, burst) ?? 0 },
    };
    const parts = [listener.guards, listener.changes, listener.routes, listener.responseChanges];
    this.#scopes = new Map(
      parts.flatMap((rules) => ruleScopes(listener.name, rules).map((scope, index) => [rules[index]!, scope] as const)),
    );
    const traces: Traces = { passthroughs: [], guards: [], changes: [], routes: [] };
    const decided = this.#judge(listener, traces);
    const isPassedOn = traces.passthroughs.some((trace) => trace === decided.by);
    // Nothing but a request that the gateway reads has an answer that it could change.
    const isRead = !this.#isConnection && !isPassedOn && decided.verdict.kind !== 'close';
    const chosen = plan.backends[decided.backend];
    const went = chosen === undefined ? null : explainFallBacks(plan, chosen, live, facts, entries);
    const servers = went === null ? [] : explainServers(went.backend, live, facts, entries);
    const sticky =
      went === null
        ? null
        : explainSticky({
            backend: went.backend,
            facts,
            entries,
            secrets,
            servers,
            slots: servers.map(
              ({ name }, index) => live?.current.slots.servers[`${went.backend.name}/${name}`] ?? index,
            ),
            tables: live?.sticks ?? null,
            live,
          });
    const outcome = went === null || live === null ? null : explainOutcome(went.backend, servers, sticky, live);
    const isSent = chosen !== undefined && outcome?.kind !== 'nobody';
    const judged: Decided =
      outcome?.kind === 'nobody'
        ? { ...decided, verdict: isRead ? unserved(outcome.reason) : { kind: 'close', reason: outcome.reason } }
        : decided;
    if (sticky !== null && sticky.ownCookie !== null) hideCookie(this.#request, sticky.ownCookie);
    const assumed = isSent
      ? new AssumedAnswer(facts, answer.status, answer.headers)
      : AssumedAnswer.ofVerdict(facts, judged.verdict, entries, listener);
    const answered = this.#answer(isRead ? listener.responseChanges : [], assumed);
    const { verdict, by } = answered.failure ?? judged;
    this.decider = by?.rule ?? null;
    const explained = (trace: RuleTrace): RuleExplanation => {
      const rule = explainRule(trace);
      return this.#passed.has(trace.rule) ? { ...rule, outcome: 'passed' } : rule;
    };
    this.explanation = {
      request: {
        method: shown.method,
        scheme: this.#isConnection ? 'tcp' : facts.scheme,
        host: shown.host,
        port: facts.port,
        path: shown.path,
        query: shown.query,
        ip: facts.ip.text,
        ...(listener.readsHello === true ? { sni: facts.sni, alpn: facts.alpn } : {}),
      },
      listener: listener.name,
      isLive: live !== null,
      verdict:
        !isSent || answered.failure !== null
          ? verdict
          : {
              kind: 'send',
              backend: chosen.name,
              ...(isPassedOn || listener.isPassthrough === true ? { isPassthrough: true as const } : {}),
            },
      by: by === null ? null : explainRule(by),
      otherwise: null,
      passthroughs: traces.passthroughs.map(explained),
      guards: traces.guards.map(explained),
      changes: traces.changes.map(explainRule),
      routes: traces.routes.map(explained),
      edits: this.#request.edits,
      answer: { status: assumed.status, isAssumed: isSent },
      responses: answered.traces.map(explainRule),
      answerEdits: answered.edits,
      page: isRead ? pageOf(listener, answered.failure === null && isSent ? null : verdict) : null,
      fallBacks: went?.steps ?? [],
      serve: went?.backend.serve?.name ?? null,
      balance: went === null || went.backend.serve !== null ? null : went.backend.balance.name,
      stick: went?.backend.stick?.name ?? null,
      sticky,
      line: outcome?.kind === 'waits' ? outcome.line : null,
      servers,
    };
  }

  /** The same steps, in the same order, as the data plane's. `backend` is -1 unless the request is sent. */
  #judge(listener: ListenerPlan, traces: Traces): Decided {
    const trace = (
      rules: readonly Rule[],
      goesOn: boolean | ((rule: Rule) => boolean),
      facts = this.#facts,
    ): RuleTrace[] =>
      traceRules(
        rules.filter((rule) => rule !== this.#skipped),
        this.#readers,
        facts,
        goesOn,
      );
    const passes = (rule: Rule): boolean => this.#passes(rule);
    if (this.#refusal?.isConnection === true) return refusedAs(this.#refusal);
    if (this.#facts.scheme === 'https') {
      traces.passthroughs = trace(listener.passthroughs ?? [], false, this.#connection);
      const taken = this.#decidingOf(traces.passthroughs);
      const end = taken === null ? null : this.#end(taken);
      if (end !== null) return end;
      if (this.#isConnection && listener.protocol === 'http')
        return { verdict: { kind: 'open' }, by: null, backend: -1 };
    }
    if (this.#refusal !== null) return refusedAs(this.#refusal);
    const misdirected = this.#misdirected(listener);
    if (misdirected !== null) return misdirected;
    traces.guards = trace(listener.guards, passes);
    const guard = this.#decidingOf(traces.guards);
    if (guard !== null) {
      const end = this.#end(guard);
      if (end !== null) return end;
    }
    const changes = trace(listener.changes, true);
    traces.changes = changes;
    for (const change of changes) {
      if (change.outcome === 'no match') continue;
      const end = this.#end(change);
      if (end !== null) return end;
      if (this.#request.isBad)
        return { verdict: { kind: 'answer', status: 400, headers: [] }, by: change, backend: -1 };
    }
    traces.routes = trace(listener.routes, passes);
    const route = this.#decidingOf(traces.routes);
    const end = route === null ? null : this.#end(route);
    return end ?? { verdict: this.#answered(404, []), by: null, backend: -1 };
  }

  /** misdirected: a connection that asks for the request's host by name would be passed through, so that it gets 421 on another. */
  #misdirected({ passthroughs = [], protocol, tls }: ListenerPlan): Decided | null {
    const { host, scheme } = this.#facts;
    if (passthroughs.length === 0 || protocol !== 'http' || tls === null || scheme !== 'https' || host === '')
      return null;
    const sni = serverName(host);
    if (sni === this.#connection.sni) return null;
    const rules = passthroughs.filter((rule) => rule !== this.#skipped);
    const taken = this.#decidingOf(traceRules(rules, this.#readers, this.#connection.seen({ sni }), false));
    const end = taken === null ? null : this.#end(taken);
    if (end === null || end.verdict.kind === 'error') return end;
    return { ...refusedAs({ status: 421, reason: PASSED_ON, isConnection: false }), by: taken };
  }

  /** An answer; a connection gets none: in what protocol should it be? */
  #answered(status: number, headers: readonly (readonly [string, string])[]): Verdict {
    return this.#isConnection ? { kind: 'close' } : { kind: 'answer', status, headers };
  }

  /** What `on response` does to an answer; `failure`: a rule could not be decided, and the client gets 500. */
  #answer(
    responseChanges: readonly Rule[],
    facts: AssumedAnswer,
  ): {
    readonly traces: readonly RuleTrace[];
    readonly edits: readonly FieldEdit[];
    readonly failure: { readonly verdict: Verdict; readonly by: RuleTrace } | null;
  } {
    const traces = traceRules(responseChanges, this.#readers, facts, true);
    const fields = new NotedFields();
    for (const trace of traces) {
      if (trace.outcome === 'no match') continue;
      try {
        if (trace.error !== null) throw trace.error;
        const action = this.#action(trace.rule);
        if (action.kind === 'change') action.change(facts, fields);
      } catch (thrown) {
        const verdict: Verdict = { kind: 'error', status: 500, message: reasonOf(thrown) };
        return { traces, edits: [], failure: { verdict, by: trace } };
      }
    }
    return { traces, edits: fields.edits, failure: null };
  }

  /** What a matching rule does; null: it lets the request go on. */
  #end(trace: RuleTrace): Decided | null {
    const failed = (message: string): Decided => ({
      verdict: { kind: 'error', status: 500, message },
      by: trace,
      backend: -1,
    });
    if (trace.error !== null) return failed(trace.error.message);
    try {
      const action = this.#action(trace.rule);
      switch (action.kind) {
        case 'pass':
          return null;
        case 'check': {
          const answer = action.check(this.#facts);
          if (answer === null) return null;
          return { verdict: this.#answered(answer.status, answer.headers), by: trace, backend: -1 };
        }
        case 'change':
        case 'request change':
          action.change(this.#facts, this.#request);
          return null;
        case 'answer': {
          const { status, headers } = action.answer(this.#facts);
          return { verdict: this.#answered(status, headers), by: trace, backend: -1 };
        }
        case 'route': {
          const backend = action.route(this.#facts);
          return { verdict: { kind: 'send', backend: '' }, by: trace, backend };
        }
      }
    } catch (thrown) {
      return failed(reasonOf(thrown));
    }
  }

  /** passes notes a rule that lets the request go on although its condition holds. One that fails decides. */
  #passes(rule: Rule): boolean {
    try {
      const action = this.#action(rule);
      const isPassed =
        (action.kind === 'check' && action.check(this.#facts) === null) ||
        (action.kind === 'route' && action.route(this.#facts) === -1);
      if (isPassed) this.#passed.add(rule);
      return isPassed;
    } catch {
      return false;
    }
  }

  /** Tracing ends with the rule that decides, if any does. */
  #decidingOf(traces: readonly RuleTrace[]): RuleTrace | null {
    const last = traces.at(-1);
    return last === undefined || last.outcome === 'no match' || this.#passed.has(last.rule) ? null : last;
  }

  #action(rule: Rule): Action {
    const { verb, args } = rule;
    if (verb === 'tls passthrough') return { kind: 'route', route: () => this.#linker.backend(String(args.backend)) };
    const linker: Linker = { ...this.#linker, scope: this.#scopes.get(rule)! };
    for (const { verbs } of this.#entries) {
      if (verbs !== undefined && Object.hasOwn(verbs, verb))
        return verbs[verb]!(withSecrets(args, maskedSecret), linker);
    }
    throw new GatewayError('SG0505', { request: verb, message: 'no plugin implements this verb' });
  }
}

function unserved(reason: string): Verdict {
  return { kind: 'answer', status: 503, headers: [], reason };
}

function refusedAs({ status, reason }: Refusal): Decided {
  const verdict: Verdict =
    status === null ? { kind: 'close', reason } : { kind: 'answer', status, headers: [], reason };
  return { verdict, by: null, backend: -1 };
}

function pageOf(listener: ListenerPlan, verdict: Verdict | null): string | null {
  if (verdict === null || !('status' in verdict)) return null;
  return errorPageOf(listener, verdict.status)?.file ?? null;
}

function explainRule({ rule, outcome, condition, error }: RuleTrace): RuleExplanation {
  return {
    text: rule.text,
    place: formatPlace(rule.place),
    outcome,
    condition: condition === null ? null : explainCondition(condition),
    error: error?.message ?? null,
  };
}

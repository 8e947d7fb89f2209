/**
 * Judge: what the rules of a plan do with a logged request or connection. Any thread.
 *
 * The matchers and the verbs are those of live traffic. A request takes the same way: what passes TLS on, guards, then routes. Changes do not
 * change a verdict, but for the path that a rewrite may make a bad one, which a log cannot show. Limits count as not
 * exceeded, unless the line says that one was: then nobody can tell. Secrets are not read: no verdict shows them.
 */
import { type Action, type DataEntry, maskedSecret, type ReadHead } from '@sluice/core';
import { compileRules, type RuleMatcher, serverName } from '@sluice/dsl/match';
import { addressesOf, formatPlace, type ListenerPlan, type Plan, type Rule, withSecrets } from '@sluice/dsl/plan';
import { planLinker } from '../link-rules.ts';
import type { LogLine } from './log-line.ts';
import { headOf, LoggedFacts, unknownIn } from './logged-facts.ts';

/** What a rule that decides is called in the summary. */
export interface RuleName {
  readonly text: string;
  /** `file:line:column` */
  readonly place: string;
}

export type NewVerdict =
  /** `reason`: it is refused before any rule is asked. */
  | {
      readonly kind: 'answer';
      readonly status: number | null;
      readonly rule: RuleName | null;
      readonly reason?: string;
    }
  /** `isPassedOn`: undecrypted. */
  | { readonly kind: 'send'; readonly backend: string; readonly isPassedOn: boolean; readonly rule: RuleName | null }
  | { readonly kind: 'close'; readonly rule: RuleName | null }
  /** A connection that no line passes on: its requests would be judged, and the log has none. */
  | { readonly kind: 'open'; readonly rule: null }
  /** It depends on what the log does not say. */
  | { readonly kind: 'unknown'; readonly fact: string; readonly rule: RuleName | null };

/** What limits answer. */
const TOO_MANY = 429;

interface Step {
  readonly name: RuleName;
  readonly rule: Rule;
  readonly action: Action;
}

interface Part {
  readonly matcher: RuleMatcher;
  readonly steps: readonly Step[];
}

interface Listener {
  readonly plan: ListenerPlan;
  /** undefined: of a `tcp` listener it is not known what connections carry. */
  readonly scheme: 'http' | 'https' | undefined;
  /** Undefined stands for a Unix socket. */
  readonly ports: readonly (number | undefined)[];
  readonly passthroughs: Part;
  readonly guards: Part;
  readonly routes: Part;
}

export class Judge {
  readonly #plan: Plan;
  readonly #readHead: ReadHead;
  readonly #listeners: readonly Listener[];
  readonly #chosen: Listener | undefined;

  /** `listener` is the one that takes every line that names none; null: found by scheme and port. */
  constructor(plan: Plan, entries: readonly DataEntry[], listener: string | null, readHead: ReadHead) {
    this.#plan = plan;
    this.#readHead = readHead;
    const linker = planLinker(plan, entries);
    const readers = new Map(entries.flatMap(({ fields }) => Object.entries(fields ?? {})));
    const part = (rules: readonly Rule[]): Part => ({
      matcher: compileRules(rules, readers),
      steps: rules.map((rule) => {
        const name = { text: rule.text, place: formatPlace(rule.place) };
        if (rule.verb === 'tls passthrough') {
          const backend = linker.backend(String(rule.args.backend));
          return { name, rule, action: { kind: 'route', route: () => backend } };
        }
        const entry = entries.find(({ verbs }) => verbs !== undefined && Object.hasOwn(verbs, rule.verb))!;
        return { name, rule, action: entry.verbs![rule.verb]!(withSecrets(rule.args, maskedSecret), linker) };
      }),
    });
    this.#listeners = plan.listeners.map((each) => ({
      plan: each,
      scheme: each.protocol === 'tcp' ? undefined : each.tls === null ? 'http' : 'https',
      ports: addressesOf(each).map((address) => ('port' in address ? address.port : undefined)),
      passthroughs: part(each.passthroughs ?? []),
      guards: part(each.guards),
      routes: part(each.routes),
    }));
    this.#chosen = this.#listeners.find(({ plan: { name } }) => name === listener);
  }

  judge(logged: LogLine): NewVerdict {
    const listener = this.#listenerOf(logged);
    if (listener === null) return { kind: 'unknown', fact: 'listener', rule: null };
    const { plan, scheme, ports } = listener;
    const port = ports.length === 1 ? ports[0] : undefined;
    const isRead = plan.protocol === 'http';
    // What was read well once may be refused by these rules, or seen as another path or method.
    const read = logged.isConnection === true || !isRead ? null : this.#readHead(headOf(logged), plan);
    const path = read?.path ?? '';
    const line = read === null || read.method === logged.method ? logged : { ...logged, method: read.method };
    const facts = new LoggedFacts(line, path, scheme, port);
    // Whoever stands between is not in the log, and is whom these lines see.
    const isHidden = plan.clientIp !== null && line.isConnection !== true;
    const peer = isHidden ? { ...line, client: undefined } : line;
    const connection = isHidden ? new LoggedFacts(peer, path, scheme, port) : facts;
    const verdict = this.#part(listener.passthroughs, connection, line);
    if (verdict !== null) return verdict.kind === 'send' ? { ...verdict, isPassedOn: true } : verdict;
    if (line.isConnection === true && isRead) return { kind: 'open', rule: null };
    // Live traffic logs the unspecified address for a client whose address could not be read, and refuses it.
    const isUnknown = isHidden && line.client?.text === '::';
    if (isUnknown) return { kind: 'answer', status: 400, rule: null };
    const refusal = read?.refusal ?? null;
    if (refusal !== null) return { kind: 'answer', status: refusal.status, rule: null, reason: refusal.reason };
    const misdirected = isRead ? this.#misdirected(listener, peer, path, port) : null;
    if (misdirected !== null) return misdirected;
    const judged = this.#part(listener.guards, facts, line) ??
      this.#part(listener.routes, facts, line) ?? { kind: 'answer', status: 404, rule: null };
    if (isRead) return judged;
    // A connection gets no answer: in what protocol should it be?
    if (judged.kind === 'answer') return { kind: 'close', rule: judged.rule };
    return judged.kind === 'send' ? { ...judged, isPassedOn: plan.isPassthrough === true } : judged;
  }

  /** misdirected: a connection that asks for the request's host by name would be passed through, so that it gets 421 on another. */
  #misdirected(
    { passthroughs, scheme }: Listener,
    line: LogLine,
    path: string,
    port: number | undefined,
  ): NewVerdict | null {
    if (passthroughs.steps.length === 0 || scheme !== 'https' || line.host === undefined || line.host === '')
      return null;
    const sni = serverName(line.host);
    if (sni === line.sni) return null;
    const verdict = this.#part(passthroughs, new LoggedFacts({ ...line, sni }, path, scheme, port), line);
    return verdict?.kind === 'send' ? { kind: 'answer', status: 421, rule: verdict.rule } : verdict;
  }

  #listenerOf(line: LogLine): Listener | null {
    const named = this.#listeners.find(({ plan }) => plan.name === line.listener);
    if (named !== undefined) return named;
    if (this.#chosen !== undefined) return this.#chosen;
    const takers = this.#listeners.filter(({ plan }) =>
      line.isConnection === true
        ? plan.protocol === 'tcp' || plan.passthroughs !== undefined
        : plan.protocol === 'http',
    );
    const fits = takers.filter(
      ({ scheme, ports }) =>
        (line.scheme === undefined || scheme === undefined || line.scheme === scheme) &&
        (line.port === undefined || ports.includes(line.port)),
    );
    if (fits.length === 1) return fits[0]!;
    return takers.length === 1 ? takers[0]! : null;
  }

  /** A rule that lets the request go on, such as a limit, is not the last of its part, unless it says `allow`. */
  #part({ matcher, steps }: Part, facts: LoggedFacts, { status }: LogLine): NewVerdict | null {
    for (let start = 0; start < steps.length; ) {
      let index: number;
      try {
        index = matcher.next(facts, start);
      } catch (thrown) {
        return undecided(thrown, steps[(thrown as { rule?: number }).rule ?? -1] ?? null);
      }
      if (index < 0) return null;
      const step = steps[index]!;
      const { action, name } = step;
      try {
        if (action.kind === 'pass') return null;
        if (action.kind === 'answer') return { kind: 'answer', status: statusOf(step, facts), rule: name };
        if (action.kind === 'check' && status === TOO_MANY) {
          return { kind: 'unknown', fact: 'rate of the requests', rule: name };
        }
        if (action.kind === 'route') {
          const backend = this.#plan.backends[action.route(facts)];
          if (backend !== undefined) return { kind: 'send', backend: backend.name, isPassedOn: false, rule: name };
        }
      } catch (thrown) {
        return undecided(thrown, step);
      }
      start = index + 1;
    }
    return null;
  }
}

/** An answer's status stands in the rule most of the time, also when what else is in it is unknown. */
function statusOf({ action, rule }: Step, facts: LoggedFacts): number | null {
  try {
    return action.kind === 'answer' ? action.answer(facts).status : null;
  } catch (thrown) {
    if (unknownIn(thrown) === null) throw thrown;
    return typeof rule.args.status === 'number' ? rule.args.status : null;
  }
}

function undecided(thrown: unknown, step: Step | null): NewVerdict {
  const unknown = unknownIn(thrown);
  const rule = step?.name ?? null;
  return unknown === null ? { kind: 'answer', status: 500, rule } : { kind: 'unknown', fact: unknown.fact, rule };
}

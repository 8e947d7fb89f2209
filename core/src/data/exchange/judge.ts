/**
 * Judge: what a listener's rules say of a request, and what `on response` does to an answer. Hot path; data plane.
 *
 * Guards until the first verdict, then every change that matches, then the first route that leads somewhere. A rule that
 * fails never counts as one that did not match: the request is refused with 500.
 */
import { FieldFailure, MatchError } from '@sluice/dsl/match';
import type { Answer, CertificateProofs } from '../../plugin/data-entry.ts';
import { wordKey } from '../../shared/orders/orders.ts';
import { ListenerIndex } from '../../shared/tables/counters.ts';
import type { LinkedBackend, LinkedListener, LinkedRule } from '../backend/generation.ts';
import type { Loop } from '../loop/loop.ts';
import type { FieldEdits } from '../message/field-edits.ts';
import type { LiveRequest } from '../message/live-request.ts';
import { dropAliases } from '../message/own-fields.ts';
import type { RequestEdits } from '../message/request-edits.ts';
import type { AnsweredRequest } from './answered-request.ts';

/** Where a request goes: to `backend`, or to nobody: then `answer` says what it gets, or, when that is null, `status`. */
export interface Verdict {
  backend: LinkedBackend | null;
  answer: Answer | null;
  status: number;
  /** The rule that decided; null: none did. */
  rule: LinkedRule | null;
}

/** One an event loop, filled by `judge` and read at once. */
const verdict: Verdict = { backend: null, answer: null, status: 0, rule: null };

const NONE: readonly string[] = [];

/** judge runs the rules. `edits` is filled with what the changes want; `isTrusted`: the peer may say who the client is. */
export function judge(
  request: LiveRequest,
  listener: LinkedListener,
  isTrusted: boolean,
  edits: RequestEdits,
  loop: Loop,
): Verdict {
  verdict.backend = null;
  verdict.answer = null;
  verdict.status = 0;
  verdict.rule = null;
  edits.start(request, listener.paths);
  if (listener.proofs !== null) {
    verdict.answer = proofFor(request, listener, listener.proofs, loop);
    if (verdict.answer !== null) return verdict;
  }
  const { clientHeader, judgedNames } = listener;
  if (clientHeader !== null) {
    if (isTrusted && request.isPassedOn) edits.set(clientHeader, request.ip.text);
    else edits.hide(clientHeader);
  }
  if (judgedNames !== null && (request.fields.hasOddNames || judgedNames.hasOdd)) dropAliases(request, judgedNames);
  for (const name of listener.ownHeaders ?? NONE) edits.hide(name);
  if (listener.forwardsCertificate && request.peer !== null) {
    const { clientCert } = request.peer;
    if (clientCert !== '') edits.set('Client-Cert', clientCert);
  }
  let rules: readonly LinkedRule[] = listener.guardRules;
  let index = -1;
  try {
    const { guards, changes, routes } = listener;
    for (index = guards.next(request, 0); index !== -1; index = guards.next(request, index + 1)) {
      const { action, hits } = rules[index]!;
      loop.ruleHits.add(hits);
      if (action.kind === 'check') {
        verdict.answer = action.check(request);
        if (verdict.answer === null) continue;
        loop.counters.listener(listener.slot, ListenerIndex.limited);
      } else if (action.kind === 'answer') {
        verdict.answer = action.answer(request);
      } else {
        break;
      }
      if (verdict.answer.status >= 400) loop.counters.listener(listener.slot, ListenerIndex.denied);
      verdict.rule = rules[index]!;
      return verdict;
    }
    rules = listener.changeRules;
    for (index = changes.next(request, 0); index !== -1; index = changes.next(request, index + 1)) {
      const { action, hits } = rules[index]!;
      loop.ruleHits.add(hits);
      if (action.kind === 'change' || action.kind === 'request change') action.change(request, edits);
    }
    if (edits.isBad) {
      verdict.status = 400;
      return verdict;
    }
    rules = listener.routeRules;
    for (index = routes.next(request, 0); index !== -1; index = routes.next(request, index + 1)) {
      const { action, hits } = rules[index]!;
      loop.ruleHits.add(hits);
      if (action.kind === 'route') {
        const backend = action.route(request);
        if (backend === -1) continue;
        verdict.backend = listener.generation.backends[backend]!;
      } else if (action.kind === 'answer') {
        verdict.answer = action.answer(request);
      } else {
        verdict.status = 500;
      }
      verdict.rule = rules[index]!;
      return verdict;
    }
    verdict.status = 404;
  } catch (error) {
    const rule = rules[error instanceof MatchError ? error.rule : index] ?? null;
    ruleFailed(listener, rule, error, loop);
    verdict.rule = rule;
    verdict.backend = null;
    verdict.answer = null;
    verdict.status = 500;
  }
  return verdict;
}

/** proofFor is the answer to an authority that asks whether a name leads here; null: it is no such request. */
function proofFor(
  request: LiveRequest,
  listener: LinkedListener,
  proofs: readonly CertificateProofs[],
  loop: Loop,
): Answer | null {
  for (const each of proofs) {
    if (!request.path.startsWith(each.path!)) continue;
    try {
      const answer = each.answer(request);
      if (answer !== null) return answer;
    } catch (error) {
      loop.counters.listener(listener.slot, ListenerIndex.pluginErrors);
      loop.failures.report(
        `proof ${listener.name} ${each.path}`,
        'a certificate source failed to answer a challenge; the rules judge the request',
        { listener: listener.name, path: each.path },
        error,
      );
    }
  }
  return null;
}

/** changeAnswer fills `edits` with what `on response` wants. False: a rule failed, and the answer must not go out. */
export function changeAnswer(facts: AnsweredRequest, listener: LinkedListener, edits: FieldEdits, loop: Loop): boolean {
  const { responses, responseRules } = listener;
  edits.clear();
  if (responses === null) return true;
  let index = -1;
  try {
    for (index = responses.next(facts, 0); index !== -1; index = responses.next(facts, index + 1)) {
      const { action, hits } = responseRules[index]!;
      loop.ruleHits.add(hits);
      if (action.kind === 'change') action.change(facts, edits);
    }
    return true;
  } catch (error) {
    ruleFailed(listener, responseRules[error instanceof MatchError ? error.rule : index] ?? null, error, loop);
    return false;
  } finally {
    facts.done();
  }
}

/** ruleFailed counts and logs a rule that broke. */
export function ruleFailed(listener: LinkedListener, rule: LinkedRule | null, error: unknown, loop: Loop): void {
  loop.counters.listener(listener.slot, ListenerIndex.pluginErrors);
  const isField = (error instanceof MatchError || error instanceof FieldFailure) && error.field !== '';
  const field = isField ? wordKey('field', error.field) : null;
  const word = field ?? (rule === null ? undefined : wordKey('verb', rule.rule.verb));
  const plugin = word === undefined ? undefined : listener.generation.owner(word);
  const at = rule === null ? undefined : `${rule.rule.place.file}:${rule.rule.place.line}`;
  const whose = word === undefined ? '' : plugin === undefined ? ` in ${word}` : ` in ${word} of plugin ${plugin}`;
  const fields = { listener: listener.name, rule: rule?.rule.text, at, plugin, word };
  loop.failures.report(
    `rule ${listener.name} ${at} ${word}`,
    `a rule failed${whose}; the request was refused with 500`,
    fields,
    error,
  );
}

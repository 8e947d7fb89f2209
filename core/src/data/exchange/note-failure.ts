/**
 * NoteFailure: remembers a request that was refused or failed, for who asks what went wrong lately. Hot path; data plane.
 */
import type { LinkedBackend, LinkedListener, LinkedRule } from '../backend/generation.ts';
import type { NotedFailure } from '../loop/error-ring.ts';
import type { Loop } from '../loop/loop.ts';
import type { LiveRequest } from '../message/live-request.ts';

/** FailingExchange is what is noted of an exchange. */
interface FailingExchange {
  readonly request: LiveRequest;
  readonly listener: LinkedListener;
  readonly rule: LinkedRule | null;
  readonly sentTo: LinkedBackend | null;
  readonly serverIndex: number;
  readonly failure: string;
  readonly isRelayed: boolean;
  readonly loop: Loop;
}

/** What an exchange that somebody ended is noted with. */
export const ENDED = 'the gateway stops, or an operator ended it';
/** A rule that was to answer threw. */
export const RULE_FAILED = 'the rule failed';

/** One an event loop, filled and read at once. */
const noted: NotedFailure = {
  ...{ kind: 'refused', why: '', client: '', listener: '', status: 0, place: null, backend: null, server: null },
};

/** noteOwnAnswer notes an answer of the gateway's own, if it refuses the request or tells of a failure. */
export function noteOwnAnswer(exchange: FailingExchange, status: number): void {
  if (status < 400) return;
  const { request, rule, sentTo, failure } = exchange;
  // What answers in place of servers says 404 as they do: that is no failure of the gateway's.
  if (status < 500 && failure === '' && sentTo !== null && sentTo.service !== null) return;
  if (request.refusal !== '') note(exchange, 'refused', request.refusal, status);
  else if (failure === ENDED) note(exchange, 'ended', failure, status);
  else if (sentTo !== null) note(exchange, 'server', failure, status);
  else if (rule === null) note(exchange, 'no-rule', failure === '' ? 'no rule took the request' : failure, status);
  else
    note(exchange, rule.action.kind === 'check' ? 'limit' : 'rule', failure === '' ? rule.rule.text : failure, status);
}

/** noteServerAnswer notes a server's own answer, if it says that the server has failed. */
export function noteServerAnswer(exchange: FailingExchange, status: number): void {
  if (status >= 500) note(exchange, 'answer', 'the server said so', status);
}

/** noteBrokenOff notes an answer that a server began and did not end. */
export function noteBrokenOff(exchange: FailingExchange, why: string): void {
  note(exchange, 'server', why, exchange.request.status);
}

function note(exchange: FailingExchange, kind: NotedFailure['kind'], why: string, status: number): void {
  const { request, rule, sentTo, listener, loop, isRelayed } = exchange;
  noted.kind = kind;
  noted.why = why;
  noted.client = request.ip.text;
  noted.listener = listener.name;
  noted.status = isRelayed ? 0 : status;
  noted.place = rule === null ? null : rule.rule.place;
  noted.backend = sentTo === null ? null : sentTo.name;
  noted.server = sentTo === null ? null : serverName(sentTo, exchange.serverIndex);
  const method = isRelayed ? '' : request.sentMethod;
  loop.errors.add(noted, method, isRelayed ? '' : request.path, Date.now());
}

function serverName({ plan }: LinkedBackend, index: number): string | null {
  return index === -1 ? null : (plan.servers[index]?.name ?? null);
}

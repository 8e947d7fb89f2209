/**
 * OwnAnswer: the gateway's own answers: which one, changed how, and what happens when a plugin made one that
 * cannot be sent. Data plane.
 */
import type { Answer } from '../../plugin/data-entry.ts';
import type { Loop } from '../loop/loop.ts';
import { FieldEdits } from '../message/field-edits.ts';
import { selfAnswerFields } from '../message/self-answer.ts';
import { AnsweredRequest } from './answered-request.ts';
import type { Exchange } from './exchange.ts';
import { changeAnswer, ruleFailed } from './judge.ts';

const answerEdits = new FieldEdits();
const noEdits = new FieldEdits();
const answered = new AnsweredRequest();

/** standardAnswer is the answer of a status where nobody has made another: the listener's own page, or the gateway's. */
export function standardAnswer({ listener, request }: Exchange, status: number): Answer {
  const page = listener.errorPages === null ? undefined : listener.errorPages.get(status);
  return page === undefined ? listener.generation.errorAnswer(status) : page(request);
}

/**
 * sendOwnAnswer has the client's side write an answer. Returns its status, which is another when the answer, or a rule that
 * changes it, failed. `isLast`: nothing more of the client counts; `mayChange`: `on response` has its say.
 */
export function sendOwnAnswer(
  exchange: Exchange,
  answer: Answer,
  isLast: boolean,
  mayChange: boolean,
  loop: Loop,
): number {
  const { client, listener, request } = exchange;
  try {
    const standard = standardAnswer(exchange, answer.status);
    const isChanged = mayChange && listener.responses !== null;
    if (isChanged) {
      const facts = answered.ofGateway(request, answer.status, selfAnswerFields(answer, standard));
      if (!changeAnswer(facts, listener, answerEdits, loop)) {
        return sendOwnAnswer(exchange, standardAnswer(exchange, 500), isLast, false, loop);
      }
    }
    client.sendOwn(answer, standard, isChanged ? answerEdits : noEdits, isLast);
    if (listener.log !== null && listener.log.answerHeaders.length > 0) noteHeaders(exchange, answer, standard);
    return answer.status;
  } catch (error) {
    // A plugin made an answer that cannot be sent.
    ruleFailed(listener, exchange.rule, error, loop);
    sendFailure(exchange, isLast);
    return 500;
  }
}

/** noteHeaders keeps what access logs want to know of the answer. */
function noteHeaders(exchange: Exchange, answer: Answer, standard: Answer): void {
  const { request, listener } = exchange;
  const facts = answered.ofGateway(request, answer.status, selfAnswerFields(answer, standard));
  exchange.loggedHeaders = listener.log!.answerHeaders.map((name) => facts.answerHeader(name));
}

function sendFailure(exchange: Exchange, isLast: boolean): void {
  try {
    const own = standardAnswer(exchange, 500);
    exchange.client.sendOwn(own, own, noEdits, isLast);
  } catch {
    const bare: Answer = { status: 500, headers: [], body: '' };
    exchange.client.sendOwn(bare, bare, noEdits, isLast);
  }
}

/**
 * AnswerText: what an HTTP/1 client is sent of answers besides bodies. Hot path; data plane.
 */
import type { AnswerHead } from '../message/answer-head.ts';
import { FieldEdits } from '../message/field-edits.ts';
import { answerHead } from '../message/forward-head.ts';
import type { LiveRequest } from '../message/live-request.ts';

const noEdits = new FieldEdits();

/** connectionField says what becomes of the connection, where the version of HTTP does not say it already. */
export function connectionField(request: LiveRequest, isLast: boolean): string {
  if (isLast) return 'Connection: close\r\n';
  return request.isHttp11 ? '' : 'Connection: keep-alive\r\n';
}

/** interimText is an interim answer; empty for HTTP/1.0 clients, and for a 100 that was not asked for. */
export function interimText(answer: AnswerHead, request: LiveRequest): string {
  const isWanted = request.isHttp11 && (answer.status !== 100 || request.expectsContinue);
  return isWanted ? answerHead(answer, noEdits, '', '') : '';
}

/** switchText is an answer with 101. */
export function switchText(answer: AnswerHead, added: string): string {
  return answerHead(answer, noEdits, '', `Connection: Upgrade\r\nUpgrade: ${answer.upgrade}\r\n${added}`);
}

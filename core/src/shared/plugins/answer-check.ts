/**
 * AnswerCheck: is what a plugin answered something that can be sent. Both planes, so that explain and live traffic agree.
 *
 * Every answer of a plugin passes through here: those of guards, routes, services, error answers and certificate proofs.
 * Whoever catches the error refuses the request with 500 and names the plugin and its word.
 */
import { isPromise, wrongValue } from '@sluice/dsl/match';
import type { Answer } from '../../plugin/data-entry.ts';
import { FRAMING } from '../../plugin/framing-fields.ts';
import type { ServedAnswer } from '../../plugin/service.ts';
import { isToken } from '../judgement/field-name.ts';

const framing: ReadonlySet<string> = new Set(FRAMING);

/**
 * checkAnswer returns the answer of a guard, a route or an error page. Throws TypeError for one that cannot be sent: a status
 * that is not a whole number from 200 to 599, a header that is none or belongs to the gateway, a body that is neither text nor
 * null, or a body with a status that has none (204 and 304).
 */
export function checkAnswer(answer: Answer): Answer {
  checkHead(answer, 'an answer with `status`, `headers` and `body`');
  const { status, headers, body } = answer;
  if (body !== null && typeof body !== 'string') {
    throw wrongValue(`the answer's body is`, body, 'text or null');
  }
  if (body !== null && body !== '' && hasNoBody(status)) throw bodyless(status);
  checkHeaders(headers, body === null ? null : () => Buffer.byteLength(body));
  return answer;
}

/**
 * checkServed does the same for a service's answer, whose body is bytes, a stream, or null, and whose `length` must agree.
 * `isHead`: the body is left out anyway, so that no bytes will do for it.
 */
export function checkServed(answer: ServedAnswer, isHead: boolean): ServedAnswer {
  checkHead(answer, 'an answer with `status`, `headers`, `length` and `body`');
  const { status, headers, length, body } = answer;
  if (!(Number.isSafeInteger(length) && length >= 0)) {
    throw wrongValue(`the answer's length is`, length, 'a whole number of bytes');
  }
  if (body === null) {
    if (length !== 0) throw new TypeError(`the answer's length is ${length} without a body, expected 0`);
  } else if (Buffer.isBuffer(body)) {
    if (body.length !== length && !(isHead && body.length === 0)) {
      throw new TypeError(`the answer's length is ${length}, but its body has ${body.length} bytes`);
    }
  } else if (typeof body?.read !== 'function' || typeof body.close !== 'function') {
    throw wrongValue(`the answer's body is`, body, 'a Buffer, an object with `read` and `close`, or null');
  }
  if (length > 0 && hasNoBody(status)) throw bodyless(status);
  checkHeaders(headers, body === null ? null : () => length);
  return answer;
}

function hasNoBody(status: number): boolean {
  return status === 204 || status === 304;
}

function bodyless(status: number): TypeError {
  return new TypeError(`the answer has a body, which status ${status} cannot have (RFC 9110, section 6.4.1)`);
}

function checkHead(answer: Answer | ServedAnswer, expected: string): void {
  if (typeof answer !== 'object' || answer === null || isPromise(answer))
    throw wrongValue('it returned', answer, expected);
  const { status } = answer;
  if (!(Number.isInteger(status) && status >= 200 && status <= 599)) {
    throw wrongValue(`the answer's status is`, status, 'a whole number from 200 to 599');
  }
}

/** `bytes` is the length of the body; null: the gateway fills it in. */
function checkHeaders(headers: Answer['headers'], bytes: (() => number) | null): void {
  if (!Array.isArray(headers)) {
    throw wrongValue(`the answer's headers are`, headers, 'a list of [name, value]');
  }
  for (const header of headers as Answer['headers']) {
    if (!Array.isArray(header) || typeof header[0] !== 'string') {
      throw wrongValue(`a header of the answer is`, header, '[name, value]');
    }
    const [name, value] = header as readonly [string, unknown];
    if (!isToken(name)) throw new TypeError(`${JSON.stringify(name)} is not a header name`);
    if (typeof value !== 'string') {
      throw wrongValue(`the value of header ${name} is`, value, 'text');
    }
    if (/[\r\n\0]/.test(value)) throw new TypeError(`the value of header ${name} has a line break or NUL in it`);
    const lower = name.toLowerCase();
    if (!framing.has(lower)) continue;
    if (lower !== 'content-length' || bytes === null || value !== String(bytes())) {
      throw new TypeError(`the answer has the header ${name}: the gateway frames messages itself`);
    }
  }
}

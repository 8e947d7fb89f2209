/**
 * SelfAnswer: the gateway's own answers, as text ready to send. Data plane.
 */
import type { Answer } from '../../plugin/data-entry.ts';
import { isToken } from '../../shared/judgement/field-name.ts';
import { type FieldEdits, toFieldValue } from './field-edits.ts';

/** Not imported: that would load `fetch` and all that belongs to it, in every thread. */
const { STATUS_CODES } = process.getBuiltinModule('node:http');

/** Fields that the gateway writes itself, whatever a plugin says. */
export const OWN_FIELDS = new Set(['content-length', 'transfer-encoding', 'connection', 'date', 'trailer', 'upgrade']);

let dateAt = -1;
let date = '';

/** dateField is the Date field (RFC 9110 section 6.6.1), made once a second. */
export function dateField(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== dateAt) {
    dateAt = second;
    date = `Date: ${new Date(second * 1000).toUTCString()}\r\n`;
  }
  return date;
}

/** selfAnswerFields are the fields of an answer, those of the standard one included where that fills in its body. */
export function selfAnswerFields(answer: Answer, standard: Answer): Answer['headers'] {
  if (answer.body !== null || answer.status === 204 || answer.status === 304) return answer.headers;
  if (answer.headers.some(([name]) => name.toLowerCase() === 'content-type')) return answer.headers;
  return answer.headers.length === 0 ? standard.headers : [...answer.headers, ...standard.headers];
}

/**
 * selfAnswer renders an answer. `standard` fills in the body when the answer has none; `isHead` leaves the body out;
 * `connection` is a field line or empty; `edits` are the changes of the fields.
 */
export function selfAnswer(
  answer: Answer,
  standard: Answer,
  isHead: boolean,
  connection: string,
  edits: FieldEdits,
): string {
  let fields = edits.isHidden('date') ? '' : dateField();
  for (const [name, value] of selfAnswerFields(answer, standard)) {
    if (!isToken(name)) throw new Error(`\`${name}\` is no header name`);
    const lower = name.toLowerCase();
    if (!OWN_FIELDS.has(lower) && !edits.isHidden(lower)) fields += `${name}: ${toFieldValue(value)}\r\n`;
  }
  const hasNoBody = answer.status === 204 || answer.status === 304;
  const text = hasNoBody ? '' : (answer.body ?? standard.body ?? '');
  const body = Buffer.from(text, 'utf8');
  const length = hasNoBody ? '' : `Content-Length: ${body.length}\r\n`;
  const reason = STATUS_CODES[answer.status] ?? 'Unknown';
  const added = edits.isEmpty ? '' : edits.lines();
  return `HTTP/1.1 ${answer.status} ${reason}\r\n${fields}${length}${connection}${added}\r\n${isHead ? '' : body.latin1Slice()}`;
}

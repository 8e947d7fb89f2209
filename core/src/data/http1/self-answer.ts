/**
 * SelfAnswer: answers that the gateway gives by itself, as text ready to send. Data plane.
 */
import { STATUS_CODES } from 'node:http';
import type { Answer } from '../../plugin/data-entry.ts';
import { isToken, toFieldValue } from './field-edits.ts';

/** Fields that the gateway writes itself, whatever a plugin says. */
const OWN_FIELDS = new Set(['content-length', 'transfer-encoding', 'connection', 'date', 'trailer', 'upgrade']);

let dateAt = -1;
let date = '';

/** dateField is the Date field (RFC 9110 section 6.6.1), made once a second. */
function dateField(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== dateAt) {
    dateAt = second;
    date = `Date: ${new Date(second * 1000).toUTCString()}\r\n`;
  }
  return date;
}

/**
 * selfAnswer renders an answer. `standard` fills in the body when the answer has none; `isHead` leaves the body out;
 * `connection` is a field line or empty.
 */
export function selfAnswer(answer: Answer, standard: Answer, isHead: boolean, connection: string): string {
  const isBare = answer.body === null && answer.status !== 204 && answer.status !== 304;
  let fields = '';
  let hasType = false;
  for (const [name, value] of answer.headers) {
    if (!isToken(name)) throw new Error(`\`${name}\` is no header name`);
    const lower = name.toLowerCase();
    if (OWN_FIELDS.has(lower)) continue;
    if (lower === 'content-type') hasType = true;
    fields += `${name}: ${toFieldValue(value)}\r\n`;
  }
  if (isBare && !hasType) {
    for (const [name, value] of standard.headers) {
      if (!OWN_FIELDS.has(name.toLowerCase())) fields += `${name}: ${toFieldValue(value)}\r\n`;
    }
  }
  const hasNoBody = answer.status === 204 || answer.status === 304;
  const text = hasNoBody ? '' : (answer.body ?? standard.body ?? '');
  const body = Buffer.from(text, 'utf8');
  const length = hasNoBody ? '' : `Content-Length: ${body.length}\r\n`;
  const reason = STATUS_CODES[answer.status] ?? 'Unknown';
  return `HTTP/1.1 ${answer.status} ${reason}\r\n${dateField()}${fields}${length}${connection}\r\n${isHead ? '' : body.latin1Slice()}`;
}

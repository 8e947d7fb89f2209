/**
 * AnswerFields: the head of an answer to a field block. Hot path; data plane.
 *
 * Names in lower case, nothing of HTTP/1's connections (RFC 9113 section 8.2.2). One encoder serves a whole event loop: a block is
 * written out before the next one begins.
 */
import type { AnswerHead } from '../../message/answer-head.ts';
import {
  CONNECTION,
  CONTENT_LENGTH,
  DROPPED,
  HOP_BY_HOP,
  TE,
  TRANSFER_ENCODING,
  UPGRADE,
} from '../../message/field-block.ts';
import type { FieldEdits } from '../../message/field-edits.ts';
import { HpackEncoder } from '../hpack/hpack-encoder.ts';

const encoder = new HpackEncoder();

const lowerNames = new Map<string, string>();
const MOST_NAMES = 4096;

function lowerName(name: string): string {
  let lower = lowerNames.get(name);
  if (lower === undefined) {
    lower = name.toLowerCase();
    if (lowerNames.size < MOST_NAMES) lowerNames.set(Buffer.from(name, 'latin1').latin1Slice(), lower);
  }
  return lower;
}

/**
 * answerBlock encodes an answer with the changes of rules. `hasLength`: its Content-Length says what will be sent. `added` are field
 * lines of the gateway's own, or ''. `status` may be another than the answer's own.
 */
export function answerBlock(
  answer: AnswerHead,
  status: number,
  changes: FieldEdits,
  added: string,
  hasLength: boolean,
): HpackEncoder {
  const { fields, text } = answer;
  const hasChanges = !changes.isEmpty;
  encoder.start();
  encoder.status(status);
  for (let index = 0; index < fields.count; index++) {
    switch (fields.kind(index)) {
      case CONNECTION:
      case HOP_BY_HOP:
      case TE:
      case TRANSFER_ENCODING:
      case UPGRADE:
      case DROPPED:
        continue;
      case CONTENT_LENGTH:
        if (!hasLength) continue;
        break;
    }
    if (hasChanges && changes.hides(fields, index, text)) continue;
    const name = text.substring(fields.lineStart(index), fields.nameEnd(index));
    encoder.field(lowerName(name), fields.value(index, text));
  }
  if (added !== '') addLines(added);
  if (hasChanges) addLines(changes.lines());
  return encoder;
}

/** trailerBlock encodes field lines that were checked already; null when there are none. */
export function trailerBlock(lines: string): HpackEncoder | null {
  if (lines === '') return null;
  encoder.start();
  addLines(lines);
  return encoder;
}

/** Lines are `Name: value` with their line ends. */
function addLines(lines: string): void {
  for (let at = 0; at < lines.length; ) {
    const end = lines.indexOf('\r\n', at);
    const colon = lines.indexOf(':', at);
    encoder.field(lowerName(lines.substring(at, colon)), lines.substring(colon + 2, end));
    at = end + 2;
  }
}

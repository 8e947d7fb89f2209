/**
 * AnswerReader: the fields of an answer's HEADERS to the text of an HTTP/1 head. Hot path; data plane.
 *
 * From there on it is read by the same strict parser as any other server's. What RFC 9113 sections 8.2 and 8.3 call malformed is no
 * answer.
 */
import { ENTRY_BYTES } from '../hpack/dynamic-table.ts';
import { CONTENT_LENGTH, type Field, LAST_PSEUDO, MALFORMED, ORDINARY, STATUS } from '../hpack/field.ts';
import type { FieldSink } from '../hpack/hpack-decoder.ts';

export class AnswerReader implements FieldSink {
  isWellFormed = true;
  #mostBytes = 0;
  #bytes = 0;
  #status = '';
  #lines = '';
  #hasLength = false;

  start(mostBytes: number): void {
    this.isWellFormed = true;
    this.#mostBytes = mostBytes;
    this.#bytes = 0;
    this.#status = '';
    this.#lines = '';
    this.#hasLength = false;
  }

  field(field: Field): void {
    this.#bytes += field.octets + ENTRY_BYTES;
    const { kind } = field;
    if (kind === MALFORMED || this.#bytes > this.#mostBytes) this.isWellFormed = false;
    else if (kind !== ORDINARY && kind <= LAST_PSEUDO) {
      // One, and before all others.
      if (kind !== STATUS || this.#status !== '' || this.#lines !== '') this.isWellFormed = false;
      this.#status = field.value;
    } else {
      if (kind === CONTENT_LENGTH) this.#hasLength = true;
      this.#lines += field.line;
    }
  }

  /** head is the text. `isEnd`: no body follows; `isBare`: nor may the fields say how long one would be (HEAD, 304). */
  head(isEnd: boolean, isBare: boolean): string {
    const isInterim = this.#status.startsWith('1');
    const framing =
      this.#hasLength || isInterim || isBare || this.#status === '204'
        ? ''
        : isEnd
          ? 'content-length: 0\r\n'
          : 'transfer-encoding: chunked\r\n';
    return `HTTP/1.1 ${this.#status} \r\n${this.#lines}${framing}\r\n`;
  }
}

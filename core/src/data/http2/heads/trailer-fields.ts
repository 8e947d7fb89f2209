/**
 * TrailerFields: the fields behind a body, as lines. Hot path; data plane.
 *
 * No pseudo-field may be among them (RFC 9113 section 8.1), and none that frames a message or names its sender goes on (RFC 9110 section 6.5.1).
 */
import type { HeaderNames } from '@sluice/dsl/match';
import { isUnforwardable } from '../../message/field-block.ts';
import { ENTRY_BYTES } from '../hpack/dynamic-table.ts';
import { CONTENT_LENGTH, type Field, HOST, LAST_PSEUDO, MALFORMED, ORDINARY, TE } from '../hpack/field.ts';
import type { FieldSink } from '../hpack/hpack-decoder.ts';

export class TrailerFields implements FieldSink {
  /** Each with its line end. */
  lines = '';
  isWellFormed = true;
  #mostBytes = 0;
  #bytes = 0;
  #judged: HeaderNames | null = null;

  /** `judged`: fields of these names, in any spelling, stay behind, as rules judged the head, and servers may add trailers to it. */
  start(mostBytes: number, judged: HeaderNames | null): void {
    this.#judged = judged;
    this.lines = '';
    this.isWellFormed = true;
    this.#mostBytes = mostBytes;
    this.#bytes = 0;
  }

  field(field: Field): void {
    const { kind, name } = field;
    this.#bytes += field.octets + ENTRY_BYTES;
    const isPseudo = kind !== ORDINARY && kind <= LAST_PSEUDO;
    if (isPseudo || kind === MALFORMED || this.#bytes > this.#mostBytes) this.isWellFormed = false;
    if (kind === HOST || kind === CONTENT_LENGTH || kind === TE || name === 'trailer' || isUnforwardable(name)) return;
    if (this.#judged?.has(name) === true) return;
    if (this.isWellFormed) this.lines += field.line;
  }
}

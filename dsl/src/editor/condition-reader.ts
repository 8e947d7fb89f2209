/**
 * ConditionReader: a condition in a line, as the checker reads it. Main thread.
 */
import { OPERATORS } from '../check/conditions/condition.ts';
import { knownHeaders } from '../check/values/header-names.ts';
import type { FieldWord } from '../vocabulary/word.ts';
import { STATUS_DOCS } from './argument-reader.ts';
import type { LineReader } from './line-reader.ts';
import { keywordDoc } from './word-docs.ts';

/** The types of lists by the type of a field, or by the index of a text field. */
const LISTS_FOR: Readonly<Record<string, readonly string[]>> = {
  ip: ['ips'],
  number: ['numbers'],
  host: ['hosts', 'texts'],
  path: ['paths', 'texts'],
};

export class ConditionReader {
  readonly #line: LineReader;

  constructor(line: LineReader) {
    this.#line = line;
  }

  /** read passes over the rest of the line. */
  read(): void {
    const line = this.#line;
    for (;;) {
      const isWhole = this.#test();
      while (line.peek()?.kind === 'close') line.at++;
      if (isWhole) {
        line.propose('and', 'keyword');
        line.propose('or', 'keyword');
      }
      if (line.isDone) return;
      if (line.isWord('and') || line.isWord('or')) line.mark({ kind: 'keyword', word: line.peek()!.value });
      // Whatever this is, the condition may go on behind it.
      else line.at++;
    }
  }

  /** test passes over one test, and says whether it is whole. */
  #test(): boolean {
    const line = this.#line;
    for (;;) {
      line.propose('not', 'keyword');
      if (line.peek()?.kind === 'open') line.at++;
      else if (line.isWord('not')) line.mark({ kind: 'keyword', word: 'not' });
      else break;
    }
    line.propose('all', 'keyword');
    line.propose('every', 'keyword');
    line.proposeNames('define');
    if (line.isWord('all')) {
      line.mark({ kind: 'keyword', word: 'all' });
      return true;
    }
    if (line.isWord('every')) line.mark({ kind: 'keyword', word: 'every' });
    const field = line.field();
    if (field !== null) return this.#comparison(field);
    if (line.wordAt(line.at) === null || line.isWord('and') || line.isWord('or')) return false;
    return line.name('define', false) !== null;
  }

  #comparison(field: FieldWord): boolean {
    const line = this.#line;
    if (field.key !== undefined) {
      if (field.name.endsWith('header')) for (const name of knownHeaders()) line.propose(name, 'value', '');
      if (line.isDone) return false;
      line.mark({ kind: 'key', word: field });
    }
    const operators = [...field.operators, ...(field.isOptional === true ? ['present', 'absent'] : [])];
    for (const operator of operators) line.propose(operator, 'operator', keywordDoc(operator));
    const written = line.wordAt(line.at);
    let operator: string | null = field.defaultOperator;
    if (written !== null && OPERATORS.has(written)) {
      line.mark({ kind: 'operator', word: written });
      operator = written;
    }
    if (operator === null) return false;
    return operator === 'present' || operator === 'absent' || this.#values(field, operator);
  }

  #values(field: FieldWord, operator: string): boolean {
    const line = this.#line;
    const isWhole = operator === 'is' || operator === 'in';
    for (;;) {
      if (isWhole) for (const value of field.values ?? []) line.propose(value, 'value', '');
      this.#proposeLists(field);
      if (field.name === 'status') {
        for (const [status, doc] of Object.entries(STATUS_DOCS)) line.propose(status, 'value', '', doc);
      }
      const word = line.peek();
      if (word === undefined || word.kind === 'open' || word.kind === 'close') return false;
      if (word.kind === 'word' && line.names.of('list').has(word.value)) line.name('list', false);
      else if (word.kind !== 'comma') line.mark({ kind: 'value', word: field });
      if (line.peek()?.kind !== 'comma') break;
      line.at++;
    }
    if (field.type === 'text' && field.ignoresCase !== true) line.propose('anycase', 'keyword');
    if (line.isWord('anycase')) line.mark({ kind: 'keyword', word: 'anycase' });
    return true;
  }

  /** The lists whose entries can be values of the field. */
  #proposeLists(field: FieldWord): void {
    const types = LISTS_FOR[field.type === 'text' ? field.index : field.type] ?? ['texts'];
    for (const [name, text] of this.#line.names.of('list')) {
      const type = /=\s*(\w+)/.exec(text)?.[1];
      if (type !== undefined && types.includes(type)) this.#line.propose(name, 'name', '', text);
    }
  }
}

/**
 * Condition: an expression of the tree to a condition of the plan. Main thread.
 *
 * Everything that an expression says is checked even when part of it is wrong, so that all problems come at once; the
 * result is null when there was any.
 */

import { didYouMean } from '../../diagnostics/suggestion.ts';
import type { Condition, Operator } from '../../plan/condition.ts';
import type { Span } from '../../source/source-text.ts';
import type { Expression, Item, Joint, Phrase } from '../../syntax/tree.ts';
import type { FieldWord } from '../../vocabulary/word.ts';
import { type ConditionPhase, PHASE_RANK } from '../scope/condition-phase.ts';
import { Reader } from '../scope/reader.ts';
import type { Scope } from '../scope/scope.ts';
import { unknownYet } from '../scope/unknown-yet.ts';
import { expectHeaders, expectOperators } from '../values/expected-values.ts';
import { LINE_GOES_ON } from '../values/field-value.ts';
import { misspelledHeader } from '../values/header-names.ts';
import { isToken } from '../values/literals.ts';
import { compareHow, expectFieldValue, readValues, type ValueGroup } from './comparison.ts';
import { checkMissingValues } from './missing-value.ts';
import type { Written } from './written.ts';

/** OPERATOR_DOCS: how a field may be compared. */
export const OPERATOR_DOCS: Readonly<Record<Operator, string>> = {
  is: 'equal to one of the values',
  in: 'one of the values',
  under: 'the path itself and all below it: `under /foo` is `/foo` and `/foo/…`, never `/foobar`',
  starts: 'begins with one of the values',
  ends: 'ends with one of the values',
  contains: 'contains one of the values',
  like: 'fits a pattern in which `*` stands for anything',
  matches: 'fits a regular expression in RE2 syntax: `r"…"`',
  over: 'greater than the number',
  below: 'less than the number',
  between: 'from the first number to the second, both included',
  present: 'is present, whatever its value',
  absent: 'is missing',
};

const OPERATORS: ReadonlySet<string> = new Set(Object.keys(OPERATOR_DOCS));

/** What editors say of the words of conditions. */
const WORDS = {
  not: 'true if the test after it is false',
  all: 'every request',
  every: 'all values of the field must pass; without it, one is enough',
  and: 'both sides must be true; mixing `and` and `or` requires parentheses',
  or: 'at least one side must be true; mixing `and` and `or` requires parentheses',
  anycase: 'ignores case',
} as const;

/** checkCondition checks a whole condition, beginning at an item of its first phrase. */
export function checkCondition(
  scope: Scope,
  expression: Expression,
  from: number,
  phase: ConditionPhase,
): Condition | null {
  const checker = new ConditionChecker(scope, phase);
  const condition = checker.expression(expression, from);
  return condition !== null && checkMissingValues(scope, condition, checker.written) ? condition : null;
}

/** expectTest notes for an editor that a condition may begin here. */
export function expectTest(scope: Scope, reader: Reader, phase: ConditionPhase): void {
  new ConditionChecker(scope, phase).expectTest(reader);
}

class ConditionChecker {
  readonly written = new Map<Condition, Written>();
  readonly #scope: Scope;
  readonly #phase: ConditionPhase;
  /** The word between the phrases of the expression being read. */
  #joint: Joint['kind'] | undefined;

  constructor(scope: Scope, phase: ConditionPhase) {
    this.#scope = scope;
    this.#phase = phase;
  }

  expression(expression: Expression, from: number): Condition | null {
    const kind = expression.joints[0]?.kind;
    const mixed = expression.joints.find((joint) => joint.kind !== kind);
    if (mixed !== undefined) this.#scope.error('SL0301', mixed, { word: mixed.kind });
    const of = expression.phrases.map((phrase, index) => {
      const joint = expression.joints[index - 1];
      if (joint !== undefined) this.#scope.reading?.joint(joint, joint.kind, WORDS[joint.kind]);
      return this.#test(phrase, index === 0 ? from : 0, kind);
    });
    if (mixed !== undefined || of.some((condition) => condition === null)) return null;
    if (kind === undefined) return of[0]!;
    const start = expression.phrases[0]!.items[from]?.start ?? expression.start;
    return this.#note(
      { kind, of: of as Condition[], place: this.#scope.place({ start, end: expression.end }) },
      { start, end: expression.end },
    );
  }

  /** expectTest notes that a test may begin here. */
  expectTest(reader: Reader, mayBeNegated = true): void {
    const { defines, reading } = this.#scope;
    if (reading === null) return;
    if (mayBeNegated) reading.keyword(reader, 'not', WORDS.not);
    reading.keyword(reader, 'all', WORDS.all);
    reading.keyword(reader, 'every', WORDS.every);
    this.#expectField(reader);
    reading.names(reader, 'define', () => defines.namesIn(this.#phase));
  }

  /** A field may be named here; after `every`, only one that may have several values. */
  #expectField(reader: Reader, isEvery = false): void {
    this.#scope.reading?.words(
      reader,
      this.#scope.vocabulary.fields,
      'field',
      (field) => PHASE_RANK[field.phase] <= PHASE_RANK[this.#phase] && (!isEvery || field.isMany === true),
    );
  }

  /** A test is whole here. `and` and `or` are not mixed without parentheses. */
  #expectJoint(reader: Reader): void {
    for (const word of ['and', 'or'] as const) {
      if (this.#joint === undefined || this.#joint === word) this.#scope.reading?.keyword(reader, word, WORDS[word]);
    }
  }

  #note<T extends Condition>(condition: T, span: Span, key: string | null = null): T {
    this.written.set(condition, { span, key });
    return condition;
  }

  /** `joint` is the word between the phrases of the expression, where there is one. */
  #test(phrase: Phrase, from: number, joint: Joint['kind'] | undefined): Condition | null {
    const reader = new Reader(phrase, from);
    this.#joint = joint;
    this.expectTest(reader);
    const not = reader.peek();
    if (not === undefined) return null;
    if (not.kind !== 'not') return this.#positive(reader);
    this.#scope.reading?.mark(not, { kind: 'keyword', word: 'not', doc: WORDS.not });
    reader.at++;
    this.expectTest(reader, false);
    const next = reader.peek();
    if (next === undefined) return this.#scope.error('SL0111', not, { side: 'after', word: 'not' });
    if (next.kind === 'not') {
      this.#scope.error('SL0302', { start: not.start, end: next.end });
      while (reader.peek()?.kind === 'not') reader.at++;
      if (!reader.isDone) this.#positive(reader);
      return null;
    }
    const of = this.#positive(reader);
    if (of === null) return null;
    return this.#note({ kind: 'not', of, place: this.#scope.place({ start: not.start, end: phrase.end }) }, not);
  }

  #positive(reader: Reader): Condition | null {
    const first = reader.peek()!;
    if (first.kind === 'group') {
      reader.at++;
      const joint = this.#joint;
      const of = this.expression(first.of, 0);
      this.#joint = joint;
      this.#expectJoint(reader);
      return this.#isEnded(reader, first) ? of : null;
    }
    if (first.kind !== 'word') {
      const word = this.#scope.source.text.slice(first.start, first.end);
      return this.#scope.error('SL0202', first, { word }, 'Write a field, such as `ip`, or the name of a definition');
    }
    if (first.value === 'all' && !this.#scope.vocabulary.fields.has('all')) {
      this.#scope.reading?.mark(first, { kind: 'keyword', word: 'all', doc: WORDS.all });
      reader.at++;
      this.#expectJoint(reader);
      const condition = this.#note({ kind: 'all', place: this.#scope.place(first) } as const, first);
      return this.#isEnded(reader, first) ? condition : null;
    }
    const every = first.value === 'every' ? first : null;
    if (every !== null) {
      reader.at++;
      this.#expectField(reader, true);
    }
    const field = this.#scope.vocabulary.fields.match(reader.wordAt, reader.at);
    if (field !== null) return this.#field(reader, this.#inPhase(field.value), field.length, every);
    if (every !== null) {
      const item = reader.peek() ?? every;
      return this.#scope.error('SL0223', item, {});
    }
    return this.#named(reader, first.value, first);
  }

  #named(reader: Reader, name: string, span: Span): Condition | null {
    const { defines, lists, reading, vocabulary } = this.#scope;
    reading?.name(reader.peek(), 'define');
    reader.at++;
    const of = defines.resolve(name, this.#phase, span);
    if (of !== undefined) this.#expectJoint(reader);
    if (of === undefined) {
      const known = [...vocabulary.fields.names(), ...defines.names(), 'all'];
      if (lists.has(name)) {
        return this.#scope.error('SL0202', span, { word: name }, `It is a list: write \`ip ${name}\``);
      }
      const fix = vocabulary.verbs.startsWith(name) ? LINE_GOES_ON : null;
      return this.#scope.unknown('SL0202', span, name, known, fix);
    }
    if (!this.#isEnded(reader, span) || of === null) return null;
    return this.#note({ kind: 'named', name, of, place: this.#scope.place(span) }, span);
  }

  /** Nothing may follow in the same phrase: `and` or `or` are missing. */
  #isEnded(reader: Reader, before: Item | Span): boolean {
    const next = reader.peek();
    const hasComma = 'hasComma' in before && before.hasComma;
    if (next === undefined) return true;
    const word = hasComma ? ',' : this.#scope.source.text.slice(next.start, next.end);
    this.#scope.error('SL0206', next, { word }, 'Join tests with `and` or `or`');
    return false;
  }

  /** Inside `on response` some words mean the answer's field. */
  #inPhase(field: FieldWord): FieldWord {
    if (this.#phase !== 'response' || field.onResponse === undefined) return field;
    return this.#scope.vocabulary.fields.get(field.onResponse) ?? field;
  }

  #field(reader: Reader, field: FieldWord, length: number, every: Span | null): Condition | null {
    const scope = this.#scope;
    const start = reader.peek()!.start;
    scope.reading?.markNext(reader, length, { kind: 'field', word: field });
    reader.at += length;
    const word = { start, end: reader.last().end };
    let isRight = this.#isKnownYet(field, word);
    const key = this.#key(reader, field, word);
    if (key === undefined) return null;
    if (every !== null && field.isMany !== true) {
      scope.error('SL0210', every, { field: field.name });
      isRight = false;
    }
    const operator = this.#operator(reader, field, word);
    if (operator === null) return null;
    const last = reader.last();
    let groups: readonly ValueGroup[] = [{ values: [], list: null }];
    if (operator === 'present' || operator === 'absent') {
      if (!reader.isDone) return scope.error('SL0208', reader.rest(), { operator });
    } else {
      const read = readValues(scope, reader, field, operator, last);
      this.#expectJoint(reader);
      if (read === null) return null;
      groups = read;
    }
    this.#expectJoint(reader);
    const anycase = this.#anycase(reader, field, operator);
    if (!isRight || anycase === null) return null;
    const common = {
      kind: 'test',
      field: field.name,
      key: key === null ? null : field.key?.ignoresCase === true ? key.toLowerCase() : key,
      type: field.type,
      anycase,
      every: every !== null,
      place: scope.place({ start: every?.start ?? start, end: reader.last().end }),
    } as const;
    const tests = groups.map(({ values, list, isRange }) =>
      this.#note({ ...common, operator: isRange === true ? 'between' : operator, values, list }, word, key),
    );
    if (tests.length === 1) return tests[0]!;
    // `every` over several lists would need them as one.
    if (every !== null) return scope.error('SL0228', every);
    return this.#note({ kind: 'or', of: tests, place: common.place }, word);
  }

  #isKnownYet(field: FieldWord, span: Span): boolean {
    if (PHASE_RANK[field.phase] <= PHASE_RANK[this.#phase]) return true;
    unknownYet(this.#scope, span, field, this.#phase, this.#scope.vocabulary.fields.values());
    return false;
  }

  /** The key of `header NAME`; null for a field without one, undefined after an error. */
  #key(reader: Reader, field: FieldWord, word: Span): string | null | undefined {
    if (field.key === undefined) return null;
    const scope = this.#scope;
    if (field.name.endsWith('header')) expectHeaders(scope, reader);
    const next = reader.peek();
    if (next === undefined || (next.kind !== 'word' && next.kind !== 'text')) {
      scope.error('SL0203', word, { field: field.name, example: field.example });
      return undefined;
    }
    const following = reader.items[reader.at + 1];
    const isOperator = next.kind === 'word' && OPERATORS.has(next.value);
    if (isOperator && !(following?.kind === 'word' && OPERATORS.has(following.value))) {
      scope.error('SL0203', word, { field: field.name, example: field.example });
      return undefined;
    }
    scope.reading?.mark(next, { kind: 'key', word: field });
    reader.at++;
    const kind = field.name === 'cookie' ? 'cookie' : field.name.endsWith('header') ? 'header' : null;
    if (kind !== null) {
      if (!isToken(next.value)) {
        const fix =
          next.value.endsWith(':') && isToken(next.value.slice(0, -1)) ? `Write \`${next.value.slice(0, -1)}\`` : null;
        scope.error('SL0611', next, { kind, value: next.value }, fix);
        return undefined;
      }
      const meant = kind === 'header' ? misspelledHeader(next.value) : null;
      if (meant !== null) scope.error('SL0619', next, { value: next.value }, `Did you mean \`${meant}\`?`);
    }
    return next.value;
  }

  #operator(reader: Reader, field: FieldWord, word: Span): Operator | null {
    const scope = this.#scope;
    expectOperators(scope, reader, field);
    if (field.defaultOperator !== null) expectFieldValue(scope, reader, field, field.defaultOperator);
    const item = reader.peek();
    const written = reader.wordAt(reader.at);
    if (item === undefined || written === null || !OPERATORS.has(written)) {
      const isGuess =
        item !== undefined && written !== null && reader.items[reader.at + 1] !== undefined && !item.hasComma;
      const fix = isGuess ? didYouMean(written, [...field.operators, 'present', 'absent']) : null;
      if (fix !== null) return scope.error('SL0205', item!, { word: written! }, fix);
      if (field.defaultOperator !== null) {
        if (item !== undefined) return field.defaultOperator;
        return scope.error('SL0207', word, { word: field.name }, `For example \`${field.example}\``);
      }
      return scope.error('SL0212', word, {}, compareHow(field, item));
    }
    scope.reading?.mark(item, { kind: 'operator', word: written });
    reader.at++;
    const operator = written as Operator;
    if (operator === 'present' || operator === 'absent') {
      return field.isOptional === true ? operator : scope.error('SL0209', item, { field: field.name, operator });
    }
    if (item.hasComma) return scope.error('SL0112', item, { word: ',' });
    if (field.operators.includes(operator)) return operator;
    const allowed = [...field.operators, ...(field.isOptional === true ? ['present', 'absent'] : [])];
    return scope.error('SL0204', item, { field: field.name, operator }, `It can be: ${allowed.join(', ')}`);
  }

  #anycase(reader: Reader, field: FieldWord, operator: Operator): boolean | null {
    if (field.type === 'text' && field.ignoresCase !== true && operator !== 'present' && operator !== 'absent') {
      this.#scope.reading?.keyword(reader, 'anycase', WORDS.anycase);
    }
    if (!reader.isWord('anycase')) return false;
    const scope = this.#scope;
    const item = reader.peek()!;
    reader.at++;
    this.#expectJoint(reader);
    if (!reader.isDone) {
      const next = reader.peek()!;
      const word = scope.source.text.slice(next.start, next.end);
      return scope.error('SL0206', next, { word }, 'Join tests with `and` or `or`');
    }
    if (field.type !== 'text') return scope.error('SL0211', item, { field: field.name, operator });
    if (field.ignoresCase === true) scope.error('SL0213', item, { field: field.name });
    return field.ignoresCase !== true;
  }
}

/**
 * TextTest: the operators on text, each compiled to a function of one value. Data plane, hot path.
 */
import { RE2JS } from 're2js';
import type { Operator } from '../../plan/condition.ts';
import type { ValueTable } from '../../plan/value-table.ts';
import { lowerAscii } from '../facts/fact-value.ts';
import { TextSet } from './text-set.ts';
import { TextTrie } from './text-trie.ts';

export type TextTest = (text: string) => boolean;

const SLASH = 0x2f;

/** From this many values on, a Set is quicker than trying one after the other. */
const SET_SIZE = 4;

/** compileTextTest returns a test that holds when the text passes with any of the values. Throws for a bad expression. */
export function compileTextTest(operator: Operator, values: readonly string[], anycase: boolean): TextTest {
  if (operator === 'matches') return anyOf(values.map((value) => matches(value, anycase)));
  const test = compileExact(operator, anycase ? values.map(lowerAscii) : values);
  return anycase ? (text) => test(lowerAscii(text)) : test;
}

/** compileTableTest is compileTextTest over a table that was built of the values. */
export function compileTableTest(operator: Operator, table: ValueTable, anycase: boolean): TextTest {
  const test = testOfTable(operator, table);
  return anycase ? (text) => test(lowerAscii(text)) : test;
}

const anyEntry = (): boolean => true;

function testOfTable(operator: Operator, table: ValueTable): TextTest {
  if (table.kind === 'text set') {
    const set = new TextSet(table);
    return operator === 'under' ? (text) => set.longestAbove(text) >= 0 : (text) => set.indexOf(text) >= 0;
  }
  if (table.kind !== 'text trie') throw new TypeError(`no text is looked up in a table of kind ${table.kind}`);
  const trie = new TextTrie(table.words, table.at);
  if (operator !== 'contains') return (text) => trie.walk(text, 0, anyEntry);
  return (text) => {
    let from = 0;
    do {
      if (trie.walk(text, from, anyEntry)) return true;
    } while (++from < text.length);
    return false;
  };
}

function compileExact(operator: Operator, values: readonly string[]): TextTest {
  switch (operator) {
    case 'is':
    case 'in': {
      if (values.length < SET_SIZE) return anyOf(values.map((value) => (text) => text === value));
      const set = new Set(values);
      return (text) => set.has(text);
    }
    case 'under':
      return values.length < SET_SIZE ? anyOf(values.map(under)) : underAny(new Set(values));
    case 'starts':
      return anyOf(values.map((value) => (text) => text.startsWith(value)));
    case 'ends':
      return anyOf(values.map((value) => (text) => text.endsWith(value)));
    case 'contains':
      return anyOf(values.map((value) => (text) => text.includes(value)));
    case 'like':
      return anyOf(values.map(like));
    default:
      throw new TypeError(`operator \`${operator}\` does not compare text`);
  }
}

function anyOf(tests: readonly TextTest[]): TextTest {
  const [first, second] = tests;
  if (first === undefined) return () => false;
  if (second === undefined) return first;
  if (tests.length === 2) return (text) => first(text) || second(text);
  return (text) => {
    for (let index = 0; index < tests.length; index++) {
      if (tests[index]!(text)) return true;
    }
    return false;
  };
}

/** under means the value and all below it, by whole segments. A value that ends in `/` is only what it begins. */
function under(value: string): TextTest {
  if (value.endsWith('/')) return (text) => text.startsWith(value);
  const length = value.length;
  return (text) => text.startsWith(value) && (text.length === length || text.charCodeAt(length) === SLASH);
}

/** underAny looks up the text and every piece of it that ends at a slash, so that many values cost no more than few. */
function underAny(values: ReadonlySet<string>): TextTest {
  return (text) => {
    if (values.has(text)) return true;
    for (let slash = text.indexOf('/'); slash >= 0; slash = text.indexOf('/', slash + 1)) {
      if (values.has(text.slice(0, slash)) || values.has(text.slice(0, slash + 1))) return true;
    }
    return false;
  };
}

/** like compares the whole text; `*` stands for any run of characters, also none. */
function like(pattern: string): TextTest {
  const parts = pattern.split('*');
  if (parts.length === 1) return (text) => text === pattern;
  const head = parts[0]!;
  const tail = parts.at(-1)!;
  const middle = parts.slice(1, -1).filter((part) => part !== '');
  const shortest = head.length + tail.length;
  return (text) => {
    if (text.length < shortest || !text.startsWith(head) || !text.endsWith(tail)) return false;
    const end = text.length - tail.length;
    let from = head.length;
    for (let index = 0; index < middle.length; index++) {
      const part = middle[index]!;
      const at = text.indexOf(part, from);
      if (at < 0 || at + part.length > end) return false;
      from = at + part.length;
    }
    return true;
  };
}

/** matches searches anywhere, in time linear in the text (RE2). */
function matches(source: string, anycase: boolean): TextTest {
  const expression = RE2JS.compile(source, anycase ? RE2JS.CASE_INSENSITIVE : 0);
  return (text) => expression.test(text);
}

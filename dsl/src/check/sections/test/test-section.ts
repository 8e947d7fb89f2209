/**
 * TestSection: `test "NAME" { given …; expect … }` to the plan's test. Main thread.
 *
 * Items are divided by commas. Nothing here asks whether the expectation is met: that is for whoever runs the tests.
 */
import { didYouMean } from '../../../diagnostics/suggestion.ts';
import { parseIp } from '../../../match/address/parse-ip.ts';
import { readWrittenHead } from '../../../match/request/written-head.ts';
import { parseWrittenRequest } from '../../../match/request/written-request.ts';
import type { Expectation, TestPlan } from '../../../plan/test.ts';
import type { Span } from '../../../source/source-text.ts';
import type { Item, Statement, WordItem } from '../../../syntax/tree.ts';
import type { FieldWord } from '../../../vocabulary/word.ts';
import type { Walk } from '../../scope/reading.ts';
import type { Scope } from '../../scope/scope.ts';
import { EXPECTED_FORMS, expectForms, findForm, GIVEN_FORMS } from './test-forms.ts';

const DEFAULT_IP = '127.0.0.1';

/** checkTest returns the test, or null after reporting what is wrong with it. `listeners` are the names there are. */
export function checkTest(scope: Scope, statement: Statement, listeners: ReadonlySet<string>): TestPlan | null {
  return new TestChecker(scope, statement, listeners).run();
}

/** What editors say of the words that begin a line. */
const GIVEN =
  'the request or connection: `given ip 198.51.100.7, GET https://www.example.com/admin`, `given tcp to :443`';
const EXPECT = 'what is to happen: `expect deny 404 by admin`, `expect send to app`';

/** A run of words up to a comma. */
type Group = readonly WordItem[];

class TestChecker {
  readonly #scope: Scope;
  readonly #statement: Statement;
  readonly #listeners: ReadonlySet<string>;
  /** What is given: `GET URL`, or `tcp [to :PORT]`. */
  #line: { readonly text: string; readonly span: Span; readonly isConnection: boolean } | null = null;
  #sni: string | null = null;
  readonly #alpn: string[] = [];
  #ip: string | null = null;
  #listener: string | null = null;
  readonly #headers: (readonly [string, string])[] = [];
  readonly #fields: Record<string, string | readonly string[]> = {};
  readonly #cookies: string[] = [];
  readonly #expect: { readonly expected: Expectation; readonly span: Span }[] = [];
  #isRight = true;

  constructor(scope: Scope, statement: Statement, listeners: ReadonlySet<string>) {
    this.#scope = scope;
    this.#statement = statement;
    this.#listeners = listeners;
  }

  run(): TestPlan | null {
    const { head, block, isBroken, when, whenSpan } = this.#statement;
    const items = head.phrases[0]?.items ?? [];
    const name = items[1];
    if (this.#scope.reading !== null) for (const each of block?.statements ?? []) this.#note(each);
    if (isBroken) return null;
    if (name === undefined || name.kind !== 'text' || name.value === '') {
      return this.#scope.error('SL0801', name ?? items[0] ?? this.#statement);
    }
    const surplus = items[2] ?? head.joints[0] ?? (when === null ? undefined : whenSpan!);
    if (surplus !== undefined) return this.#scope.error('SL0118', surplus, { word: this.#written(surplus) });
    if (block === null) return this.#scope.error('SL0803', name, { name: name.value });
    const hasBroken = block.statements.some((each) => each.isBroken);
    for (const each of block.statements) if (!each.isBroken) this.#read(each);
    if (!this.#isRight || hasBroken) return null;
    if (this.#line === null) return this.#scope.error('SL0802', name, { name: name.value });
    if (this.#expect.length === 0) return this.#scope.error('SL0803', name, { name: name.value });
    const { span, isConnection } = this.#line;
    if (isConnection && !this.#fitsConnection()) return null;
    const sni = this.#sni === null ? '' : ` sni ${this.#sni}`;
    const alpn = this.#alpn.length === 0 ? '' : ` alpn ${this.#alpn.join(' ')}`;
    const cookies = this.#cookies.length === 0 ? [] : [['Cookie', this.#cookies.join('; ')] as const];
    const request = {
      line: `${this.#line.text}${sni}${alpn}`,
      headers: [...this.#headers, ...cookies],
      ip: this.#ip ?? DEFAULT_IP,
      ...(Object.keys(this.#fields).length === 0 ? {} : { given: this.#fields }),
    };
    try {
      const text = `${request.line} from ${request.ip}`;
      if (isConnection) parseWrittenRequest(text, request.headers);
      else readWrittenHead(text, request.headers);
    } catch (thrown) {
      return this.#scope.error('SL0806', span, { reason: (thrown as Error).message });
    }
    const place = this.#scope.place({ start: items[0]!.start, end: name.end });
    return {
      name: name.value,
      request,
      listener: this.#listener,
      expect: this.#expect.map(({ expected }) => expected),
      place,
    };
  }

  /** fitsConnection: nothing is given or expected that only a request has. */
  #fitsConnection(): boolean {
    const place = this.#line!.span;
    if (this.#headers.length > 0 || this.#cookies.length > 0) {
      this.#wrong('SL0810', place, { what: this.#headers.length > 0 ? 'headers' : 'cookies' });
    }
    for (const { expected, span } of this.#expect) {
      if (expected.kind === 'redirect') this.#wrong('SL0810', span, { what: 'answer' });
      else if (expected.kind === 'header') this.#wrong('SL0810', span, { what: 'headers' });
      else if (expected.kind === 'deny' && expected.status !== null) this.#wrong('SL0810', span, { what: 'answer' });
    }
    return this.#isRight;
  }

  #read({ head, when, whenSpan, block }: Statement): void {
    const [first, ...rest] = head.phrases[0]?.items ?? [];
    if (first === undefined) return;
    const word = first.kind === 'word' ? first.value : null;
    if (word !== 'given' && word !== 'expect') {
      this.#wrong('SL0809', first, { word: this.#written(first) });
      return;
    }
    const surplus = head.joints[0] ?? (when === null ? null : whenSpan);
    const brace = block === null ? null : { start: block.start, end: block.start + 1 };
    const odd = surplus ?? brace;
    if (odd !== null) {
      this.#wrong('SL0118', odd, { word: this.#written(odd) });
      return;
    }
    const code = word === 'given' ? 'SL0804' : 'SL0805';
    if (rest.length === 0) this.#wrong(code, first, { value: word });
    for (const group of this.#groups(rest, code)) {
      if (word === 'given') this.#given(group);
      else this.#expected(group);
    }
  }

  /** note notes for an editor what the words of a line are, and what may follow. */
  #note({ head }: Statement): void {
    const scope = this.#scope;
    const reading = scope.reading!;
    const items = head.phrases[0]?.items ?? [];
    const start = { items, at: 0 };
    reading.keyword(start, 'given', GIVEN);
    reading.keyword(start, 'expect', EXPECT);
    const word = items[0]?.kind === 'word' ? items[0].value : null;
    if (word !== 'given' && word !== 'expect') return;
    for (let from = 1, to = 1; ; from = to) {
      while (to < items.length && !items[to++]!.hasComma);
      const group = items
        .slice(from, to)
        .filter((item): item is WordItem => item.kind === 'word' || item.kind === 'text');
      const isEnded = to > from && items[to - 1]!.hasComma;
      const end = { items, at: isEnded ? 0 : to };
      if (word === 'given') this.#noteField({ items, at: from }, end, group);
      expectForms(scope, word === 'given' ? GIVEN_FORMS : EXPECTED_FORMS, group, end);
      if (!isEnded) return;
    }
  }

  #noteField(start: Walk, end: Walk, group: Group): void {
    const { reading, vocabulary } = this.#scope;
    const isShown = ({ knownFrom }: FieldWord): boolean => knownFrom === 'handshake' || knownFrom === 'proxy';
    reading!.words(start, vocabulary.fields, 'field', isShown);
    const match = vocabulary.fields.match((at) => (group[at]?.kind === 'word' ? group[at].value : null), 0);
    if (match === null || !isShown(match.value)) return;
    if (group.length === match.length) reading!.expect(end, { kind: 'keyword', label: 'is', doc: '' });
    if (group.length !== match.length + 1 || !isWord(group[match.length], 'is')) return;
    for (const value of match.value.values ?? []) reading!.value(end, value);
  }

  /** groups divides items at the commas; what is no word or string is reported. */
  #groups(items: readonly Item[], code: string): readonly Group[] {
    const groups: WordItem[][] = [[]];
    for (const item of items) {
      if (item.kind !== 'word' && item.kind !== 'text') {
        this.#wrong(code, item, { value: this.#written(item) });
        return [];
      }
      groups.at(-1)!.push(item);
      if (item.hasComma) groups.push([]);
    }
    return groups.filter((group) => group.length > 0);
  }

  /** field reads `FIELD is VALUE` for what a connection would show; false: it is something else. */
  #field(group: Group): boolean {
    const { fields } = this.#scope.vocabulary;
    const wordAt = (at: number): string | null => (group[at]?.kind === 'word' ? group[at].value : null);
    const match = fields.match(wordAt, 0);
    if (match === null || (match.value.knownFrom !== 'handshake' && match.value.knownFrom !== 'proxy')) return false;
    const { name, values, ignoresCase, isMany } = match.value;
    const item = group[match.length + 1];
    if (!isWord(group[match.length], 'is') || item === undefined || group.length !== match.length + 2) return false;
    const value = ignoresCase === true ? item.value.toLowerCase() : item.value;
    const before = this.#fields[name];
    if (values !== undefined && !values.includes(value)) {
      this.#wrong('SL0221', item, { field: name, value }, didYouMean(value, values, `One of: ${values.join(', ')}`));
    } else if (isMany === true) this.#fields[name] = [...((before as readonly string[] | undefined) ?? []), value];
    else if (before !== undefined) this.#wrong('SL0807', spanOf(group), { what: `\`${name}\`` });
    else this.#fields[name] = value;
    return true;
  }

  #given(group: Group): void {
    if (this.#field(group)) return;
    const [first, second, third, fourth] = group;
    switch (findForm(GIVEN_FORMS, group)) {
      case 'ip': {
        const ip = parseIp(second!.value);
        if (this.#ip !== null) this.#wrong('SL0807', first!, { what: 'address' });
        else if (ip === null) this.#wrong('SL0806', second!, { reason: `\`${second!.value}\` is not an IP address` });
        this.#ip = ip?.text ?? DEFAULT_IP;
        return;
      }
      case 'listener':
        if (this.#listener !== null) this.#wrong('SL0807', first!, { what: 'listener' });
        this.#listener = this.#known('listener', second!, this.#listeners);
        return;
      case 'header':
        this.#headers.push([second!.value, fourth!.value]);
        return;
      case 'cookie':
        this.#cookies.push(`${second!.value}=${fourth!.value}`);
        return;
      case 'request':
        this.#request(group, group.map(({ value: part }) => part).join(' '), false);
        return;
      case 'connection':
        this.#request(group, third === undefined ? 'tcp' : `tcp to ${third.value}`, true);
        return;
      case 'sni':
        if (this.#sni !== null) this.#wrong('SL0807', first!, { what: 'name' });
        this.#sni = second!.value;
        return;
      case 'alpn':
        this.#alpn.push(...group.slice(1).map(({ value }) => value));
        return;
      case null:
        this.#wrong('SL0804', spanOf(group), { value: this.#written(spanOf(group)) });
    }
  }

  #request(group: Group, text: string, isConnection: boolean): void {
    if (this.#line !== null) this.#wrong('SL0807', group[0]!, { what: 'request' });
    this.#line = { text, span: spanOf(group), isConnection };
  }

  #met(group: Group, expected: Expectation): void {
    this.#expect.push({ expected, span: spanOf(group) });
  }

  #expected(group: Group): void {
    const [, second, third, fourth] = group;
    const place = this.#scope.place(spanOf(group));
    const status = /^[1-5]\d\d$/.test(second?.value ?? '') ? Number(second!.value) : null;
    /** What stands behind the last word of the form. */
    const last = group.at(-1)!;
    switch (findForm(EXPECTED_FORMS, group)) {
      case 'allow':
        this.#met(group, { kind: 'allow', place });
        return;
      case 'send': {
        const { backends } = this.#scope;
        if (backends.has(last.value)) this.#met(group, { kind: 'send', backend: last.value, place });
        else this.#wrong('SL0703', last, { name: last.value }, didYouMean(last.value, backends.keys()));
        return;
      }
      case 'header': {
        const value = isWord(third, 'absent') && fourth === undefined ? null : fourth!.value;
        this.#met(group, { kind: 'header', name: second!.value, value, place });
        return;
      }
      case 'deny': {
        const { defines, lists } = this.#scope;
        const hasRule = group.length > (status === null ? 1 : 2);
        const by = hasRule ? last.value : null;
        const isKnown = by === null || defines.placeOf(by) !== undefined || lists.has(by);
        if (isKnown) this.#met(group, { kind: 'deny', status, by, place });
        else this.#wrong('SL0808', last, { kind: 'definition or list', name: by }, null);
        return;
      }
      case 'redirect':
        this.#met(group, { kind: 'redirect', status, location: last.value, place });
        return;
      case null:
        this.#wrong('SL0805', spanOf(group), { value: this.#written(spanOf(group)) });
    }
  }

  #known(kind: string, item: WordItem, known: ReadonlySet<string>): string {
    if (!known.has(item.value)) this.#wrong('SL0808', item, { kind, name: item.value }, didYouMean(item.value, known));
    return item.value;
  }

  #wrong(code: string, span: Span, values: Readonly<Record<string, string>>, fix?: string | null): void {
    this.#isRight = false;
    this.#scope.error(code, span, values, fix);
  }

  #written({ start, end }: Span): string {
    return this.#scope.source.text.slice(start, end);
  }
}

function isWord(item: WordItem | undefined, value: string): boolean {
  return item?.kind === 'word' && item.value === value;
}

function spanOf(group: Group): Span {
  return { start: group[0]!.start, end: group.at(-1)!.end };
}

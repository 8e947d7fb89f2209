/**
 * TestSection: `test "NAME" { given …; expect … }` to the plan's test. Main thread.
 *
 * Items are divided by commas. Nothing here asks whether the expectation is met: that is for whoever runs the tests.
 */
import { didYouMean } from '../../diagnostics/suggestion.ts';
import { parseIp } from '../../match/parse-ip.ts';
import { readWrittenHead } from '../../match/written-head.ts';
import { parseWrittenRequest } from '../../match/written-request.ts';
import type { Expectation, TestPlan } from '../../plan/test.ts';
import type { Span } from '../../source/source-text.ts';
import type { Item, Statement, WordItem } from '../../syntax/tree.ts';
import type { Scope } from '../scope/scope.ts';

const DEFAULT_IP = '127.0.0.1';
const METHOD = /^[A-Z][A-Z-]*$/;
/** A method with small letters is one where a URL follows. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const URL = /^(?:https?:\/)?\//i;

/** checkTest returns the test, or null after reporting what is wrong with it. `listeners` are the names there are. */
export function checkTest(scope: Scope, statement: Statement, listeners: ReadonlySet<string>): TestPlan | null {
  return new TestChecker(scope, statement, listeners).run();
}

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
    const [first, second, is, value] = group;
    const word = first!.kind === 'word' ? first!.value : '';
    if (word === 'ip' && group.length === 2) {
      const ip = parseIp(second!.value);
      if (this.#ip !== null) this.#wrong('SL0807', first!, { what: 'address' });
      else if (ip === null) this.#wrong('SL0806', second!, { reason: `\`${second!.value}\` is not an IP address` });
      this.#ip = ip?.text ?? DEFAULT_IP;
    } else if (word === 'listener' && group.length === 2) {
      if (this.#listener !== null) this.#wrong('SL0807', first!, { what: 'listener' });
      this.#listener = this.#known('listener', second!, this.#listeners);
    } else if ((word === 'header' || word === 'cookie') && group.length === 4 && isWord(is, 'is')) {
      if (word === 'header') this.#headers.push([second!.value, value!.value]);
      else this.#cookies.push(`${second!.value}=${value!.value}`);
    } else if (METHOD.test(word) && isRequest(group)) {
      this.#request(group, group.map(({ value: part }) => part).join(' '), false);
    } else if (word === 'tcp' && group.length === 1) {
      this.#request(group, 'tcp', true);
    } else if (word === 'tcp' && group.length === 3 && isWord(second, 'to') && isOneWord(is!)) {
      this.#request(group, `tcp to ${is!.value}`, true);
    } else if (word === 'sni' && group.length === 2 && isOneWord(second!)) {
      if (this.#sni !== null) this.#wrong('SL0807', first!, { what: 'name' });
      this.#sni = second!.value;
    } else if (word === 'alpn' && group.length > 1 && group.slice(1).every(isOneWord)) {
      this.#alpn.push(...group.slice(1).map(({ value }) => value));
    } else if (TOKEN.test(word) && isRequest(group) && URL.test(second!.value)) {
      this.#request(group, group.map(({ value: part }) => part).join(' '), false);
    } else this.#wrong('SL0804', spanOf(group), { value: this.#written(spanOf(group)) });
  }

  #request(group: Group, text: string, isConnection: boolean): void {
    if (this.#line !== null) this.#wrong('SL0807', group[0]!, { what: 'request' });
    this.#line = { text, span: spanOf(group), isConnection };
  }

  #met(group: Group, expected: Expectation): void {
    this.#expect.push({ expected, span: spanOf(group) });
  }

  #expected(group: Group): void {
    const [first, second, third, fourth] = group;
    const word = first!.kind === 'word' ? first!.value : '';
    const place = this.#scope.place(spanOf(group));
    const { length } = group;
    if (word === 'allow' && length === 1) this.#met(group, { kind: 'allow', place });
    else if (word === 'send' && length === 3 && isWord(second, 'to')) {
      const { backends } = this.#scope;
      if (backends.has(third!.value)) this.#met(group, { kind: 'send', backend: third!.value, place });
      else this.#wrong('SL0703', third!, { name: third!.value }, didYouMean(third!.value, backends.keys()));
    } else if (word === 'header' && length === 4 && isWord(third, 'is')) {
      this.#met(group, { kind: 'header', name: second!.value, value: fourth!.value, place });
    } else if (word === 'header' && length === 3 && isWord(third, 'absent')) {
      this.#met(group, { kind: 'header', name: second!.value, value: null, place });
    } else {
      const status = /^[1-5]\d\d$/.test(second?.value ?? '') ? Number(second!.value) : null;
      const rest = group.slice(status === null ? 1 : 2);
      if (word === 'deny' && rest.length === 0) this.#met(group, { kind: 'deny', status, by: null, place });
      else if (word === 'deny' && rest.length === 2 && isWord(rest[0], 'by')) {
        const { defines, lists } = this.#scope;
        const by = rest[1]!.value;
        const isKnown = defines.placeOf(by) !== undefined || lists.has(by);
        if (isKnown) this.#met(group, { kind: 'deny', status, by, place });
        else this.#wrong('SL0808', rest[1]!, { kind: 'definition or list', name: by }, null);
      } else if (word === 'redirect' && rest.length === 2 && isWord(rest[0], 'to')) {
        this.#met(group, { kind: 'redirect', status, location: rest[1]!.value, place });
      } else this.#wrong('SL0805', spanOf(group), { value: this.#written(spanOf(group)) });
    }
  }

  #known(kind: string, item: WordItem, known: ReadonlySet<string>): string {
    if (!known.has(item.value)) this.#wrong('SL0808', item, { kind, name: item.value }, didYouMean(item.value, known));
    return item.value;
  }

  #wrong(code: string, span: Span, values: Readonly<Record<string, string>>, mend?: string | null): void {
    this.#isRight = false;
    this.#scope.error(code, span, values, mend);
  }

  #written({ start, end }: Span): string {
    return this.#scope.source.text.slice(start, end);
  }
}

/** isRequest: it is `METHOD URL`, and perhaps a version. */
function isRequest({ length, 2: version }: Group): boolean {
  return length === 2 || (length === 3 && /^HTTP\//.test(version!.value));
}

function isWord(item: WordItem | undefined, value: string): boolean {
  return item?.kind === 'word' && item.value === value;
}

/** isOneWord: a string that would be read as several words is none. */
function isOneWord({ value }: WordItem): boolean {
  return /^[^\s,]+$/.test(value);
}

function spanOf(group: Group): Span {
  return { start: group[0]!.start, end: group.at(-1)!.end };
}

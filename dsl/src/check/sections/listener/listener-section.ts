/**
 * ListenerSection: `listener NAME on ADDRESS [tcp] { … }` to the plan's listener. Main thread.
 *
 * Its lines come as settings, guards, changes, routes; written order is execution order, so a line in the wrong part is
 * an error that says where it belongs.
 */
import { didYouMean } from '../../../diagnostics/suggestion.ts';
import type { Address, ListenerPlan } from '../../../plan/plan.ts';
import type { Rule, RulePart } from '../../../plan/rule.ts';
import type { Span } from '../../../source/source-text.ts';
import { TOP_WORDS } from '../../../syntax/layout.ts';
import type { Statement } from '../../../syntax/tree.ts';
import type { VerbWord } from '../../../vocabulary/word.ts';
import { KnownFrom } from '../../conditions/known-from.ts';
import { PHASE_RANK } from '../../scope/condition-phase.ts';
import { Reader } from '../../scope/reader.ts';
import type { Scope } from '../../scope/scope.ts';
import { type ListenerDraft, type PlannedListener, planOf } from '../../settings/draft.ts';
import { newListenerDraft } from '../../settings/listener/index.ts';
import { SectionSettings } from '../../settings/section-settings.ts';
import { readSetting } from '../../settings/setting-line.ts';
import type { SettingRow } from '../../settings/setting-row.ts';
import { expectSetting, findSetting, otherSection, SETTINGS } from '../../settings/settings.ts';
import { LISTEN_ADDRESS, readAddresses } from '../../values/address.ts';
import { endOfLine } from '../../values/arguments.ts';
import { JudgedHeaders } from './judged-headers.ts';
import { checkOrder, type LinePart, type PlacedLine } from './part-order.ts';
import { Passthroughs, readPassthrough } from './passthrough.ts';
import { checkResponseBlock } from './response-block.ts';
import { checkRule, findVerb, type VerbLine } from './rule.ts';
import { ShareRow } from './share-row.ts';

/** What RFC 9440 has gateways say. */
const CERTIFICATE_HEADERS: readonly string[] = ['client-cert', 'client-cert-chain'];

/** checkListener returns the listener; null when its head cannot be read. `name` was read before. */
export function checkListener(scope: Scope, statement: Statement, name: string): ListenerPlan | null {
  return new ListenerChecker(scope, statement, name).run();
}

const OTHERWISE = 'what happens to everything that no line before it decided';

class ListenerChecker {
  readonly #scope: Scope;
  readonly #statement: Statement;
  readonly #name: string;
  #protocol: 'http' | 'tcp' = 'http';
  /** The lines so far, but for those behind the `otherwise`. */
  readonly #lines: PlacedLine[] = [];
  #otherwise: Statement | null = null;
  readonly #rules: Record<RulePart, Rule[]> = { guard: [], change: [], route: [] };
  readonly #shares: ShareRow;
  #responseChanges: readonly Rule[] = [];
  #settings!: SectionSettings<ListenerDraft>;
  readonly #passthroughs = new Passthroughs();
  readonly #knownFrom = new KnownFrom();
  readonly #judgedHeaders = new JudgedHeaders();
  /** The first line of a part that takes every request. */
  readonly #endless = new Map<RulePart, Statement>();

  constructor(scope: Scope, statement: Statement, name: string) {
    this.#scope = scope;
    this.#statement = statement;
    this.#name = name;
    this.#shares = new ShareRow(scope);
  }

  run(): ListenerPlan | null {
    const addresses = this.#head();
    const owner = { name: this.#name, addresses };
    this.#settings = new SectionSettings(this.#scope, newListenerDraft(), owner);
    const { block, head } = this.#statement;
    if (block === null) {
      if (!this.#statement.isBroken) {
        const fix = `Add \`{ otherwise send to … }\``;
        this.#scope.error('SL0120', head.phrases[0]?.items[0] ?? this.#statement, { word: 'listener' }, fix);
      }
      return null;
    }
    let hasBroken = false;
    for (const statement of block.statements) {
      if (this.#scope.diagnostics.isFull) return null;
      if (statement.isBroken) hasBroken = this.#broken(statement) || hasBroken;
      else this.#line(statement);
    }
    checkOrder(this.#scope, this.#lines);
    if (this.#otherwise === null && !hasBroken) {
      const backend = [...this.#scope.backends.keys()][0];
      const fix = `End it with \`otherwise ${backend === undefined ? 'deny' : `send to ${backend}`}\``;
      this.#scope.error('SL0303', head.phrases[0]?.items[1] ?? this.#statement, { name: this.#name }, fix);
    }
    const { draft } = this.#settings;
    this.#checkSources();
    this.#settings.complete();
    this.#scope.paths.set(this.#name, draft.paths);
    if (draft.clientIp !== null) this.#judgedHeaders.add(draft.clientIp.header);
    if (addresses === null) return null;
    const [address, ...otherAddresses] = addresses as readonly [Address, ...Address[]];
    const items = head.phrases[0]!.items;
    return {
      name: this.#name,
      address,
      ...(otherAddresses.length === 0 ? {} : { otherAddresses }),
      protocol: this.#protocol,
      ...planOf<PlannedListener>(draft),
      guards: this.#rules.guard,
      changes: this.#rules.change,
      routes: this.#rules.route,
      responseChanges: this.#responseChanges,
      ...this.#passthroughs.plan(draft.isPassthrough === true, this.#knownFrom.isAsked('hello')),
      ...this.#knownFrom.plan(draft.forwardsCertificate === true ? CERTIFICATE_HEADERS : []),
      ...this.#judgedHeaders.plan(),
      place: this.#scope.place({ start: items[0]!.start, end: this.#statement.headEnd }),
    };
  }

  /** What rules ask for must be there to be seen. */
  #checkSources(): void {
    const scope = this.#scope;
    const { tls, isPassthrough, proxies } = this.#settings.draft;
    const handshake = tls !== null;
    const isTls = handshake || isPassthrough === true;
    this.#passthroughs.check(scope, isTls);
    const proxy = proxies !== undefined;
    this.#knownFrom.check(scope, { hello: isTls || this.#passthroughs.hasLines, handshake, proxy });
  }

  /** A line that could not be parsed may have been the `otherwise`; what it sends to counts as used. */
  #broken(statement: Statement): boolean {
    for (const item of statement.head.phrases.flatMap((phrase) => phrase.items)) {
      if (item.kind === 'word') {
        const backend = this.#scope.backends.get(item.value);
        if (backend !== undefined) backend.isUsed = true;
      }
    }
    const first = statement.head.phrases[0]?.items[0];
    return first === undefined || first.kind !== 'word' || first.value === 'otherwise';
  }

  /** The addresses behind `on`; null after reporting what is wrong. */
  #head(): readonly Address[] | null {
    const scope = this.#scope;
    const { head, when, whenSpan, isBroken } = this.#statement;
    if (isBroken) return null;
    const reader = new Reader(head.phrases[0]!, 2);
    const name = head.phrases[0]!.items[1]!;
    const on = reader.peek();
    scope.reading?.keyword(reader, 'on', 'the address to listen on');
    if (!reader.isWord('on')) {
      const fix = `Write \`listener ${this.#name} on :8080 { … }\``;
      if (on === undefined)
        return scope.error('SL0117', name, { word: `listener ${this.#name}`, what: '`on` and an address' }, fix);
      const word = scope.source.text.slice(on.start, on.end);
      return scope.error('SL0118', on, { word }, fix);
    }
    reader.at++;
    const usual = (): void => {
      for (const address of [':80', ':443', ':8080', '127.0.0.1:8080']) scope.reading?.value(reader, address);
    };
    usual();
    const written = reader.peek();
    if (written === undefined || (written.kind !== 'word' && written.kind !== 'text'))
      return scope.error('SL0117', on!, { word: 'on', what: 'an address' }, 'For example `:8080` or `127.0.0.1:8080`');
    const items = reader.list();
    if (items.at(-1)!.hasComma) usual();
    scope.reading?.keyword(reader, 'tcp', 'passes connections on without reading HTTP');
    scope.reading?.keyword(reader, 'http', 'reads HTTP, which is the default');
    if (reader.isWord('tcp') || reader.isWord('http')) {
      this.#protocol = reader.isWord('tcp') ? 'tcp' : 'http';
      reader.at++;
    }
    if (!reader.isDone) {
      endOfLine(scope, reader, [{ name: 'tcp', type: 'flag', before: 'tcp', doc: '' }]);
      return null;
    }
    if (head.joints[0] !== undefined) return scope.error('SL0118', head.joints[0], { word: head.joints[0].kind });
    if (when !== null) return scope.error('SL0123', whenSpan!);
    const addresses: Address[] = [];
    let hasProblem = false;
    for (const item of items) {
      const read = readAddresses(item.value, LISTEN_ADDRESS);
      if ('problem' in read) {
        hasProblem = true;
        scope.error('SL0609', item, { value: item.value, problem: read.problem }, read.fix);
      } else addresses.push(...read);
    }
    return hasProblem ? null : addresses;
  }

  #line(statement: Statement): void {
    const scope = this.#scope;
    const phrase = statement.head.phrases[0]!;
    const reader = new Reader(phrase);
    if (scope.reading !== null) this.#expectLine(reader);
    if (reader.isDone) return;
    const setting = findSetting('listener', reader);
    if (setting !== null) {
      this.#enter('setting', phrase.items[0]!, setting.value.name);
      if (setting.value.isHttpOnly === true && this.#protocol === 'tcp') {
        scope.error('SL0406', phrase.items[0]!, { word: setting.value.name });
        return;
      }
      if (setting.value.takesWhen === true) {
        this.#passthrough(statement, setting.value, setting.length);
        return;
      }
      const line = readSetting(scope, statement, setting.value, setting.length);
      if (line !== null) this.#settings.add(setting.value, line);
      return;
    }
    if (reader.isWords(['on', 'response'])) {
      const span = { start: phrase.start, end: phrase.items[1]!.end };
      this.#enter('answers', span, 'on response');
      if (this.#protocol === 'tcp') scope.error('SL0406', span, { word: 'on response' });
      else if (this.#settings.isNew('on response', span)) {
        this.#responseChanges = checkResponseBlock(scope, statement, span);
        for (const rule of this.#responseChanges) this.#knownFrom.use(rule, span, scope);
      }
      return;
    }
    const isOtherwise = reader.isWord('otherwise');
    const at = isOtherwise ? 1 : 0;
    if (isOtherwise && phrase.items.length === 1) {
      if (this.#enterOtherwise(statement))
        scope.error('SL0117', phrase.items[0]!, { word: 'otherwise', what: 'what happens to every other request' });
      return;
    }
    const found = findVerb(scope, phrase, at);
    if (found === null) {
      if (isOtherwise) this.#enterOtherwise(statement);
      this.#unknown(statement, new Reader(phrase, at));
      return;
    }
    const span = { start: phrase.items[at]!.start, end: phrase.items[at + found.length - 1]!.end };
    this.#rule({ statement, verb: found.verb, at: at + found.length, span, isOtherwise });
  }

  /** Notes for an editor what a line may begin with. */
  #expectLine(reader: Reader): void {
    const scope = this.#scope;
    const isTcp = this.#protocol === 'tcp';
    const isKnown = ({ phase }: VerbWord): boolean => PHASE_RANK[phase] <= PHASE_RANK[isTcp ? 'connection' : 'request'];
    const mayEnd = (verb: VerbWord): boolean => verb.part === 'route' || verb.alsoIn?.includes('route') === true;
    if (reader.isWord('otherwise')) {
      scope.reading!.keyword(reader, 'otherwise', OTHERWISE);
      const behind = { items: reader.items, at: 1 };
      scope.reading!.words(behind, scope.vocabulary.verbs, 'verb', (verb) => isKnown(verb) && mayEnd(verb));
      return;
    }
    scope.reading!.words(reader, scope.vocabulary.verbs, 'verb', isKnown);
    expectSetting(scope, 'listener', reader, (setting) => !isTcp || setting.isHttpOnly !== true);
    if (!isTcp) scope.reading!.keyword(reader, 'on response', 'changes to what servers answer: `on response { … }`');
    scope.reading!.keyword(reader, 'otherwise', OTHERWISE);
  }

  /** `tls passthrough`, and `tls passthrough to BACKEND when CONDITION`. */
  #passthrough(statement: Statement, setting: SettingRow<ListenerDraft>, length: number): void {
    const scope = this.#scope;
    const rule = readPassthrough(scope, statement, setting, length);
    if (rule === null) return;
    const items = statement.head.phrases[0]!.items;
    const span = { start: items[0]!.start, end: items[length - 1]!.end };
    if (rule !== 'all') {
      this.#passthroughs.add(rule, span, scope);
      this.#knownFrom.use(rule, span, scope);
    } else if (this.#protocol === 'http') {
      const fix = 'Write `tls passthrough to BACKEND when sni …`, or add `tcp` after the address to forward everything';
      scope.error('SL0117', span, { word: 'tls passthrough', what: '`to` and a backend' }, fix);
    } else {
      const whole = { start: statement.start, end: statement.headEnd };
      this.#settings.add(setting, {
        setting,
        args: {},
        spans: new Map(),
        span,
        items,
        whole,
        component: null,
        when: null,
        scope,
      });
    }
  }

  #rule(line: VerbLine): void {
    const scope = this.#scope;
    const { statement, verb, span } = line;
    let part: RulePart = verb.part;
    if (line.isOtherwise) {
      this.#enterOtherwise(statement);
      part = 'route';
      if (verb.part !== 'route' && verb.alsoIn?.includes('route') !== true) {
        const others = scope.vocabulary.verbs
          .values()
          .filter((other) => other.part === 'route' || other.alsoIn?.includes('route'));
        const fix = `It can be: ${others.map((other) => other.name).join(', ')}`;
        scope.error('SL0405', span, { word: verb.name }, fix);
        return;
      }
    } else {
      this.#enter(verb.part, span, verb.name);
    }
    const rule = checkRule(scope, line, part, this.#protocol === 'tcp' ? 'connection' : 'request');
    if (rule === null) return;
    if (line.isOtherwise && rule.isPartial === true) {
      scope.error('SL0341', span, { word: verb.name });
      return;
    }
    this.#warnOfShadow(rule, line);
    this.#knownFrom.use(rule, span, scope);
    this.#judgedHeaders.use(rule, scope.vocabulary);
    this.#rules[part].push(part === 'route' ? this.#shares.place(rule, line) : rule);
  }

  /** A guard or route for all requests leaves nothing to the lines of its part behind it. */
  #warnOfShadow(rule: Rule, line: VerbLine): void {
    const endless = this.#endless.get(rule.part);
    if (endless !== undefined && rule.part !== 'change') {
      const at = this.#scope.place(endless).line;
      this.#scope.error('SL0501', line.span, { line: at });
    } else if (rule.when?.kind === 'all' && rule.isPartial !== true) {
      this.#endless.set(rule.part, line.statement);
    }
  }

  /** enter notes the part a line belongs to, and reports one that nothing can reach. */
  #enter(part: LinePart, span: Span, word: string): void {
    if (this.#otherwise === null || part === 'answers') this.#lines.push({ part, span, word });
    else this.#scope.error('SL0306', span, { word, line: this.#scope.place(this.#otherwise).line });
  }

  #enterOtherwise(statement: Statement): boolean {
    const span = statement.head.phrases[0]!.items[0]!;
    if (this.#otherwise !== null) {
      this.#scope.error('SL0307', span, { line: this.#scope.place(this.#otherwise).line });
      return false;
    }
    this.#otherwise = statement;
    return true;
  }

  #unknown(statement: Statement, reader: Reader): void {
    const scope = this.#scope;
    const item = reader.peek()!;
    const word = reader.wordAt(reader.at);
    if (word === null) {
      scope.error('SL0112', item, { word: scope.source.text.slice(item.start, item.end) });
      return;
    }
    const other = otherSection('listener', reader);
    if (TOP_WORDS.has(word)) scope.error('SL0402', item, { word, section: 'listener' });
    else if (other !== null) scope.error('SL0403', item, { word, section: other });
    else if (scope.vocabulary.fields.match(reader.wordAt, reader.at) !== null) {
      const rest = scope.source.text.slice(item.start, statement.headEnd);
      const fix =
        rest.length < 60 && !rest.includes('\n') ? `Say what happens: \`deny ${rest}\`` : 'Say what happens: `deny …`';
      scope.error('SL0408', item, { word }, fix);
    } else {
      const { verbs } = scope.vocabulary;
      const known = [...verbs.names(), ...SETTINGS.listener.names(), 'otherwise', 'on response'];
      const two = reader.wordAt(reader.at + 1);
      const phrase =
        two === null
          ? null
          : didYouMean(
              `${word} ${two}`,
              known.filter((name) => name.includes(' ')),
            );
      const starts = known.filter((name) => name.startsWith(`${word} `));
      const fallback = phrase ?? (starts.length === 0 ? null : `It begins: ${starts.join(', ')}`);
      const heads = known.map((name) => name.split(' ')[0]!).filter((head) => head !== word);
      scope.unknown('SL0101', item, word, starts.length > 0 ? [] : [...new Set(heads)], fallback);
    }
  }
}

/**
 * BackendSection: `backend NAME [of ADDRESS, …] [{ … }]` to the plan's backend. Main thread.
 */
import type { BackendPlan } from '../../../plan/plan.ts';
import type { Span } from '../../../source/source-text.ts';
import { TOP_WORDS } from '../../../syntax/layout.ts';
import type { Statement } from '../../../syntax/tree.ts';
import { Reader } from '../../scope/reader.ts';
import type { Scope } from '../../scope/scope.ts';
import { newBackendDraft } from '../../settings/backend/index.ts';
import { defaultUse } from '../../settings/component.ts';
import { type BackendDraft, type PlannedBackend, planOf } from '../../settings/draft.ts';
import { SectionSettings } from '../../settings/section-settings.ts';
import { readSetting, type SettingLine } from '../../settings/setting-line.ts';
import type { SettingRow } from '../../settings/setting-row.ts';
import { expectSetting, findSetting, otherSection, SETTINGS } from '../../settings/settings.ts';
import { addressText, readAddresses, SERVER_ADDRESS } from '../../values/address.ts';

/** checkBackend returns the backend; null when it has no servers or its head cannot be read. */
export function checkBackend(scope: Scope, statement: Statement, name: string): BackendPlan | null {
  return new BackendChecker(scope, statement, name).run();
}

class BackendChecker {
  readonly #scope: Scope;
  readonly #statement: Statement;
  readonly #name: string;
  readonly #settings: SectionSettings<BackendDraft>;
  /** A line that should have added a server was reported. */
  #isServerMissing = false;
  /** The first line that only makes sense for servers. */
  #forServers: { readonly word: string; readonly span: Span } | null = null;

  constructor(scope: Scope, statement: Statement, name: string) {
    this.#scope = scope;
    this.#statement = statement;
    this.#name = name;
    this.#settings = new SectionSettings(scope, newBackendDraft(), { name, addresses: null });
  }

  run(): BackendPlan | null {
    const scope = this.#scope;
    const { head, block, isBroken } = this.#statement;
    if (isBroken) this.#isServerMissing = true;
    else this.#head();
    for (const statement of block?.statements ?? []) {
      if (scope.diagnostics.isFull) return null;
      if (statement.isBroken) this.#isServerMissing = true;
      else this.#line(statement);
    }
    const name = head.phrases[0]?.items[1] ?? this.#statement;
    const { draft } = this.#settings;
    this.#checkServe();
    this.#settings.complete();
    if (draft.servers.size === 0 && draft.discoveries.size === 0 && draft.serve === null) {
      if (this.#isServerMissing) return null;
      const fix = `Write \`backend ${this.#name} of 127.0.0.1:9001\`, or \`server\` lines in its block`;
      return scope.error('SL0705', name, { name: this.#name }, fix);
    }
    const place = scope.place({ start: this.#statement.start, end: this.#statement.headEnd });
    const { balance, ...fields } = planOf<PlannedBackend>(draft);
    const usual = balance ?? defaultUse(scope, 'balance', 'round-robin', name);
    return { name: this.#name, ...fields, balance: usual, place };
  }

  #head(): void {
    const scope = this.#scope;
    const { head, when, whenSpan } = this.#statement;
    const reader = new Reader(head.phrases[0]!, 2);
    const next = reader.peek();
    scope.reading?.keyword(reader, 'of', 'its servers’ addresses');
    if (reader.isWord('of')) {
      reader.at++;
      const items = reader.list();
      if (items.length === 0) {
        this.#isServerMissing = true;
        scope.error(
          'SL0117',
          next!,
          { word: 'of', what: 'addresses' },
          'For example `of 127.0.0.1:9001, 127.0.0.1:9002`',
        );
      }
      for (const item of items) {
        const addresses = readAddresses(item.value, SERVER_ADDRESS);
        if ('problem' in addresses) {
          this.#isServerMissing = true;
          scope.error('SL0609', item, { value: item.value, problem: addresses.problem }, addresses.fix);
          continue;
        }
        for (const address of addresses) {
          const words = { weight: 1, max: 0, queue: 0, isBackup: false, place: scope.place(item) };
          this.#settings.draft.servers.add(scope, { name: addressText(address), address, ...words }, item, item);
        }
      }
    }
    const rest = reader.peek();
    if (rest !== undefined) {
      const word = scope.source.text.slice(rest.start, rest.end);
      const isAddress = rest.kind === 'word' && !('problem' in readAddresses(rest.value, SERVER_ADDRESS));
      const fix = !isAddress ? null : reader.at === 2 ? `Write \`of ${word}\`` : 'Separate addresses with `,`';
      this.#isServerMissing ||= reader.at === 2;
      scope.error('SL0118', rest, { word }, fix);
    } else if (head.joints[0] !== undefined) scope.error('SL0118', head.joints[0], { word: head.joints[0].kind });
    else if (when !== null) scope.error('SL0123', whenSpan!);
  }

  #line(statement: Statement): void {
    const scope = this.#scope;
    const phrase = statement.head.phrases[0]!;
    const reader = new Reader(phrase);
    expectSetting(scope, 'backend', reader);
    if (reader.isDone) return;
    const found = findSetting('backend', reader);
    if (found === null) {
      this.#unknown(reader);
      return;
    }
    const line = readSetting(scope, statement, found.value, found.length);
    if (found.value.name === 'server') scope.reading?.name(phrase.items[found.length], 'server', true, this.#name);
    if (line === null) this.#isServerMissing ||= found.value.mayAddServers === true;
    else {
      this.#noteRequestWords(found.value, line);
      this.#add(found.value, line);
    }
  }

  /** Whether it matters what a line needs shows when it is known who sends here. */
  #noteRequestWords(row: SettingRow<BackendDraft>, line: SettingLine): void {
    const scope = this.#scope;
    const { source } = scope;
    const words = (row.requestWords?.(line) ?? componentWords(line)).map(([word, span]) => ({ word, source, span }));
    if (words.length > 0) scope.requestWords.set(this.#name, [...(scope.requestWords.get(this.#name) ?? []), ...words]);
  }

  #unknown(reader: Reader): void {
    const scope = this.#scope;
    const item = reader.peek()!;
    const word = reader.wordAt(0);
    if (word === null) {
      scope.error('SL0112', item, { word: scope.source.text.slice(item.start, item.end) });
      return;
    }
    const other = otherSection('backend', reader);
    if (TOP_WORDS.has(word)) scope.error('SL0402', item, { word, section: 'backend' });
    else if (other !== null) scope.error('SL0403', item, { word, section: other });
    else if (word === 'otherwise' || scope.vocabulary.verbs.match(reader.wordAt, 0) !== null) {
      scope.error('SL0403', item, { word, section: 'listener' });
    } else {
      this.#isServerMissing = true;
      const known = SETTINGS.backend.names().map((name) => name.split(' ')[0]!);
      scope.unknown('SL0101', item, word, new Set(known));
    }
  }

  #add(row: SettingRow<BackendDraft>, line: SettingLine): void {
    const came = this.#settings.add(row, line);
    if (came === 'repeated') return;
    if (row.fitsServe !== true) this.#forServers ??= { word: row.name, span: line.span };
    if (came === 'wrong' && row.mayAddServers === true) this.#isServerMissing = true;
  }

  /** A backend has servers, or serves something itself: never both. */
  #checkServe(): void {
    const serve = this.#settings.spanOf('serve');
    const site = this.#settings.spanOf('serve site');
    const second = serve !== undefined && site !== undefined ? site : (serve ?? site);
    if (second === undefined) return;
    const word = second === site ? 'serve site' : 'serve';
    const { servers, discoveries, siteHost } = this.#settings.draft;
    const own = siteHost === null ? 0 : 1;
    if (servers.size > own || discoveries.size > 0 || (serve !== undefined && site !== undefined)) {
      this.#scope.error('SL0720', second, { word });
    } else if (serve !== undefined && this.#forServers !== null) {
      this.#scope.error('SL0721', this.#forServers.span, { word: this.#forServers.word });
    }
  }
}

/** componentWords are the words of a component's line that have no meaning for connections that are passed on unread. */
function componentWords({ setting, span, items, component, scope }: SettingLine): (readonly [string, Span])[] {
  const whole = { start: span.start, end: items.at(-1)!.end };
  if (component === null) return [];
  const { slot, name, options } = component.use;
  const word = scope.vocabulary.components(slot).get(name);
  if (word?.needsRequest === true) return [[`${setting.name} ${name}`, whole]];
  return (word?.args ?? [])
    .filter((arg) => arg.type === 'key')
    .map((arg) => options[arg.name] as readonly string[] | undefined)
    .filter((key) => key !== undefined && key[0] !== 'ip' && key[0] !== 'global')
    .map((key) => [`${setting.name} ${name} by ${key![0]}`, whole] as const);
}

/**
 * FileChecker: the top level of a file: first all names, then each section, then what only the whole file can show.
 * Main thread.
 */
import { didYouMean } from '../diagnostics/suggestion.ts';
import { addressesOf, sharedAddresses } from '../plan/address.ts';
import type { ListPlan, MapPlan, MapValue } from '../plan/list.ts';
import type { Place } from '../plan/place.ts';
import type { Address, BackendPlan, ListenerPlan, Plan } from '../plan/plan.ts';
import type { TestPlan } from '../plan/test.ts';
import type { SourceText, Span } from '../source/source-text.ts';
import { TOP_WORDS } from '../syntax/layout.ts';
import type { FileTree, Item, Statement } from '../syntax/tree.ts';
import type { ArgWord } from '../vocabulary/word.ts';
import { expectTest } from './conditions/condition.ts';
import { relayBackends, requestBackends } from './conditions/reach.ts';
import { readIncludeLine } from './files/include-line.ts';
import { Reader } from './scope/reader.ts';
import type { Scope } from './scope/scope.ts';
import { checkBackend } from './sections/backend/backend-section.ts';
import { checkFallBacks } from './sections/backend/fall-back.ts';
import { checkOwnCookies } from './sections/backend/own-cookies.ts';
import { checkPlainServers } from './sections/backend/plain-servers.ts';
import { checkListener } from './sections/listener/listener-section.ts';
import { withPaths } from './sections/listener/paths.ts';
import { DefineTable } from './sections/names/define-table.ts';
import { expectEquals, readList } from './sections/names/list-line.ts';
import { readMap } from './sections/names/map-line.ts';
import { checkSettings, type SettingsSection } from './sections/settings-section.ts';
import { checkTest } from './sections/test/test-section.ts';
import { readUseLine } from './sections/use-line.ts';
import { findSetting } from './settings/settings.ts';
import { addressText, LISTEN_ADDRESS, readAddresses } from './values/address.ts';
import { isName } from './values/literals.ts';

export type CheckedFile = Omit<Plan, 'version' | 'files' | 'plugins'>;

/** checkFiles checks all files of the rules together, their `use` and `include` lines apart. */
export function checkFiles(scope: Scope, trees: readonly FileTree[]): CheckedFile {
  return new FileChecker(scope, trees).run();
}

/** What editors say of the words that begin a section or a definition. */
const TOP_DOCS: Readonly<Record<string, string>> = {
  listener: 'an address to listen on, with its rules',
  backend: 'servers that requests are sent to',
  define: 'gives a condition a name',
  list: 'gives values a name',
  map: 'looks one value up by another',
  use: 'loads a plugin, which adds words',
  include: 'reads other rule files too',
  settings: 'what applies to the whole gateway',
  test: 'a request, and what is expected to happen to it',
};

/** What stands behind the name: where it stands in its place, the name is missing. */
const NAME_FOLLOWERS: Readonly<Record<string, string>> = { listener: 'on', backend: 'of' };

/** Item `8000-8010` holds the address `8003`. */
function isAddressIn(item: Item, address: Address): boolean {
  if (item.kind !== 'word' && item.kind !== 'text') return false;
  const read = readAddresses(item.value, LISTEN_ADDRESS);
  return !('problem' in read) && read.some((each) => addressText(each) === addressText(address));
}

interface Section {
  readonly statement: Statement;
  readonly name: string;
  readonly source: SourceText;
}

class FileChecker {
  readonly #scope: Scope;
  readonly #trees: readonly FileTree[];
  readonly #listeners: Section[] = [];
  readonly #backends: Section[] = [];
  readonly #lists: ListPlan[] = [];
  readonly #maps: Section[] = [];
  readonly #defines: DefineTable;
  readonly #settings: SettingsSection[] = [];
  readonly #tests: Omit<Section, 'name'>[] = [];
  /** Names of plugins, with where they were given. */
  readonly #plugins = new Map<string, Place>();
  /** A line could not be read, so that something may seem to be missing that is not. */
  #hasBroken = false;

  constructor(scope: Scope, trees: readonly FileTree[]) {
    this.#scope = scope;
    this.#trees = trees;
    this.#defines = new DefineTable(scope);
    scope.defines = this.#defines;
  }

  run(): CheckedFile {
    const scope = this.#scope;
    for (const { source, statements } of this.#trees) {
      scope.source = source;
      for (const statement of statements) {
        if (scope.diagnostics.isFull) break;
        this.#top(statement);
      }
    }
    const maps = this.#checkMaps();
    const settings = checkSettings(scope, this.#settings);
    const listeners: ListenerPlan[] = [];
    const backends: BackendPlan[] = [];
    for (const { statement, name, source } of this.#listeners) {
      const listener = scope.inFile(source, () => checkListener(scope, statement, name));
      if (listener !== null) listeners.push(listener);
    }
    for (const { statement, name, source } of this.#backends) {
      const backend = scope.inFile(source, () => checkBackend(scope, statement, name));
      if (backend !== null) backends.push(backend);
    }
    checkFallBacks(scope, backends);
    this.#checkPassthrough(listeners, backends);
    this.#checkRequestWords(listeners, backends);
    this.#defines.checkAll();
    const tests = this.#checkTests();
    scope.inFile(this.#trees[0]!.source, () => this.#whole(listeners));
    if (!scope.diagnostics.hasErrors) {
      checkPlainServers(scope, listeners, backends, maps);
      checkOwnCookies(scope, listeners, backends);
    }
    return { settings, listeners: withPaths(scope, listeners, backends), backends, lists: this.#lists, maps, tests };
  }

  /** Backends whose servers open TLS themselves are for what is passed on as it came. */
  #checkPassthrough(listeners: readonly ListenerPlan[], backends: readonly BackendPlan[]): void {
    const scope = this.#scope;
    const asked = requestBackends(listeners, backends, scope.maps);
    for (const { name, isPassthrough } of backends) {
      if (isPassthrough !== true || !asked.has(name)) continue;
      const { source, span } = scope.backends.get(name)!;
      scope.inFile(source, () => scope.error('SL0410', span, { name }));
    }
  }

  /** What needs requests is an error where only connections come, and a warning where some do. */
  #checkRequestWords(listeners: readonly ListenerPlan[], backends: readonly BackendPlan[]): void {
    const scope = this.#scope;
    const relayed = relayBackends(listeners, backends, scope.maps);
    const asked = requestBackends(listeners, backends, scope.maps);
    for (const [name, words] of scope.requestWords) {
      if (!relayed.has(name)) continue;
      const code = asked.has(name) ? 'SL0461' : 'SL0460';
      for (const { word, source, span } of words) scope.inFile(source, () => scope.error(code, span, { word, name }));
    }
  }

  #checkTests(): readonly TestPlan[] {
    const scope = this.#scope;
    const listeners = new Set(scope.listeners.keys());
    const tests = new Map<string, TestPlan>();
    for (const { statement, source } of this.#tests) {
      if (scope.diagnostics.isFull) break;
      scope.inFile(source, () => {
        const test = checkTest(scope, statement, listeners);
        const before = test === null ? undefined : tests.get(test.name);
        if (test === null) return;
        if (before === undefined) tests.set(test.name, test);
        else {
          const name = statement.head.phrases[0]!.items[1]!;
          scope.error('SL0701', name, { kind: 'test', name: test.name, line: scope.lineOf(before.place) });
        }
      });
    }
    return [...tests.values()];
  }

  #whole(listeners: readonly ListenerPlan[]): void {
    const scope = this.#scope;
    if (this.#listeners.length === 0 && !this.#hasBroken) {
      if (scope.isWordMissing) return;
      const fix = 'Add `listener web on :8080 { otherwise send to … }`';
      scope.error('SL0709', { start: 0, end: 1 }, {}, fix);
      return;
    }
    this.#checkAddresses(listeners);
    // Whether a name is used can only be told where everything else is right.
    if (scope.diagnostics.hasErrors) return;
    const warn = (code: string, { source, span }: { source: SourceText; span: Span }, name: string): void =>
      scope.diagnostics.add(code, source, span, { name });
    for (const [name, backend] of scope.backends) if (!backend.isUsed) warn('SL0502', backend, name);
    for (const [name, list] of scope.lists) if (!list.isUsed) warn('SL0504', list, name);
    for (const [name, map] of scope.maps) {
      if (map.isUsed) continue;
      const to = map.plan?.to;
      if (to === undefined || this.#isMapTaken(to)) warn('SL0518', map, name);
      else scope.diagnostics.add('SL0519', map.source, map.span, { name, to }, this.#fixOfUntaken());
    }
    this.#defines.warnOfUnused();
  }

  /** isTaken: some word takes maps to such values. */
  #isMapTaken(to: MapValue): boolean {
    return this.#mapArgs().some(({ arg }) => arg.choices?.includes(to) !== false);
  }

  #fixOfUntaken(): string {
    const words = this.#mapArgs().map(({ verb, arg }) => `\`${verb}\` (to ${arg.choices?.join(' or ') ?? 'anything'})`);
    return words.length === 0 ? 'No word takes a map at all' : `Remove it; words that take maps: ${words.join(', ')}`;
  }

  #mapArgs(): { readonly verb: string; readonly arg: ArgWord }[] {
    return [...this.#scope.vocabulary.verbs.values()].flatMap(({ name, args }) =>
      args.filter(({ type }) => type === 'map').map((arg) => ({ verb: name, arg })),
    );
  }

  /** Two listeners, or one listener twice, cannot have the same address, nor one that is among all those of the other. */
  #checkAddresses(listeners: readonly ListenerPlan[]): void {
    const scope = this.#scope;
    const all = listeners.flatMap((listener) => addressesOf(listener).map((address) => ({ listener, address })));
    for (const [second, first] of sharedAddresses(all)) {
      const { statement, source } = this.#listeners.find(({ name }) => name === second.listener.name)!;
      const { name, place } = first.listener;
      const item = statement.head.phrases[0]!.items.slice(3).find((each) => isAddressIn(each, second.address))!;
      const values = { value: addressText(second.address), name, line: scope.lineOf(place) };
      const isSame = addressText(first.address) === values.value;
      scope.inFile(source, () =>
        isSame
          ? scope.error('SL0710', item, values)
          : scope.error('SL0760', item, { ...values, other: addressText(first.address) }),
      );
    }
  }

  #top(statement: Statement): void {
    const scope = this.#scope;
    const phrase = statement.head.phrases[0];
    const item = phrase?.items[0];
    if (phrase !== undefined && scope.reading !== null) {
      for (const [word, doc] of Object.entries(TOP_DOCS)) scope.reading.keyword(new Reader(phrase), word, doc);
    }
    if (phrase === undefined || item === undefined) {
      this.#hasBroken = true;
      return;
    }
    this.#hasBroken ||= statement.isBroken;
    const reader = new Reader(phrase);
    const word = reader.wordAt(0);
    switch (word) {
      case 'listener':
        this.#section(statement, 'listener');
        return;
      case 'backend':
        this.#section(statement, 'backend');
        return;
      case 'settings':
        this.#settings.push({ statement, source: scope.source });
        return;
      case 'test':
        this.#tests.push({ statement, source: this.#scope.source });
        return;
      case 'define':
        this.#define(statement);
        return;
      case 'list':
        this.#list(statement);
        return;
      case 'map':
        this.#map(statement);
        return;
      case 'use':
        this.#use(statement);
        // Of files that are compiled, these two are read before.
        if (scope.reading !== null) readUseLine(scope.source, scope.diagnostics, statement, scope.reading);
        return;
      case 'include':
        if (scope.reading !== null) readIncludeLine(scope.source, scope.diagnostics, statement, scope.reading);
        return;
    }
    if (statement.isBroken) return;
    if (word === null) {
      this.#hasBroken = true;
      scope.error('SL0112', item, { word: scope.source.text.slice(item.start, item.end) });
      return;
    }
    if (
      word === 'otherwise' ||
      scope.vocabulary.verbs.match(reader.wordAt, 0) !== null ||
      findSetting('listener', reader) !== null
    ) {
      scope.error('SL0404', item, { word, section: 'listener' });
    } else if (findSetting('backend', reader) !== null) scope.error('SL0404', item, { word, section: 'backend' });
    else if (findSetting('settings', reader) !== null) scope.error('SL0404', item, { word, section: 'settings' });
    else {
      // The line may be a misspelled `listener` or `backend`: what it was to say is unknown.
      this.#hasBroken = true;
      this.#unknown(statement, item, word);
    }
  }

  #unknown(statement: Statement, item: Span, word: string): void {
    const scope = this.#scope;
    const fix = didYouMean(word, TOP_WORDS, `A file contains: ${[...TOP_WORDS].join(', ')}`);
    scope.error('SL0101', item, { word }, fix);
    const name = new Reader(statement.head.phrases[0]!).wordAt(1);
    if (fix?.includes('`backend`') === true && name !== null) this.#addBackend(name, item);
    if (fix?.includes('`define`') === true && name !== null) this.#defines.addBroken(name);
    if (fix?.includes('`listener`') === true && statement.block !== null) {
      const listener = new Reader(statement.head.phrases[0]!).wordAt(1);
      if (listener !== null) this.#listeners.push({ statement, name: listener, source: scope.source });
    }
  }

  /** The name behind a section's word, reported when there is none. */
  #nameOf(
    statement: Statement,
    kind: 'listener' | 'backend' | 'define' | 'list' | 'map',
  ): { readonly name: string; readonly span: Span } | null {
    const items = statement.head.phrases[0]!.items;
    const item = items[1];
    const scope = this.#scope;
    if (item === undefined) {
      if (!statement.isBroken) scope.error('SL0712', items[0]!, { word: kind });
      return null;
    }
    const text =
      item.kind === 'word' || item.kind === 'text' ? item.value : scope.source.text.slice(item.start, item.end);
    if (item.kind === 'word' && text === NAME_FOLLOWERS[kind]) {
      if (!statement.isBroken) scope.error('SL0712', items[0]!, { word: kind });
      return null;
    }
    scope.reading?.name(item, kind, true);
    if (item.kind === 'word' && isName(text)) return { name: text, span: item };
    if (!statement.isBroken) scope.error('SL0704', item, { value: text });
    return null;
  }

  #section(statement: Statement, kind: 'listener' | 'backend'): void {
    const scope = this.#scope;
    const named = this.#nameOf(statement, kind);
    if (named === null) {
      this.#hasBroken = true;
      if (scope.reading === null) return;
    }
    const { name, span } = named ?? { name: '', span: statement };
    const names = kind === 'backend' ? scope.backends : scope.listeners;
    const before = kind === 'backend' ? scope.backends.get(name)?.place : scope.listeners.get(name);
    if (before !== undefined) scope.error('SL0701', span, { kind, name, line: scope.lineOf(before) });
    else if (named === null) {
      // Only an editor has lines of a section without a name read.
    } else if (kind === 'backend') this.#addBackend(name, span);
    else scope.listeners.set(name, scope.place(span));
    const sections = kind === 'backend' ? this.#backends : this.#listeners;
    if (before === undefined || names.size === 0 || scope.reading !== null)
      sections.push({ statement, name, source: scope.source });
  }

  #addBackend(name: string, span: Span): void {
    const scope = this.#scope;
    if (scope.backends.has(name)) return;
    scope.backends.set(name, { place: scope.place(span), source: scope.source, span, isUsed: false });
  }

  #define(statement: Statement): void {
    const scope = this.#scope;
    const named = this.#nameOf(statement, 'define');
    if (named === null) return;
    const { name, span } = named;
    if (statement.isBroken) {
      this.#defines.addBroken(name);
      return;
    }
    expectEquals(scope, new Reader(statement.head.phrases[0]!, 2));
    if (this.#isTaken(name, span)) return;
    const items = statement.head.phrases[0]!.items;
    if (items[2]?.kind !== 'equals') {
      const at = items[2] ?? span;
      this.#defines.addBroken(name);
      scope.error(
        'SL0117',
        at,
        { word: `define ${name}`, what: '`=` and a condition' },
        `Write \`define ${name} = …\``,
      );
      return;
    }
    if (items.length === 3) {
      this.#defines.addBroken(name);
      expectTest(scope, new Reader(statement.head.phrases[0]!, 3), 'request');
    }
    const rest = statement.whenSpan ?? statement.block;
    if (rest !== null || items.length === 3) {
      this.#defines.addBroken(name);
      if (rest === statement.whenSpan && rest !== null) scope.error('SL0123', rest);
      else if (rest !== null) scope.error('SL0119', { start: rest.start, end: rest.start + 1 });
      else scope.error('SL0201', items[2], { word: 'define' }, 'For example `define admin = path under /admin`');
      return;
    }
    this.#defines.add(name, span, statement.head, 3);
  }

  #list(statement: Statement): void {
    const scope = this.#scope;
    const named = this.#nameOf(statement, 'list');
    if (named === null || this.#isTaken(named.name, named.span)) return;
    const { name, span } = named;
    const list = statement.isBroken ? null : readList(scope, statement, name, span);
    if (list !== null) this.#lists.push(list.plan);
    scope.lists.set(name, {
      source: scope.source,
      span,
      values: list?.values ?? null,
      type: list?.plan.type ?? null,
      isFromFile: list !== null && list.plan.file !== null,
      isUsed: false,
    });
  }

  #map(statement: Statement): void {
    const scope = this.#scope;
    const named = this.#nameOf(statement, 'map');
    if (named === null || this.#isTaken(named.name, named.span)) return;
    const { name, span } = named;
    scope.maps.set(name, { source: scope.source, span, plan: null, isUsed: false });
    if (!statement.isBroken) this.#maps.push({ statement, name, source: scope.source });
  }

  /** Maps may name backends of any file, so they are read when all names are known. */
  #checkMaps(): readonly MapPlan[] {
    const scope = this.#scope;
    const maps: MapPlan[] = [];
    for (const { statement, name, source } of this.#maps) {
      const map = scope.maps.get(name)!;
      map.plan = scope.inFile(source, () => readMap(scope, statement, name, map.span));
      if (map.plan !== null) maps.push(map.plan);
    }
    return maps;
  }

  /** isTaken reports a name that a definition, a list or a word has already. */
  #isTaken(name: string, span: Span): boolean {
    const scope = this.#scope;
    // An editor has a single line read of files whose names are all known.
    if (scope.reading !== null) return false;
    const define = scope.defines.placeOf(name);
    const list = scope.lists.get(name);
    const before = define ?? list ?? scope.maps.get(name);
    if (before !== undefined) {
      const kind = define !== undefined ? 'definition' : list !== undefined ? 'list' : 'map';
      scope.error('SL0701', span, { kind, name, line: scope.lineOf(before.source.placeOf(before.span)) });
    } else if (scope.vocabulary.has(name)) scope.error('SL0702', span, { name });
    else return false;
    return true;
  }

  /** What the line loads was settled before; here only its name counts. */
  #use(statement: Statement): void {
    const item = statement.head.phrases[0]!.items[1];
    if (item === undefined || item.kind !== 'word') return;
    const before = this.#plugins.get(item.value);
    if (before === undefined) this.#plugins.set(item.value, this.#scope.place(item));
    else this.#scope.error('SL0701', item, { kind: 'plugin', name: item.value, line: this.#scope.lineOf(before) });
  }
}

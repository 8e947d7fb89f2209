/**
 * FileChecker: the top level of a file: first all names, then each section, then what only the whole file can show.
 * Main thread.
 */
import { didYouMean } from '../diagnostics/suggestion.ts';
import type { BackendPlan, ListenerPlan, SettingsPlan } from '../plan/plan.ts';
import { TOP_WORDS } from '../syntax/layout.ts';
import type { Span } from '../syntax/source-text.ts';
import type { FileTree, Statement } from '../syntax/tree.ts';
import { addressText, checkBackend } from './backend-section.ts';
import { DEFAULTS } from './defaults.ts';
import { DefineTable } from './define-table.ts';
import { readList } from './list-line.ts';
import { checkListener } from './listener-section.ts';
import { isName } from './literals.ts';
import { Reader } from './reader.ts';
import type { Scope } from './scope.ts';
import { findComing, findSetting } from './setting-line.ts';
import { checkSettings } from './settings-section.ts';

export interface CheckedFile {
  readonly listeners: readonly ListenerPlan[];
  readonly backends: readonly BackendPlan[];
  readonly settings: SettingsPlan;
}

/** checkFile checks a whole file, its `use` lines apart. */
export function checkFile(scope: Scope, tree: FileTree): CheckedFile {
  return new FileChecker(scope, tree).run();
}

/** What stands behind the name: where it stands in its place, the name is missing. */
const NAME_FOLLOWERS: Readonly<Record<string, string>> = { listener: 'on', backend: 'of' };

interface Section {
  readonly statement: Statement;
  readonly name: string;
}

class FileChecker {
  readonly #scope: Scope;
  readonly #tree: FileTree;
  readonly #listeners: Section[] = [];
  readonly #backends: Section[] = [];
  readonly #settings: Statement[] = [];
  /** Names of listeners and plugins, with where they were given. */
  readonly #names = { listener: new Map<string, Span>(), use: new Map<string, Span>() };
  /** A line could not be read, so that something may seem to be missing that is not. */
  #hasBroken = false;

  constructor(scope: Scope, tree: FileTree) {
    this.#scope = scope;
    this.#tree = tree;
    scope.defines = new DefineTable(scope);
  }

  run(): CheckedFile {
    const scope = this.#scope;
    for (const statement of this.#tree.statements) {
      if (scope.diagnostics.isFull) break;
      this.#top(statement);
    }
    const settings = checkSettings(scope, this.#settings);
    const listeners: ListenerPlan[] = [];
    const backends: BackendPlan[] = [];
    for (const { statement, name } of this.#listeners) {
      const listener = checkListener(scope, statement, name);
      if (listener !== null) listeners.push(listener);
    }
    for (const { statement, name } of this.#backends) {
      const backend = checkBackend(scope, statement, name);
      if (backend !== null) backends.push(backend);
    }
    scope.defines.checkAll();
    this.#whole(listeners);
    return { listeners, backends, settings: settings ?? DEFAULTS.settings };
  }

  #whole(listeners: readonly ListenerPlan[]): void {
    const scope = this.#scope;
    if (this.#listeners.length === 0 && !this.#hasBroken) {
      const mend = 'Add `listener web on :8080 { otherwise send to … }`';
      scope.error('SL0709', { start: 0, end: 1 }, {}, mend);
      return;
    }
    const addresses = new Map<string, ListenerPlan>();
    for (const listener of listeners) {
      const { address } = listener;
      if ('port' in address && address.port === 0) continue;
      const text = addressText(address);
      const before = addresses.get(text);
      if (before === undefined) addresses.set(text, listener);
      else {
        const { statement } = this.#listeners.find((section) => section.name === listener.name)!;
        const item = statement.head.phrases[0]!.items[3]!;
        scope.error('SL0710', item, { value: text, name: before.name, line: before.place.line });
      }
    }
    // Whether a name is used can only be told where everything else is right.
    if (scope.diagnostics.hasErrors) return;
    for (const [name, backend] of scope.backends) if (!backend.isUsed) scope.error('SL0502', backend.span, { name });
    for (const [name, list] of scope.lists) if (!list.isUsed) scope.error('SL0504', list.span, { name });
    scope.defines.warnOfUnused();
  }

  #top(statement: Statement): void {
    const scope = this.#scope;
    const phrase = statement.head.phrases[0];
    const item = phrase?.items[0];
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
        this.#settings.push(statement);
        return;
      case 'define':
        this.#define(statement);
        return;
      case 'list':
        this.#list(statement);
        return;
      case 'use':
        this.#use(statement);
        return;
    }
    if (statement.isBroken) return;
    if (word === null) {
      this.#hasBroken = true;
      scope.error('SL0112', item, { word: scope.source.text.slice(item.start, item.end) });
      return;
    }
    const coming = findComing('top', reader);
    if (coming !== null) scope.error('SL0116', item, { word: coming });
    else if (
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
    const mend = didYouMean(word, TOP_WORDS, `A file is made of: ${[...TOP_WORDS].join(', ')}`);
    scope.error('SL0101', item, { word }, mend);
    const name = new Reader(statement.head.phrases[0]!).wordAt(1);
    if (mend?.includes('`backend`') === true && name !== null) this.#addBackend(name, item);
    if (mend?.includes('`define`') === true && name !== null) scope.defines.addBroken(name);
    if (mend?.includes('`listener`') === true && statement.block !== null) {
      const listener = new Reader(statement.head.phrases[0]!).wordAt(1);
      if (listener !== null) this.#listeners.push({ statement, name: listener });
    }
  }

  /** The name behind a section's word, reported when there is none. */
  #nameOf(statement: Statement, kind: string): { readonly name: string; readonly span: Span } | null {
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
    if (item.kind === 'word' && isName(text)) return { name: text, span: item };
    if (!statement.isBroken) scope.error('SL0704', item, { value: text });
    return null;
  }

  #section(statement: Statement, kind: 'listener' | 'backend'): void {
    const scope = this.#scope;
    const named = this.#nameOf(statement, kind);
    if (named === null) {
      this.#hasBroken = true;
      return;
    }
    const { name, span } = named;
    const names = kind === 'backend' ? scope.backends : this.#names.listener;
    const before = kind === 'backend' ? scope.backends.get(name)?.span : this.#names.listener.get(name);
    if (before !== undefined) {
      const line = scope.place(before).line;
      scope.error('SL0701', span, { kind, name, line });
    } else if (kind === 'backend') this.#addBackend(name, span);
    else this.#names.listener.set(name, span);
    const sections = kind === 'backend' ? this.#backends : this.#listeners;
    if (before === undefined || names.size === 0) sections.push({ statement, name });
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
      scope.defines.addBroken(name);
      return;
    }
    if (this.#isTaken(name, span)) return;
    const items = statement.head.phrases[0]!.items;
    if (items[2]?.kind !== 'equals') {
      const at = items[2] ?? span;
      scope.defines.addBroken(name);
      scope.error(
        'SL0117',
        at,
        { word: `define ${name}`, what: '`=` and a condition' },
        `Write \`define ${name} = …\``,
      );
      return;
    }
    const rest = statement.whenSpan ?? statement.block;
    if (rest !== null || items.length === 3) {
      scope.defines.addBroken(name);
      if (rest === statement.whenSpan && rest !== null) scope.error('SL0123', rest);
      else if (rest !== null) scope.error('SL0119', { start: rest.start, end: rest.start + 1 });
      else scope.error('SL0201', items[2], { word: 'define' }, 'For example `define admin = path under /admin`');
      return;
    }
    scope.defines.add(name, span, statement.head, 3);
  }

  #list(statement: Statement): void {
    const scope = this.#scope;
    const named = this.#nameOf(statement, 'list');
    if (named === null || this.#isTaken(named.name, named.span)) return;
    const values = statement.isBroken ? null : readList(scope, statement);
    scope.lists.set(named.name, { source: scope.source, span: named.span, values, isUsed: false });
  }

  /** isTaken reports a name that a definition, a list or a word has already. */
  #isTaken(name: string, span: Span): boolean {
    const scope = this.#scope;
    const define = scope.defines.placeOf(name);
    const before = define ?? scope.lists.get(name);
    if (before !== undefined) {
      const kind = define === undefined ? 'list' : 'definition';
      scope.error('SL0701', span, { kind, name, line: before.source.placeOf(before.span).line });
    } else if (scope.vocabulary.has(name)) scope.error('SL0702', span, { name });
    else return false;
    return true;
  }

  /** What the line loads was settled before; here only its name counts. */
  #use(statement: Statement): void {
    const item = statement.head.phrases[0]!.items[1];
    if (item === undefined || item.kind !== 'word') return;
    const before = this.#names.use.get(item.value);
    if (before === undefined) this.#names.use.set(item.value, item);
    else this.#scope.error('SL0701', item, { kind: 'plugin', name: item.value, line: this.#scope.place(before).line });
  }
}

/**
 * RuleFiles: the file that was asked for and all that it includes, each read and parsed separately. Main thread.
 *
 * Nothing here rejects: a file that cannot be read or included is a diagnostic at the line that names it.
 */
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import type { DiagnosticList } from '../../diagnostics/diagnostic-list.ts';
import { formatPlace, type Place } from '../../plan/place.ts';
import { SourceText, type Span } from '../../source/source-text.ts';
import { parse } from '../../syntax/parse.ts';
import type { FileTree, Item, Statement } from '../../syntax/tree.ts';
import { Reader } from '../scope/reader.ts';
import { decodeFile, readBytes, reasonOf, Unreadable } from './file-text.ts';
import { findFiles, isGlob } from './glob.ts';
import { readIncludeLine } from './include-line.ts';
import { type NamedPath, namedPath } from './named-path.ts';

/** Reads a file: bytes, or a text that is decoded already. */
export type ReadFile = (path: string) => Promise<string | Uint8Array>;

/** RuleSource: a file, or a text with the name that diagnostics give it (default `<text>`). */
export type RuleSource = { readonly file: string } | { readonly text: string; readonly name?: string };

interface Reading {
  readonly path: string;
  /** The line that includes it; null for the file that was asked for. */
  readonly place: Place | null;
}

export class RuleFiles {
  /** The texts that were read, by the names that places use. */
  readonly sources = new Map<string, string>();
  /** In the order in which they were read; empty when the first cannot be. */
  readonly trees: FileTree[] = [];
  /** Absolute paths, in the same order. A text that is in no file has none. */
  readonly paths: string[] = [];
  /** A file that is included could not be read: names that nobody knows may well stand in it. */
  hasMissing = false;
  /** The files behind `from` in lists and maps, by the item that names them; those that cannot be read are missing. */
  readonly listed = new Map<Item, SourceText>();
  readonly #read: ReadFile;
  readonly #diagnostics: DiagnosticList;
  /** Every file read, by absolute path. */
  readonly #seen = new Map<string, Reading>();
  /** The files being read, outermost first. */
  readonly #open: string[] = [];

  constructor(readFile: ReadFile | undefined, diagnostics: DiagnosticList) {
    this.#read = readFile ?? readBytes;
    this.#diagnostics = diagnostics;
  }

  /** readAll reads the rules and, depth first, what they include. */
  async readAll(source: RuleSource): Promise<void> {
    if ('text' in source) {
      await this.#take(new SourceText(source.name ?? '<text>', source.text, process.cwd()), null, null);
      return;
    }
    const path = resolve(source.file);
    const nowhere = new SourceText(source.file, '', dirname(path));
    const text = await this.readText(path, source.file, nowhere, { start: 0, end: 1 });
    if (text !== null) await this.#take(new SourceText(source.file, text, dirname(path)), path, null);
  }

  /** readText returns a file's text, or null after reporting at a span of the file that names it. */
  async readText(path: string, name: string, source: SourceText, span: Span): Promise<string | null> {
    try {
      const read = await this.#read(path);
      return typeof read === 'string' ? read : decodeFile(read);
    } catch (error) {
      const [code, fix] = error instanceof Unreadable ? [error.code, error.fix] : ['SL0615', null];
      this.#diagnostics.add(code, source, span, { file: name, reason: reasonOf(error) }, fix);
      return null;
    }
  }

  async #take(source: SourceText, path: string | null, place: Place | null): Promise<void> {
    this.sources.set(source.file, source.text);
    if (path !== null) {
      this.paths.push(path);
      this.#seen.set(path, { path, place });
      this.#open.push(path);
    }
    const tree = parse(source, this.#diagnostics);
    this.trees.push(tree);
    for (const statement of tree.statements) {
      const phrase = statement.head.phrases[0];
      const word = phrase === undefined ? null : new Reader(phrase).wordAt(0);
      if (word === 'list' || word === 'map') await this.#takeListed(source, statement);
      if (word === 'listener') await this.#takePages(source, statement);
      if (word !== 'include') continue;
      const line = readIncludeLine(source, this.#diagnostics, statement);
      if (line !== null) await this.#include(source, line.glob, line.isOptional);
    }
    if (path !== null) this.#open.pop();
  }

  /** takeListed reads the file behind `from`, so that the check, which does not wait, finds it there. */
  async #takeListed(source: SourceText, { head, isBroken }: Statement): Promise<void> {
    const { items } = head.phrases[0]!;
    const from = items.findIndex((item) => item.kind === 'word' && item.value === 'from');
    const item = items[from + 1];
    if (isBroken || from < 3 || item?.kind !== 'text' || item.value === '') return;
    const { path, name } = namedPath(source, item.value);
    const text = await this.readText(path, name, source, item);
    if (text === null) return;
    this.listed.set(item, new SourceText(name, text, dirname(path)));
    this.sources.set(name, text);
  }

  /** takePages reads the files of the `errors` lines in a listener. */
  async #takePages(source: SourceText, { block }: Statement): Promise<void> {
    for (const { head, isBroken } of block?.statements ?? []) {
      const items = head.phrases[0]?.items ?? [];
      const from = items.findIndex((item) => item.kind === 'word' && item.value === 'from');
      const item = items[from + 1];
      const isPage = items[0]?.kind === 'word' && items[0].value === 'errors';
      if (!isPage || isBroken || from < 2 || item === undefined || item.kind === 'group' || item.value === '') continue;
      const { path, name } = namedPath(source, item.value);
      const text = await this.readText(path, name, source, item);
      if (text !== null) this.listed.set(item, new SourceText(name, text, dirname(path)));
    }
  }

  async #include(source: SourceText, glob: Span & { readonly value: string }, isOptional: boolean): Promise<void> {
    const found = await this.#find(source, glob);
    if (found === null) return;
    if (found.length === 0 && !isOptional) {
      this.hasMissing = true;
      this.#diagnostics.add('SL0714', source, glob, { glob: glob.value, folder: relative('', source.folder) || '.' });
    }
    for (const { path, name } of found) {
      const before = this.#seen.get(path);
      if (before !== undefined) this.#again(source, glob, name, before);
      else {
        const text = await this.readText(path, name, source, glob);
        if (text === null) this.hasMissing = true;
        else await this.#take(new SourceText(name, text, dirname(path)), path, source.placeOf(glob));
      }
      if (this.#diagnostics.isFull) return;
    }
  }

  async #find(source: SourceText, glob: Span & { readonly value: string }): Promise<readonly NamedPath[] | null> {
    try {
      if (!isGlob(glob.value)) {
        const named = namedPath(source, glob.value);
        return (await this.#isThere(named.path)) ? [named] : [];
      }
      const files = await findFiles(source.folder, glob.value);
      // A pattern such as `*.sluice` names the file it stands in too: that one is being read.
      return files
        .filter((path) => path !== this.#open.at(-1))
        .map((path) => namedPath(source, isAbsolute(glob.value) ? path : relative(source.folder, path)));
    } catch (error) {
      this.#diagnostics.add('SL0615', source, glob, { file: glob.value, reason: reasonOf(error) });
      this.hasMissing = true;
      return null;
    }
  }

  /** A file that is there and cannot be read is told with the reason, so only a missing one counts as no match. */
  async #isThere(path: string): Promise<boolean> {
    return this.#read(path).then(
      () => true,
      (error: unknown) => (error as NodeJS.ErrnoException | null)?.code !== 'ENOENT',
    );
  }

  #again(source: SourceText, glob: Span, name: string, before: Reading): void {
    const where = before.place === null ? 'it is the file that was asked for' : `first at ${formatPlace(before.place)}`;
    const code = this.#open.includes(before.path) ? 'SL0715' : 'SL0716';
    this.#diagnostics.add(code, source, glob, { file: name, where });
  }
}

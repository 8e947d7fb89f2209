/**
 * Compile: the whole way from a rule file to a plan, one code path for `check`, `run`, reload and embedders. Main thread.
 */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { DiagnosticList } from '../diagnostics/diagnostic-list.ts';
import { PLAN_VERSION, type Plan, type PluginUse } from '../plan/plan.ts';
import type { Args } from '../plan/rule.ts';
import { parse } from '../syntax/parse.ts';
import { SourceText } from '../syntax/source-text.ts';
import type { FileTree } from '../syntax/tree.ts';
import { createVocabulary, type OwnedWord, type Vocabulary, VocabularyError } from '../vocabulary/vocabulary.ts';
import type { Word } from '../vocabulary/word.ts';
import { checkFile } from './file-checker.ts';
import { Reader } from './reader.ts';
import { Scope } from './scope.ts';
import { readUseLine } from './use-line.ts';

/** RuleSource: a file, or a text with the name that diagnostics give it (default `<text>`). */
export type RuleSource = { readonly file: string } | { readonly text: string; readonly name?: string };

/** PluginRequest is a `use` line to be loaded. `baseDir` is the folder of the file it stands in. */
export interface PluginRequest {
  readonly name: string;
  readonly from: string;
  readonly baseDir: string;
  readonly options: Args;
}

export interface LoadedPlugin {
  readonly url: string;
  readonly words: readonly Word[];
}

export interface CompileOptions {
  /** The words of the plugins that are loaded already. */
  readonly words: readonly OwnedWord[];
  /** Called for each `use` line, in order. A rejection becomes a diagnostic that quotes its message. */
  readonly loadPlugin?: (use: PluginRequest) => Promise<LoadedPlugin>;
  /** Reads a file as UTF-8. Default: the file system. A rejection becomes a diagnostic. */
  readonly readFile?: (path: string) => Promise<string>;
}

export interface CompileResult {
  /** null when any diagnostic is an error. */
  readonly plan: Plan | null;
  /** Sorted by position. */
  readonly diagnostics: readonly Diagnostic[];
  /** The texts that were read, by the names that places use. */
  readonly sources: ReadonlyMap<string, string>;
}

/**
 * compile reads a rule file and whatever it names, and returns a plan or what is wrong, all of it at once.
 *
 * Problems of the rule file never throw. Rejects with VocabularyError when `options.words` hold a word twice.
 */
export async function compile(source: RuleSource, options: CompileOptions): Promise<CompileResult> {
  const vocabulary = createVocabulary(options.words);
  const diagnostics = new DiagnosticList();
  const sources = new Map<string, string>();
  const files: string[] = [];
  const text = await open(source, options, diagnostics, files);
  if (text === null) return { plan: null, diagnostics: diagnostics.sorted([]), sources };
  sources.set(text.file, text.text);
  const tree = parse(text, diagnostics);
  const baseDir = 'file' in source ? dirname(resolve(source.file)) : process.cwd();
  const loaded = await loadPlugins(tree, vocabulary, baseDir, options, diagnostics);
  const scope = new Scope(text, diagnostics, loaded.vocabulary, { isWordMissing: loaded.isWordMissing, baseDir });
  const isReadable = tree.statements.length > 0 || !diagnostics.hasErrors;
  const checked = isReadable ? checkFile(scope, tree) : null;
  const plan: Plan | null =
    checked === null || diagnostics.hasErrors
      ? null
      : { version: PLAN_VERSION, files, plugins: loaded.plugins, ...ordered(checked), lists: [], maps: [], tests: [] };
  return { plan, diagnostics: diagnostics.sorted([text.file]), sources };
}

function ordered({ settings, listeners, backends }: ReturnType<typeof checkFile>): ReturnType<typeof checkFile> {
  return { settings, listeners, backends };
}

async function open(
  source: RuleSource,
  options: CompileOptions,
  diagnostics: DiagnosticList,
  files: string[],
): Promise<SourceText | null> {
  if ('text' in source) return new SourceText(source.name ?? '<text>', source.text);
  const path = resolve(source.file);
  try {
    const text = await (options.readFile ?? readText)(path);
    files.push(path);
    return new SourceText(source.file, text);
  } catch (error) {
    const nowhere = new SourceText(source.file, '');
    diagnostics.add('SL0615', nowhere, { start: 0, end: 1 }, { file: source.file, reason: reasonOf(error) });
    return null;
  }
}

function readText(path: string): Promise<string> {
  return readFile(path, 'utf8');
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is no folder',
};

function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (typeof code === 'string' && REASONS[code] !== undefined) return REASONS[code];
  return error instanceof Error ? error.message : String(error);
}

interface LoadedPlugins {
  readonly vocabulary: Vocabulary;
  readonly plugins: readonly PluginUse[];
  readonly isWordMissing: boolean;
}

async function loadPlugins(
  tree: FileTree,
  base: Vocabulary,
  baseDir: string,
  options: CompileOptions,
  diagnostics: DiagnosticList,
): Promise<LoadedPlugins> {
  let vocabulary = base;
  let isWordMissing = false;
  const plugins: PluginUse[] = [];
  for (const statement of tree.statements) {
    const phrase = statement.head.phrases[0];
    if (phrase === undefined || new Reader(phrase).wordAt(0) !== 'use') continue;
    const line = readUseLine(tree.source, diagnostics, statement);
    if (line === null) {
      isWordMissing = true;
      continue;
    }
    const { name, from, options: args, fromSpan } = line;
    try {
      if (options.loadPlugin === undefined) throw new Error('plugins cannot be loaded here');
      const { url, words } = await options.loadPlugin({ name, from, baseDir, options: args });
      vocabulary = vocabulary.with(words.map((word) => ({ ...word, plugin: name })));
      plugins.push({ name, from, url, options: args, place: tree.source.placeOf(statement.head) });
    } catch (error) {
      isWordMissing = true;
      const code = error instanceof VocabularyError ? 'SL0708' : 'SL0707';
      diagnostics.add(code, tree.source, fromSpan, { name, reason: reasonOf(error) });
    }
  }
  return { vocabulary, plugins, isWordMissing };
}

/**
 * Compile: the whole way from a rule file to a plan, one code path for `check`, `run`, reload and embedders. Main thread.
 */
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { DiagnosticList } from '../diagnostics/diagnostic-list.ts';
import { PLAN_VERSION, type Plan, type PluginUse } from '../plan/plan.ts';
import type { Args } from '../plan/rule.ts';
import type { SourceText } from '../source/source-text.ts';
import type { FileTree, Statement } from '../syntax/tree.ts';
import { createVocabulary, type OwnedWord, type Vocabulary, VocabularyError } from '../vocabulary/vocabulary.ts';
import type { Word } from '../vocabulary/word.ts';
import { checkFiles } from './file-checker.ts';
import { reasonOf } from './files/file-text.ts';
import { type ReadFile, RuleFiles, type RuleSource } from './files/rule-files.ts';
import { Reader } from './scope/reader.ts';
import { Scope } from './scope/scope.ts';
import { readUseLine } from './sections/use-line.ts';

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
  /** Reads a file, as bytes or as text. Default: the file system. A rejection becomes a diagnostic. */
  readonly readFile?: ReadFile;
  /** The environment that `env "NAME"` and `secret "NAME"` read. Default: the process's own. */
  readonly env?: Readonly<Record<string, string | undefined>>;
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
  const files = new RuleFiles(options.readFile, diagnostics);
  await files.readAll(source);
  const { trees, sources } = files;
  const sorted = (): readonly Diagnostic[] => diagnostics.sorted([...sources.keys()]);
  const [first] = trees;
  if (first === undefined) return { plan: null, diagnostics: sorted(), sources };
  const loaded = await loadPlugins(trees, vocabulary, options, diagnostics);
  const scope = new Scope(first.source, diagnostics, loaded.vocabulary, {
    isWordMissing: loaded.isWordMissing || files.hasMissing,
    listed: files.listed,
    env: options.env ?? process.env,
  });
  const isReadable = trees.some((tree) => tree.statements.length > 0) || !diagnostics.hasErrors;
  const checked = isReadable ? checkFiles(scope, trees) : null;
  const plan: Plan | null =
    checked === null || diagnostics.hasErrors
      ? null
      : { version: PLAN_VERSION, files: files.paths, plugins: loaded.plugins, ...checked };
  return { plan, diagnostics: sorted(), sources };
}

interface LoadedPlugins {
  readonly vocabulary: Vocabulary;
  readonly plugins: readonly PluginUse[];
  readonly isWordMissing: boolean;
}

async function loadPlugins(
  trees: readonly FileTree[],
  base: Vocabulary,
  options: CompileOptions,
  diagnostics: DiagnosticList,
): Promise<LoadedPlugins> {
  let vocabulary = base;
  let isWordMissing = false;
  const plugins: PluginUse[] = [];
  for (const { source, statement } of useStatements(trees)) {
    const line = readUseLine(source, diagnostics, statement);
    if (line === null) {
      isWordMissing = true;
      continue;
    }
    const { name, from, options: args, fromSpan } = line;
    try {
      if (options.loadPlugin === undefined) throw new Error('plugins cannot be loaded here');
      const { url, words } = await options.loadPlugin({ name, from, baseDir: source.folder, options: args });
      vocabulary = vocabulary.with(words.map((word) => ({ ...word, plugin: name })));
      plugins.push({ name, from, url, options: args, place: source.placeOf(statement.head) });
    } catch (error) {
      isWordMissing = true;
      const code = error instanceof VocabularyError ? 'SL0708' : 'SL0707';
      diagnostics.add(code, source, fromSpan, { name, reason: reasonOf(error) });
    }
  }
  return { vocabulary, plugins, isWordMissing };
}

function* useStatements(trees: readonly FileTree[]): Generator<{ source: SourceText; statement: Statement }> {
  for (const { source, statements } of trees) {
    for (const statement of statements) {
      const phrase = statement.head.phrases[0];
      if (phrase !== undefined && new Reader(phrase).wordAt(0) === 'use') yield { source, statement };
    }
  }
}

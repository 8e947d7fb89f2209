/**
 * RuleWorkspace: the rule files that an editor has open, and what checking them gave. Main thread.
 *
 * What is checked is a *root*: a file that nobody known includes. A file that a root includes is checked as a part of it. Open
 * files are read from the editor, all others from the file system; nothing is ever written.
 */
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { RuleDocument, RuleProject } from '@sluice/dsl/editor';
import { createVocabulary, type OwnedWord, type Vocabulary } from '@sluice/dsl/vocabulary';
import { standard } from '@sluice/standard';
import { type CheckedRules, checkRules, type Problem } from '../checked-rules.ts';

/** How many files beside an opened one are looked through for one that includes it. */
const NEIGHBOUR_LIMIT = 50;
/** How many folders above it. */
const PARENT_LIMIT = 3;

export class RuleWorkspace {
  /** The texts of open files, by absolute path. */
  readonly #open = new Map<string, string>();
  /** What checking gave, by root. */
  readonly #checked = new Map<string, CheckedRules>();
  readonly #documents = new Map<string, RuleDocument>();
  readonly #vocabularies = new WeakMap<CheckedRules, Vocabulary>();

  /** setText takes a file's text as the editor has it. */
  setText(path: string, text: string): void {
    this.#open.set(path, text);
  }

  /** close forgets the editor's text. Returns the roots that must be checked again, since they read the file. */
  close(path: string): readonly string[] {
    this.#open.delete(path);
    if (![...this.#checked].some(([root, { sources }]) => root !== path && sources.has(path))) {
      this.#checked.delete(path);
    }
    for (const root of [...this.#checked.keys()]) if (!this.#isNeeded(root)) this.#checked.delete(root);
    return [...this.#checked.keys()].filter((root) => this.#checked.get(root)!.sources.has(path));
  }

  /** isOpen says whether the editor has a file open. */
  isOpen(path: string): boolean {
    return this.#open.has(path);
  }

  /** textOf is a file's text: the editor's, or what was read when it was checked. */
  textOf(path: string): string | null {
    const open = this.#open.get(path);
    if (open !== undefined) return open;
    for (const { sources } of this.#checked.values()) {
      const text = sources.get(path);
      if (text !== undefined) return text;
    }
    return null;
  }

  /** rootOf is the file that reads this one, or this one. */
  async rootOf(path: string): Promise<string> {
    for (const [root, { sources }] of this.#checked) if (root !== path && sources.has(path)) return root;
    if (this.#checked.has(path)) return path;
    return (await this.#findRoot(path)) ?? path;
  }

  /** check checks a root, and returns what is wrong by file; a file that is right has an empty list. */
  async check(root: string): Promise<ReadonlyMap<string, readonly Problem[]>> {
    const before = this.#checked.get(root)?.sources.keys() ?? [];
    const checked = await this.#run(root, this.#open);
    const problems = new Map<string, Problem[]>();
    for (const file of [...before, root, ...checked.sources.keys()]) problems.set(file, []);
    for (const problem of checked.problems) {
      const file = problem.place?.file ?? root;
      const list = problems.get(file) ?? [];
      list.push(problem);
      problems.set(file, list);
    }
    this.#checked.set(root, checked);
    return problems;
  }

  /** fixes says whether an edit of one file takes a problem away without bringing others to its row. */
  async fixes(path: string, edited: string, problem: Problem): Promise<boolean> {
    const root = await this.rootOf(path);
    const { problems } = await this.#run(root, new Map([...this.#open, [path, edited]]));
    const isNear = ({ place }: Problem): boolean =>
      place?.file === problem.place?.file && place?.line === problem.place?.line;
    const before = this.#checked.get(root)?.problems.filter(isNear).length ?? 0;
    return problems.filter(isNear).length < before;
  }

  /** project is the file and all that are read with it, as the editor has them now. */
  async project(path: string): Promise<{ readonly project: RuleProject; readonly document: RuleDocument } | null> {
    const text = this.textOf(path);
    if (text === null) return null;
    const root = await this.rootOf(path);
    if (!this.#checked.has(root)) this.#checked.set(root, await this.#run(root, this.#open));
    const checked = this.#checked.get(root)!;
    const document = this.#document(path, text);
    const others = [...checked.sources.keys()].filter((file) => file !== path);
    const documents = others.map((file) => this.#document(file, this.textOf(file) ?? ''));
    return { project: new RuleProject(this.#vocabularyOf(checked), [document, ...documents]), document };
  }

  #isNeeded(root: string): boolean {
    return [...this.#checked.get(root)!.sources.keys()].some((file) => this.#open.has(file));
  }

  #run(root: string, open: ReadonlyMap<string, string>): Promise<CheckedRules> {
    return checkRules(root, { readFile: async (path) => open.get(path) ?? readFile(path) });
  }

  #document(file: string, text: string): RuleDocument {
    const known = this.#documents.get(file);
    if (known?.text === text) return known;
    const document = new RuleDocument(file, text);
    this.#documents.set(file, document);
    return document;
  }

  #vocabularyOf(checked: CheckedRules): Vocabulary {
    let vocabulary = this.#vocabularies.get(checked);
    if (vocabulary === undefined) {
      vocabulary = vocabularyOf(checked.words);
      this.#vocabularies.set(checked, vocabulary);
    }
    return vocabulary;
  }

  /** A file that includes others, beside the file or in a folder above it, and reads this one among them. */
  async #findRoot(path: string): Promise<string | null> {
    let folder = dirname(path);
    for (let depth = 0; depth <= PARENT_LIMIT && folder !== dirname(folder); depth++, folder = dirname(folder)) {
      const names = await readdir(folder).catch(() => []);
      const neighbours = names.filter((name) => name.endsWith('.sluice')).slice(0, NEIGHBOUR_LIMIT);
      for (const name of neighbours) {
        const neighbour = join(folder, name);
        if (neighbour === path) continue;
        const text = this.#open.get(neighbour) ?? (await readFile(neighbour, 'utf8').catch(() => ''));
        if (!/^\s*include\s/m.test(text)) continue;
        const checked = await this.#run(neighbour, this.#open);
        if (!checked.sources.has(path)) continue;
        this.#checked.set(neighbour, checked);
        return neighbour;
      }
    }
    return null;
  }
}

/** Words that clash are a problem of the rule file, told as such; here the first of them counts. */
function vocabularyOf(words: readonly OwnedWord[]): Vocabulary {
  try {
    return createVocabulary(words);
  } catch {
    const standardNames = new Set(standard.map(({ name }) => name));
    return createVocabulary(words.filter(({ plugin }) => plugin !== undefined && standardNames.has(plugin)));
  }
}

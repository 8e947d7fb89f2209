/**
 * Places: where something may be written in rule files, and what the checker says of candidates for each. For tests that hold
 * the editor to the checker.
 */
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { RuleDocument, RuleProject } from '../../src/editor/index.ts';
import type { SourceLine, SourceWord } from '../../src/editor/source-line.ts';
import type { Vocabulary } from '../../src/vocabulary/index.ts';
import { compileText } from '../compile-text.ts';
import { REALISTIC } from '../realistic.ts';

/** Place is the gap before a word of a line, or behind its last. */
export interface Place {
  readonly project: RuleProject;
  readonly document: RuleDocument;
  readonly line: SourceLine;
  /** The line up to there. */
  readonly before: readonly SourceWord[];
  readonly shown: string;
}

/** corpus is every rule file that the project shows: on its pages, in its examples and in the tests. */
export async function corpus(): Promise<readonly string[]> {
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  const texts = [REALISTIC];
  for (const folder of ['docs', 'examples']) {
    for (const name of await readdir(`${root}${folder}`, { recursive: true })) {
      if (name.includes('node_modules') || !/\.(?:md|sluice)$/.test(name)) continue;
      const page = await readFile(`${root}${folder}/${name}`, 'utf8');
      if (name.endsWith('.md')) texts.push(...[...page.matchAll(/^```sluice\n(.*?)^```/gms)].map((match) => match[1]!));
      else texts.push(page);
    }
  }
  return texts;
}

/** placesOf finds the places of the texts. Two whose lines say the same up to there, values apart, count once. */
export function placesOf(texts: readonly string[], vocabulary: Vocabulary): readonly Place[] {
  const places = new Map<string, Place>();
  for (const text of texts) {
    const document = new RuleDocument('test.sluice', text);
    const project = new RuleProject(vocabulary, [document]);
    for (const line of document.lines()) {
      if (isLeftOut(line)) continue;
      let shape = `${sectionOf(line)}:`;
      for (let index = 0; index <= line.words.length; index++) {
        const word = line.words[index];
        const before = line.words.slice(0, index);
        if (word === undefined || word.kind === 'word') {
          const shown = `${shape} ‸`;
          if (!shape.includes('?') && !places.has(shape)) places.set(shape, { project, document, line, before, shown });
        }
        if (word !== undefined) shape = shortened(`${shape} ${shapeOf(project, document, word)}`);
      }
    }
  }
  return [...places.values()];
}

/** The checker looks back no further than to the word that began a part of the line. */
function shortened(shape: string): string {
  const words = shape.split(' ');
  return words.length <= 8
    ? shape
    : [...words.slice(0, 4), '…', ...words.slice(-4)].filter((word, at) => word !== '…' || at === 4).join(' ');
}

/** What `use` and `include` bring is not there; an item of a `test` is whole or wrong to the checker, and both go by one table of forms. */
function isLeftOut(line: SourceLine): boolean {
  const top = line.parent ?? line;
  const word = top.words[0]?.value;
  return word === 'use' || word === 'include' || (word === 'test' && top !== line);
}

function sectionOf({ parent }: SourceLine): string {
  if (parent === null) return 'file';
  const isTcp = parent.words.some(({ value }) => value === 'tcp');
  return `${parent.words[0]?.value}${isTcp ? ' tcp' : ''}`;
}

function shapeOf(project: RuleProject, document: RuleDocument, word: SourceWord): string {
  if (word.kind !== 'word') return word.kind;
  const role = project.wordAt(document, word.start)?.role ?? null;
  if (role === null) return '?';
  if (role.kind === 'name') return `<${role.space}>`;
  if (role.kind === 'argument' && !role.isLabel) return `<${role.arg.type}>`;
  return role.kind === 'value' || role.kind === 'key' ? `<${role.kind}>` : word.value;
}

/** Errors that say of a line only that something is missing. */
const UNFINISHED: ReadonlySet<string> = new Set([
  'SL0117',
  'SL0120',
  'SL0201',
  'SL0203',
  'SL0207',
  'SL0212',
  'SL0223',
  'SL0304',
  'SL0305',
  'SL0712',
  'SL0801',
]);

/** A first time that is longer than the second, which is free-form: either may be what has to change. */
const TOO_LATE = 'SL0663';

/** An environment in which every variable is set. */
const ANY_ENVIRONMENT: Record<string, string> = new Proxy(
  {},
  {
    get: () => 'x',
    getOwnPropertyDescriptor: () => ({ value: 'x', configurable: true, enumerable: true }),
  },
);

/** Most candidates that are tried in one text. */
const BATCH = 100;

/**
 * acceptedAt are those of the candidates with which the checker finds nothing wrong in the line but that it is unfinished: by
 * candidate, what it says is missing; empty for nothing.
 */
export async function acceptedAt(place: Place, candidates: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const accepted = new Map<string, string>();
  const size = sectionOf(place.line) === 'settings' ? 1 : BATCH;
  // A line that begins with one of these may have the parser give up on the rest of the text.
  const isJoint = (candidate: string): boolean => /^(?:and|or|when)\b/.test(candidate);
  const alone = candidates.filter(isJoint).map((candidate) => [candidate]);
  const others = candidates.filter((candidate) => !isJoint(candidate));
  const batches = Array.from({ length: Math.ceil(others.length / size) }, (_, index) =>
    others.slice(index * size, (index + 1) * size),
  );
  for (const tried of [...batches, ...alone]) {
    for (const [candidate, missing] of await judged(place, tried)) accepted.set(candidate, missing);
  }
  return accepted;
}

async function judged(place: Place, candidates: readonly string[]): Promise<Map<string, string>> {
  const base = baseOf(place);
  let text = `${base}\n`;
  const rows: number[] = [];
  for (const [index, candidate] of candidates.entries()) {
    const [head, tail] = sectionAround(place.line.parent, index, sourcesFor(place, candidate));
    text += head;
    rows.push(text.split('\n').length);
    text += `${lineWith(place, candidate, index)}\n${tail}`;
  }
  const { diagnostics } = await compileText(text, { readFile: async () => '\n', env: ANY_ENVIRONMENT });
  const missing = new Map<number, string | null>();
  for (const { code, severity, message, place: at } of diagnostics) {
    if (severity !== 'error' || code === TOO_LATE) continue;
    const before = missing.get(at.line);
    missing.set(at.line, UNFINISHED.has(code) && before !== null ? `${before ?? ''}${code} ${message}` : null);
  }
  const accepted = new Map<string, string>();
  for (const [index, candidate] of candidates.entries()) {
    const problem = missing.get(rows[index]!);
    if (problem !== null) accepted.set(candidate, (problem ?? '').replaceAll(`own${index}`, 'own'));
  }
  return accepted;
}

/** The definitions of the file, those of plugins and the section being tried apart. */
function baseOf({ document, line }: Place): string {
  const kept = document.source.lines.filter(
    (top) => ['backend', 'define', 'list', 'map'].includes(top.words[0]?.value ?? '') && top !== line,
  );
  return kept.map((top) => document.text.slice(top.start, Math.max(top.headEnd, top.block?.end ?? 0))).join('\n');
}

/** Lines that give a listener all that rules can ask for, where the line being tried is none of those itself. */
function sourcesFor({ line, before }: Place, candidate: string): string {
  const [first] = before;
  const isTcp = line.parent?.words.some(({ value }) => value === 'tcp') === true;
  if (before[1]?.value === 'passthrough' && !isTcp) return 'tls terminate cert "a.pem"\n';
  if (/^(?:tls|accept)\b/.test(first?.value ?? candidate)) return '';
  return `${isTcp ? 'tls passthrough' : 'tls terminate cert "a.pem"'}\naccept proxy from 10.0.0.0/8\n`;
}

function sectionAround(
  parent: SourceLine | null,
  index: number,
  sources: string,
): readonly [head: string, tail: string] {
  if (parent === null) return ['', ''];
  const [head, tail] = sectionAround(parent.parent, index, sources);
  const isListener = parent.words[0]?.value === 'listener';
  const start = `${head}${writtenAs(parent.words, index)} {\n${isListener ? sources : ''}`;
  return [start, `${isListener ? 'otherwise deny\n' : ''}}\n${tail}`];
}

/** Fields that stand before a key. */
const KEYED = /(?:^| )(?:header|cookie|query)$/;

/** The line up to the place, on one row, with a candidate behind it. */
function lineWith({ line, before }: Place, candidate: string, index: number): string {
  const whole = candidate === '' ? before.slice(0, before.findLastIndex((word) => !isDangling(word)) + 1) : before;
  const words = writtenAs(whole, line.parent === null ? index : null);
  const count = (of: SourceWord['kind']): number => whole.filter(({ kind }) => kind === of).length;
  const open = count('open') - count('close');
  if (candidate === '') return `${words} ;`;
  const rest = ['and', 'or', 'not', 'when'].includes(candidate)
    ? ' all'
    : KEYED.test(candidate) && before[0]?.value !== 'timeout'
      ? ' x-a'
      : '';
  return `${words} ${candidate}${rest}${')'.repeat(Math.max(0, open))}`;
}

/** isDangling: a line cannot end in it. */
function isDangling({ kind, value }: SourceWord): boolean {
  return kind === 'comma' || kind === 'open' || (kind === 'word' && ['and', 'or', 'not', 'when'].includes(value));
}

/** Words on one row. With an index, the name that they define is one of its own. */
function writtenAs(words: readonly SourceWord[], index: number | null): string {
  return words
    .map(({ kind, value }, at) => {
      if (kind === 'comma') return ',';
      if (kind === 'open') return '(';
      if (kind === 'close') return ')';
      if (kind === 'regex') return `r"${value}"`;
      if (at === 1 && index !== null && words[0]!.value !== 'on')
        return kind === 'text' ? `"own${index}"` : `own${index}`;
      return kind === 'text' ? `"${value}"` : value;
    })
    .join(' ');
}

/**
 * Page is a page of the documentation, and the blocks of code in it. Test code.
 *
 * What a block is for stands behind its language:
 *
 *     sluice                a whole rule file
 *     sluice file=x.sluice  a whole rule file that later commands of the page know by this name
 *     sluice in=listener    lines of a listener (or: backend, top); the test puts the rest around them
 *     sluice in=include file=x.sluice  a rule file that others of the page include; checked with them
 *     text file=x.txt       a file that the rule files and commands of the page need; any language but sluice
 *     console               commands behind `$ `, each with all that it prints
 */
import { globSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

export interface Block {
  readonly language: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly text: string;
  /** Where `text` stands in the page. */
  readonly start: number;
  readonly line: number;
}

export interface Page {
  /** Its path from the top of the checkout. */
  readonly name: string;
  readonly path: string;
  readonly markdown: string;
  readonly blocks: readonly Block[];
}

/** ROOT is the top of the checkout. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** readPages returns every page for users, sorted by name. */
export async function readPages(): Promise<readonly Page[]> {
  const below = await readdir(new URL('../../docs/', import.meta.url), { recursive: true });
  const pages = below.filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`);
  const packages = ['*/README.md', 'plugins/*/README.md'].flatMap((pattern) => globSync(pattern, { cwd: ROOT }));
  return Promise.all(['CONTRIBUTING.md', 'README.md', ...packages.sort(), ...pages.sort()].map(readPage));
}

async function readPage(name: string): Promise<Page> {
  const path = `${ROOT}${name}`;
  const markdown = await readFile(path, 'utf8');
  return { name, path, markdown, blocks: blocksOf(markdown) };
}

/** blocksOf returns the fenced blocks of a page, in order. */
export function blocksOf(markdown: string): readonly Block[] {
  return [...markdown.matchAll(/^```(\w+)([^\n]*)\n(.*?)^```$/gms)].map((match) => {
    const start = match.index + match[0].indexOf('\n') + 1;
    const attributes = new Map<string, string>();
    for (const pair of match[2]!.trim().split(/\s+/)) {
      const [name, value] = pair.split('=');
      if (value !== undefined) attributes.set(name!, value);
    }
    const line = markdown.slice(0, start).split('\n').length;
    return { language: match[1]!, attributes, text: match[3]!, start, line };
  });
}

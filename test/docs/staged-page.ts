/**
 * StagedPage: the files of a page in a folder of their own, and its commands run there. Certificates are made up.
 * Test code.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Block, Page } from './page.ts';

const COMMAND = fileURLToPath(new URL('../bin/sluice.js', import.meta.resolve('sluice')));
const CERTIFICATE = fileURLToPath(new URL('fixtures/site.pem', import.meta.url));

/** A plugin that pages use as `./same-path.js`. */
const PLUGIN = fileURLToPath(new URL('../../examples/custom-strategy/same-path.js', import.meta.url));

/** What a program printed and how it ended. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** runProgram runs a program to its end. Rejects when there is no such program. */
export function runProgram(program: string, args: readonly string[], cwd: string): Promise<Outcome> {
  const { FORCE_COLOR: _, NODE_OPTIONS: __, ...environment } = process.env;
  const env = { ...environment, NO_COLOR: '1' };
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd, env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (typeof error?.code === 'string') reject(error);
      else resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
    });
  });
}

/** sluice runs the real command. */
export function sluice(args: readonly string[], cwd: string): Promise<Outcome> {
  return runProgram(process.execPath, [COMMAND, ...args], cwd);
}

/** A rule file of the page as it was written to the folder. */
export interface Snippet {
  readonly block: Block;
  readonly file: string;
  /** Lines of a section, with the rest put around them: it may well leave names unused. */
  readonly isFragment: boolean;
}

export class StagedPage {
  readonly page: Page;
  readonly folder: string;
  readonly snippets: readonly Snippet[];

  private constructor(page: Page, folder: string, snippets: readonly Snippet[]) {
    this.page = page;
    this.folder = folder;
    this.snippets = snippets;
  }

  /** open writes the page's files: each rule file as `snippet-N.sluice`, the others under their names. */
  static async open(page: Page): Promise<StagedPage> {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-docs-'));
    await symlink(PLUGIN, join(folder, 'same-path.js'));
    for (const [name] of page.markdown.matchAll(/\b(?:certs?|keys?|crt)\/[\w./*-]+\.(?:pem|crt|key)\b/g)) {
      await write(folder, name.replace('*', 'any'), await readFile(CERTIFICATE, 'utf8'));
    }
    const snippets: Snippet[] = [];
    for (const block of page.blocks) {
      const name = block.attributes.get('file');
      if (name !== undefined) await write(folder, name, block.text);
      const place = block.attributes.get('in');
      if (block.language !== 'sluice' || place === 'include') continue;
      const file = `snippet-${snippets.length + 1}.sluice`;
      await write(folder, file, place === undefined ? block.text : completed(block.text, place));
      snippets.push({ block, file, isFragment: place !== undefined });
    }
    return new StagedPage(page, folder, snippets);
  }

  /** transcript is a console block as it should be: each command and all that it prints. Files are those above the block. */
  async transcript(block: Block): Promise<string> {
    for (const other of this.page.blocks) {
      const name = other.attributes.get('file');
      if (name !== undefined && other.start < block.start) await write(this.folder, name, other.text);
    }
    let text = '';
    for (const command of commandsOf(block.text)) {
      const [program, ...args] = wordsOf(command);
      if (program !== 'sluice') throw new Error(`\`${program}\` cannot be run here: the block is no console`);
      const { stdout, stderr } = await sluice(args, this.folder);
      text += `$ ${command}\n${`${stdout}${stderr}`.trimEnd()}\n`;
    }
    return text;
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

function commandsOf(text: string): readonly string[] {
  return [...text.matchAll(/^\$ ((?:.*\\\n)*.*)$/gm)].map((match) => match[1]!);
}

/** wordsOf splits a command as a shell would, as far as the pages need it: blanks, quotes, continued lines. */
function wordsOf(command: string): readonly string[] {
  const parts = command.replaceAll('\\\n', ' ').matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g);
  return [...parts].map((match) => match[1] ?? match[2] ?? match[3]!);
}

async function write(folder: string, name: string, text: string): Promise<void> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

const APP = '127.0.0.1:9001';

/** completed puts around the lines of a section what a file needs besides. */
function completed(text: string, place: string): string {
  if (place === 'backend') {
    const head = /^\s*server /m.test(text) ? 'backend app' : `backend app of ${APP}`;
    return `listener web on :8080 {\n  otherwise send to app\n}\n${head} {\n${text}}\n`;
  }
  const known = new Set([...text.matchAll(/^backend (\S+)/gm)].map((match) => match[1]!));
  const named = [...text.matchAll(/\bsend (?:\S+ )?to (?!map )(\S+)/g)].map((match) => match[1]!);
  const backends = [...new Set(['app', ...named])]
    .filter((name) => !known.has(name))
    .map((name) => `backend ${name} of ${APP}\n`)
    .join('');
  if (place === 'top') {
    const listener = /^listener /m.test(text) ? '' : 'listener web on :8080 {\n  otherwise send to app\n}\n';
    return `${text}${listener}${backends}`;
  }
  const otherwise = /^\s*otherwise /m.test(text) ? '' : '  otherwise send to app\n';
  return `listener web on :8080 {\n${text}${otherwise}}\n${backends}`;
}

/**
 * RuleFolder: a folder of files for one test, compiled as operators do: from the file system.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type CompileResult, compile } from '../src/index.ts';
import { WORDS } from './words.ts';

/** APP is a backend, and a listener that sends to it. */
export const APP = 'listener web on :8080 { otherwise send to app }\nbackend app of 127.0.0.1:9001\n';

/** inFolder writes files, runs a step in their folder, and removes them. */
export async function inFolder<Result>(
  files: Readonly<Record<string, string | Uint8Array>>,
  step: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-'));
  try {
    for (const [name, content] of Object.entries(files)) {
      const path = join(folder, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
    }
    return await step(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** compileFiles compiles the first file. Names in the result are relative to the folder. */
export function compileFiles(files: Readonly<Record<string, string | Uint8Array>>): Promise<CompileResult> {
  const first = Object.keys(files)[0]!;
  return inFolder(files, async (folder) => {
    const result = await compile({ file: join(folder, first) }, { words: WORDS });
    return JSON.parse(JSON.stringify({ ...result, sources: null }).replaceAll(`${folder}/`, '')) as CompileResult;
  });
}

/** toldOf is each diagnostic in one line: `SL0101 web.sluice:3:5 message | fix`. */
export function toldOf({ diagnostics }: Pick<CompileResult, 'diagnostics'>): string[] {
  return diagnostics.map(({ code, message, fix, place: { file, line, column } }) =>
    `${code} ${file}:${line}:${column} ${message}`.concat(fix === null ? '' : ` | ${fix}`),
  );
}

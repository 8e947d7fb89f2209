/**
 * The command `check FILE…`: every problem of rule files, at once. Main thread. Opens nothing, changes nothing.
 */
import type { AdminOptions } from '@sluice/core/loading';
import { type CheckedRules, checkRules } from '../checked-rules.ts';
import { EXIT_OK, EXIT_PROBLEM } from '../exit-codes.ts';
import { coloursFor, hasColours, print } from '../terminal.ts';

export interface CheckOptions {
  readonly json?: boolean;
  /** The admin API that `run` is asked for on its command line. */
  readonly admin?: AdminOptions | undefined;
}

/** check returns 0 when no file has an error; warnings are shown and do not count. */
export async function check(files: readonly string[], options: CheckOptions): Promise<number> {
  const results: CheckedRules[] = [];
  for (const file of files)
    results.push(await checkRules(file, { areTestsRun: true, start: { admin: options.admin } }));
  if (options.json === true) printJson(results);
  else for (const result of results) printText(result);
  return results.every(isClean) ? EXIT_OK : EXIT_PROBLEM;
}

/** printProblems writes problems as people read them. */
export function printProblems({ problems, format }: CheckedRules, stream: NodeJS.WriteStream): void {
  const isColoured = hasColours(stream);
  for (const problem of problems) stream.write(`${format(problem, isColoured)}\n\n`);
}

function isClean({ plan }: CheckedRules): boolean {
  return plan !== null;
}

function printText(result: CheckedRules): void {
  const { file, problems } = result;
  const { green, red, yellow } = coloursFor(process.stdout);
  printProblems(result, process.stdout);
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const warnings = problems.length - errors;
  const counts = [count(errors, 'error'), count(warnings, 'warning')].filter((text) => text !== '').join(', ');
  if (errors > 0) print(`${red('✗')} ${file}: ${counts}`);
  else if (warnings > 0) print(`${yellow('✓')} ${file}: ${counts}`);
  else print(`${green('✓')} ${file}: no problems`);
}

function count(number: number, noun: string): string {
  if (number === 0) return '';
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function printJson(results: readonly CheckedRules[]): void {
  const files = results.map((result) => ({ file: result.file, isOk: isClean(result), problems: result.problems }));
  print(JSON.stringify({ isOk: results.every(isClean), files }, null, 2));
}

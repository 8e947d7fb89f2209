/**
 * The command `test FILE…`: runs the `test` blocks of rule files. Main thread. Opens nothing.
 */
import { type Gateway, judge, type TestResult } from '@sluice/core';
import type { Plan } from '@sluice/dsl/plan';
import { type CheckedRules, checkRules } from '../checked-rules.ts';
import { createGateway } from '../create-gateway.ts';
import { EXIT_OK, EXIT_PROBLEM } from '../exit-codes.ts';
import { fieldReaders } from '../field-readers.ts';
import { showExplanation } from '../show-explanation.ts';
import { coloursFor, print } from '../terminal.ts';
import { Coverage, type CoverageReport } from '../tests/coverage.ts';
import { generateTests } from '../tests/generate.ts';
import { printProblems } from './check.ts';

export interface TestOptions {
  readonly coverage?: boolean;
  /** The least coverage, in percent. */
  readonly failUnder?: number;
  readonly json?: boolean;
  /** Print tests for the rules that no test has seen match, and run none. */
  readonly generate?: boolean;
}

/** What came of one file. */
interface FileResult {
  readonly checked: CheckedRules;
  readonly tests: readonly TestResult[];
  /** null for a file with errors. */
  readonly coverage: CoverageReport | null;
  readonly isOk: boolean;
}

/** test returns 1 when a file has errors, a test fails, or a file's coverage is under the least. */
export async function test(files: readonly string[], options: TestOptions): Promise<number> {
  if (options.generate === true) return generate(files, options);
  const results: FileResult[] = [];
  for (const file of files) {
    const result = await runFile(await checkRules(file), options);
    results.push(result);
    if (options.json !== true) printFile(result, options);
  }
  const isOk = results.every((result) => result.isOk);
  if (options.json === true) print(JSON.stringify({ isOk, files: results.map(asJson) }, null, 2));
  return isOk ? EXIT_OK : EXIT_PROBLEM;
}

async function runFile(checked: CheckedRules, { failUnder = 0 }: TestOptions): Promise<FileResult> {
  const { plan, file } = checked;
  if (plan === null) return { checked, tests: [], coverage: null, isOk: false };
  const gateway = await createGateway({ rules: { file }, logger: false, areTestsRun: false });
  const seen = new Coverage(plan);
  const tests = await runTests(gateway, plan, seen);
  const coverage = seen.report();
  const isOk = tests.every((each) => each.isOk) && coverage.percent >= failUnder;
  return { checked, tests, coverage, isOk };
}

async function generate(files: readonly string[], { json }: TestOptions): Promise<number> {
  const results: { readonly file: string; readonly tests: string | null }[] = [];
  for (const file of files) {
    const checked = await checkRules(file);
    const { plan } = checked;
    if (plan === null) {
      if (json !== true) printProblems(checked, process.stderr);
      results.push({ file, tests: null });
      continue;
    }
    const gateway = await createGateway({ rules: { file }, logger: false, areTestsRun: false });
    const coverage = new Coverage(plan);
    await runTests(gateway, plan, coverage);
    const tests = await generateTests(gateway, plan, await fieldReaders(checked.entries), coverage);
    if (json !== true) process.stdout.write(tests);
    results.push({ file, tests });
  }
  const isOk = results.every(({ tests }) => tests !== null);
  if (json === true) print(JSON.stringify({ isOk, files: results }, null, 2));
  return isOk ? EXIT_OK : EXIT_PROBLEM;
}

async function runTests(gateway: Gateway, plan: Plan, coverage: Coverage): Promise<readonly TestResult[]> {
  const tests: TestResult[] = [];
  for (const each of plan.tests) {
    const result = await judge(gateway, plan, each);
    if (result.explanation !== null) coverage.add(result.explanation);
    tests.push(result);
  }
  return tests;
}

function asJson({ checked, tests, coverage, isOk }: FileResult): object {
  return { file: checked.file, isOk, problems: checked.problems, tests, coverage };
}

function printFile({ checked, tests, coverage }: FileResult, options: TestOptions): void {
  const { green, red, yellow, dim, bold } = coloursFor(process.stdout);
  const { file } = checked;
  if (coverage === null) {
    printProblems(checked, process.stdout);
    print(`${red('✗')} ${file}: has errors, no tests were run`);
    return;
  }
  for (const each of tests) printTest(each);
  const failed = tests.filter(({ isOk }) => !isOk).length;
  if (tests.length === 0) print(`${yellow('✓')} ${file}: no tests`);
  else if (failed > 0) print(`${red('✗')} ${file}: ${failed} of ${plural(tests.length, 'test')} failed`);
  else print(`${green('✓')} ${file}: ${plural(tests.length, 'test')} passed`);
  const { failUnder } = options;
  if (options.coverage !== true && failUnder === undefined) return;
  const isLow = failUnder !== undefined && coverage.percent < failUnder;
  const said = `coverage ${coverage.percent}%, ${coverage.seen} of ${coverage.all} outcomes`;
  print(`  ${isLow ? red(`${said}; ${failUnder}% required`) : bold(said)}`);
  if (options.coverage !== true) return;
  for (const { place, text, missing } of coverage.gaps)
    print(`  ${dim(place)}  ${text}  ${yellow(`never ${missing}`)}`);
}

function printTest({ name, place, isOk, failures, error, explanation }: TestResult): void {
  const colours = coloursFor(process.stdout);
  const { green, red, dim } = colours;
  print(`${isOk ? green('✓') : red('✗')} ${name}   ${dim(place)}`);
  if (error !== null) print(`    ${red(error)}`);
  for (const { expected, got } of failures) {
    print(`    ${dim('expected')} ${expected}`);
    print(`    ${dim('got     ')} ${red(got)}`);
  }
  if (isOk || explanation === null) return;
  print(`    ${dim('why')}`);
  for (const line of showExplanation(explanation, colours).split('\n')) print(line === '' ? '' : `      ${line}`);
  print('');
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

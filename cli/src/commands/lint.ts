/**
 * The command `lint FILE…`: what is right by the language and most likely not meant. Main thread. Opens nothing.
 */
import { type LintReport, lint as lintPlan } from '@sluice/dsl';
import { formatPlace } from '@sluice/dsl/plan';
import { type CheckedRules, checkRules, lineKey, type Problem } from '../checked-rules.ts';
import { EXIT_OK, EXIT_PROBLEM } from '../exit-codes.ts';
import { fieldReaders } from '../field-readers.ts';
import { coloursFor, hasColours, print } from '../terminal.ts';

export interface LintOptions {
  readonly json?: boolean;
}

interface FileResult {
  readonly checked: CheckedRules;
  /** Those of the compiler and those of lint, by position. */
  readonly problems: readonly Problem[];
  /** null for a file with errors. */
  readonly report: LintReport | null;
}

/** lint returns 1 when there is anything to say about a file, warnings included. */
export async function lint(files: readonly string[], options: LintOptions): Promise<number> {
  const results: FileResult[] = [];
  for (const file of files) {
    const result = await lintFile(file);
    results.push(result);
    if (options.json !== true) printFile(result);
  }
  if (options.json === true) printJson(results);
  return results.every(isClean) ? EXIT_OK : EXIT_PROBLEM;
}

async function lintFile(file: string): Promise<FileResult> {
  const checked = await checkRules(file);
  const { plan } = checked;
  if (plan === null) return { checked, problems: checked.problems, report: null };
  const report = lintPlan(plan, await fieldReaders(checked.entries));
  const told = new Set(checked.problems.map(lineKey));
  const findings = report.findings.filter((finding) => !told.has(lineKey(finding)));
  const problems = [...checked.problems, ...findings].sort(
    (a, b) => (a.place?.line ?? 0) - (b.place?.line ?? 0) || (a.place?.column ?? 0) - (b.place?.column ?? 0),
  );
  return { checked, problems, report };
}

function isClean({ problems, report }: FileResult): boolean {
  return report !== null && problems.length === 0;
}

function printFile({ checked, problems, report }: FileResult): void {
  const { green, red, yellow } = coloursFor(process.stdout);
  const isColoured = hasColours(process.stdout);
  for (const problem of problems) print(`${checked.format(problem, isColoured)}\n`);
  const { file } = checked;
  const many = `${problems.length} finding${problems.length === 1 ? '' : 's'}`;
  if (report === null) print(`${red('✗')} ${file}: has errors, not analyzed`);
  else print(problems.length === 0 ? `${green('✓')} ${file}: no findings` : `${yellow('✗')} ${file}: ${many}`);
  if (report !== null && !report.isComplete) {
    const open = report.rules.filter(({ outcome }) => outcome === 'unknown').length;
    print(yellow(`  analysis budget exhausted: could not determine whether ${open} rules can run`));
  }
}

function printJson(results: readonly FileResult[]): void {
  const files = results.map((result) => ({
    file: result.checked.file,
    isOk: isClean(result),
    isComplete: result.report?.isComplete ?? false,
    problems: result.problems,
    rules: (result.report?.rules ?? []).map(({ rule, listener, outcome, witness }) => ({
      text: rule.text,
      place: formatPlace(rule.place),
      listener,
      outcome,
      witness: witness === null ? null : { request: `${witness.line} from ${witness.ip}`, headers: witness.headers },
    })),
  }));
  print(JSON.stringify({ isOk: results.every(isClean), files }, null, 2));
}

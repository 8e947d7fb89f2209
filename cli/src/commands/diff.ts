/**
 * The command `diff OLD NEW`: which requests and connections two versions of rules treat in different ways. Main thread. Opens nothing.
 *
 * Every example is run through both versions before it is shown, so none is false.
 */
import type { Gateway, Verdict } from '@sluice/core';
import { findDifferences } from '@sluice/dsl';
import { formatPlace, type Rule, type TestRequest } from '@sluice/dsl/plan';
import { type CheckedRules, checkRules } from '../checked-rules.ts';
import { createGateway } from '../create-gateway.ts';
import { EXIT_OK, EXIT_PROBLEM } from '../exit-codes.ts';
import { fieldReaders } from '../field-readers.ts';
import { coloursFor, print } from '../terminal.ts';
import { printProblems } from './check.ts';

export interface DiffOptions {
  readonly json?: boolean;
}

/** One side of a difference. */
interface Side {
  readonly text: string;
  readonly place: string;
  readonly verdict: string;
}

interface Difference {
  readonly listener: string;
  readonly before: Side;
  readonly after: Side;
  /** `GET https://www.example.com/ from 198.51.100.7`, or `tcp to :5432 from 198.51.100.7`, as `explain` takes it. */
  readonly request: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** diff returns 1 when the versions differ, or one has errors. */
export async function diff(oldFile: string, newFile: string, options: DiffOptions): Promise<number> {
  const [before, after] = [await checkRules(oldFile), await checkRules(newFile)];
  if (before.plan === null || after.plan === null) {
    for (const checked of [before, after]) if (checked.plan === null) printProblems(checked, process.stderr);
    return EXIT_PROBLEM;
  }
  const readers = new Map([...(await fieldReaders(before.entries)), ...(await fieldReaders(after.entries))]);
  const report = findDifferences(before.plan, after.plan, readers);
  const [old, fresh] = [await gatewayOf(before), await gatewayOf(after)];
  const differences: Difference[] = [];
  let unsettled = 0;
  for (const { listener, before: left, after: right, request } of report.pairs) {
    if (request === null) {
      unsettled++;
      continue;
    }
    const [was, is] = [await verdictOf(old, listener, request), await verdictOf(fresh, listener, request)];
    if (was === null || is === null || was === is) continue;
    const line = `${request.line} from ${request.ip}`;
    const { headers } = request;
    differences.push({ listener, before: sideOf(left, was), after: sideOf(right, is), request: line, headers });
  }
  const { onlyBefore, onlyAfter, isComplete } = report;
  const isSame = differences.length === 0 && onlyBefore.length === 0 && onlyAfter.length === 0;
  const result = { isSame, isComplete, unsettled, onlyBefore, onlyAfter, differences };
  if (options.json === true) print(JSON.stringify(result, null, 2));
  else show(result);
  return isSame ? EXIT_OK : EXIT_PROBLEM;
}

function gatewayOf({ file }: CheckedRules): Promise<Gateway> {
  return createGateway({ rules: { file }, logger: false, areTestsRun: false });
}

async function verdictOf(
  gateway: Gateway,
  listener: string,
  { line, ip, headers }: TestRequest,
): Promise<string | null> {
  try {
    return verdictText((await gateway.explain({ request: `${line} from ${ip}`, headers, listener })).verdict);
  } catch {
    return null;
  }
}

function verdictText(verdict: Verdict): string {
  if (verdict.kind === 'send') return `${verdict.isPassthrough === true ? 'pass on' : 'send'} to ${verdict.backend}`;
  if (verdict.kind === 'close') return 'close';
  if (verdict.kind === 'open') return 'open its TLS';
  if (verdict.kind === 'error') return `answer 500: ${verdict.message}`;
  const location = verdict.headers.find(([name]) => name.toLowerCase() === 'location')?.[1];
  return `answer ${verdict.status}${location === undefined ? '' : ` to ${location}`}`;
}

function sideOf({ text, place }: Rule, verdict: string): Side {
  return { text, place: formatPlace(place), verdict };
}

function show({
  isSame,
  isComplete,
  unsettled,
  onlyBefore,
  onlyAfter,
  differences,
}: {
  readonly isSame: boolean;
  readonly isComplete: boolean;
  readonly unsettled: number;
  readonly onlyBefore: readonly string[];
  readonly onlyAfter: readonly string[];
  readonly differences: readonly Difference[];
}): void {
  const { bold, dim, red, green, yellow } = coloursFor(process.stdout);
  for (const name of onlyBefore) print(red(`- listener ${name}`));
  for (const name of onlyAfter) print(green(`+ listener ${name}`));
  for (const { listener, before, after, request, headers } of differences) {
    const more = headers.map(([name, value]) => ` -H '${name}: ${value}'`).join('');
    print(`${bold(`'${request}'`)}${more}   ${dim(`listener ${listener}`)}`);
    for (const [mark, paint, side] of [
      ['-', red, before],
      ['+', green, after],
    ] as const) {
      print(`  ${paint(`${mark} ${side.verdict}`)}   ${side.text}   ${dim(side.place)}`);
    }
  }
  if (isSame) print(`${green('✓')} no differences found`);
  else if (differences.length > 0)
    print(`${differences.length} ${differences.length === 1 ? 'difference' : 'differences'}`);
  if (unsettled > 0) print(yellow(`  could not determine whether ${unsettled} more pairs of rules overlap`));
  if (!isComplete) print(yellow('  analysis budget exhausted: not every pair of rules was compared'));
}

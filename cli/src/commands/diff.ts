/**
 * The command `diff OLD NEW`: which requests and connections two versions of rules treat in different ways. Main thread. Opens nothing.
 *
 * Every example is run through both versions before it is shown, so none is false.
 */
import { compareRules, type Gateway, type RuleDifferences } from '@sluice/core';
import { type CheckedRules, checkRules } from '../checked-rules.ts';
import { createGateway } from '../create-gateway.ts';
import { EXIT_OK, EXIT_PROBLEM } from '../exit-codes.ts';
import { fieldReaders } from '../field-readers.ts';
import { coloursFor, print } from '../terminal.ts';
import { printProblems } from './check.ts';

export interface DiffOptions {
  readonly json?: boolean;
}

/** diff returns 1 when the versions differ, or one has errors. */
export async function diff(oldFile: string, newFile: string, options: DiffOptions): Promise<number> {
  const [before, after] = [await checkRules(oldFile), await checkRules(newFile)];
  if (before.plan === null || after.plan === null) {
    for (const checked of [before, after]) if (checked.plan === null) printProblems(checked, process.stderr);
    return EXIT_PROBLEM;
  }
  const readers = new Map([...(await fieldReaders(before.entries)), ...(await fieldReaders(after.entries))]);
  const [old, fresh] = [await gatewayOf(before), await gatewayOf(after)];
  const result = await compareRules(
    { plan: before.plan, explaining: old },
    { plan: after.plan, explaining: fresh },
    readers,
  );
  if (options.json === true) print(JSON.stringify(result, null, 2));
  else show(result);
  return result.isSame ? EXIT_OK : EXIT_PROBLEM;
}

function gatewayOf({ file }: CheckedRules): Promise<Gateway> {
  return createGateway({ rules: { file }, logger: false, areTestsRun: false });
}

function show({ isSame, isComplete, unsettled, onlyBefore, onlyAfter, differences }: RuleDifferences): void {
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

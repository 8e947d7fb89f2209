/**
 * The commands of `ctl config`: the rules of a running gateway, read, replaced, confirmed and rolled back over its admin API. Main thread.
 */
import type { AnswerOf } from '@sluice/core/admin';
import { EXIT_OK, EXIT_PROBLEM } from '../exit-codes.ts';
import { readText } from '../rewrite-file.ts';
import { coloursFor, complain } from '../terminal.ts';
import { type CtlOptions, callGateway, show } from './gateway-call.ts';
import { lengthText, plain, table } from './table.ts';

export interface PutOptions extends CtlOptions {
  readonly message?: string;
  readonly confirmWithin?: string;
  readonly ifMatch?: string;
}

type Configured = AnswerOf<'replaceConfiguration'>;

export function ctlConfigGet(options: CtlOptions & { readonly number?: number }): Promise<number> {
  return callGateway(options, async (caller) => {
    const { number } = options;
    const answer =
      number === undefined
        ? await caller.call('getConfiguration')
        : await caller.call('getHistory', { params: { number: String(number) } });
    if (options.json === true) return show(options, answer, () => '');
    process.stdout.write(answer.text);
    return EXIT_OK;
  });
}

export async function ctlConfigPut(file: string, options: PutOptions): Promise<number> {
  const text = await textOf(file);
  if (text === null) return EXIT_PROBLEM;
  return callGateway(options, async (caller) => {
    const { message, confirmWithin } = options;
    const ifMatch = options.ifMatch ?? (await caller.call('getConfiguration')).tag;
    const answer = await caller.call('replaceConfiguration', {
      ifMatch,
      query: confirmWithin === undefined ? {} : { 'confirm-within': confirmWithin },
      body: { text, ...(message === undefined ? {} : { message }) },
    });
    return show(options, answer, () =>
      [
        ...differenceLines(answer),
        `generation ${answer.generation} is active, entry ${answer.history} of the history`,
        ...(confirmWithin === undefined
          ? []
          : [`it is rolled back in ${confirmWithin}, unless you run \`sluice ctl config confirm\``]),
      ].join('\n'),
    );
  });
}

/** ctlConfigDiff ends with 1 when there are differences, as `sluice diff` does. */
export async function ctlConfigDiff(file: string, options: CtlOptions): Promise<number> {
  const text = await textOf(file);
  if (text === null) return EXIT_PROBLEM;
  return callGateway(options, async (caller) => {
    const { tag } = await caller.call('getConfiguration');
    const answer = await caller.call('replaceConfiguration', {
      ifMatch: tag,
      query: { 'dry-run': 'true' },
      body: { text },
    });
    show(options, answer, () => differenceLines(answer).join('\n'));
    return answer.differences.isSame ? EXIT_OK : EXIT_PROBLEM;
  });
}

export function ctlConfigConfirm(options: CtlOptions): Promise<number> {
  return callGateway(options, async (caller) =>
    show(options, await caller.call('confirmConfiguration', { body: {} }), () => 'confirmed'),
  );
}

export function ctlConfigRollback(number: number, options: CtlOptions): Promise<number> {
  return callGateway(options, async (caller) => {
    const answer = await caller.call('rollbackConfiguration', { params: { number: String(number) }, body: {} });
    return show(options, answer, () =>
      [...differenceLines(answer), `generation ${answer.generation} is active, with the rules of entry ${number}`].join(
        '\n',
      ),
    );
  });
}

export function ctlConfigHistory(options: CtlOptions): Promise<number> {
  return callGateway(options, async (caller) => {
    const answer = await caller.call('listHistory');
    return show(options, answer, () => {
      if (answer.entries.length === 0) return 'the rules have not been changed over the admin API';
      const rows = answer.entries.map(({ number, at, who, message }) => {
        const ago = lengthText(Math.max(0, Date.now() - Date.parse(at)));
        return [number, `${ago} ago`, who ?? '-', message ?? ''];
      });
      return table(['NUMBER', 'WHEN', 'WHO', 'MESSAGE'], rows, coloursFor(process.stdout));
    });
  });
}

async function textOf(file: string): Promise<string | null> {
  try {
    return await readText(file);
  } catch (thrown) {
    complain((thrown as Error).message);
    return null;
  }
}

function differenceLines({ differences: found }: Configured): readonly string[] {
  const { bold, dim, red, green, yellow } = coloursFor(process.stdout);
  const lines: string[] = [];
  for (const name of found.onlyBefore) lines.push(red(`- listener ${plain(name)}`));
  for (const name of found.onlyAfter) lines.push(green(`+ listener ${plain(name)}`));
  for (const { listener, before, after, request, headers } of found.differences) {
    const more = headers.map(([name, value]) => ` -H '${plain(`${name}: ${value}`)}'`).join('');
    lines.push(`${bold(`'${plain(request)}'`)}${more}   ${dim(`listener ${plain(listener)}`)}`);
    lines.push(`  ${red(`- ${plain(before.verdict)}`)}   ${plain(before.text)}   ${dim(plain(before.place))}`);
    lines.push(`  ${green(`+ ${plain(after.verdict)}`)}   ${plain(after.text)}   ${dim(plain(after.place))}`);
  }
  if (found.isSame) lines.push(`${green('✓')} no request was found that is treated in another way`);
  if (!found.isComplete) lines.push(yellow('  analysis budget exhausted: not every pair of rules was compared'));
  return lines;
}

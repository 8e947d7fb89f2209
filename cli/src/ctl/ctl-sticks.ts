/**
 * The commands of `ctl` that look into stick tables and clear them. Main thread.
 */
import { EXIT_USAGE } from '../exit-codes.ts';
import { coloursFor, complain } from '../terminal.ts';
import { type CtlOptions, callGateway, show } from './gateway-call.ts';
import { lengthText, table } from './table.ts';

export function ctlStickTable(
  backend: string,
  options: CtlOptions & { readonly server?: string; readonly most?: number; readonly after?: number },
): Promise<number> {
  return callGateway(options, async (caller) => {
    const { server, most, after } = options;
    const query = {
      ...(server === undefined ? {} : { server }),
      ...(most === undefined ? {} : { most: String(most) }),
      ...(after === undefined ? {} : { after: String(after) }),
    };
    const answer = await caller.call('listSticky', { params: { backend }, query });
    return show(options, answer, () => {
      const { entries, next } = answer;
      if (entries.length === 0) return 'no clients';
      const rows = entries.map((each) => [
        each.id,
        each.server ?? '-',
        lengthText(each.sinceMs),
        lengthText(each.expiresInMs),
      ]);
      const more = next === null ? '' : `\nmore: --after ${next}`;
      return `${table(['ENTRY', 'SERVER', 'SINCE', 'EXPIRES IN'], rows, coloursFor(process.stdout))}${more}`;
    });
  });
}

/** ctlForget clears one entry, those of a server, or all. */
export function ctlForget(
  backend: string,
  entry: string | undefined,
  options: CtlOptions & { readonly server?: string; readonly all?: boolean },
): Promise<number> {
  const { server, all } = options;
  const bodies = [
    ...(entry === undefined ? [] : [{ entry }]),
    ...(server === undefined ? [] : [{ server }]),
    ...(all === true ? [{ all } as const] : []),
  ];
  const [body] = bodies;
  if (body === undefined || bodies.length > 1) {
    complain('say which entries: an ID, or --server, or --all');
    return Promise.resolve(EXIT_USAGE);
  }
  return callGateway(options, async (caller) => {
    const answer = await caller.call('clearSticky', { params: { backend }, body });
    return show(options, answer, () => `${answer.cleared} cleared`);
  });
}

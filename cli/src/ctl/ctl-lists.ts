/**
 * The commands of `ctl` that look at lists and change their entries. Main thread.
 */
import type { BodyOf } from '@sluice/core/admin';
import { coloursFor } from '../terminal.ts';
import { type CtlOptions, callGateway, show } from './gateway-call.ts';
import { lengthText, plain, table } from './table.ts';

export interface ListOptions extends CtlOptions {
  readonly contains?: string;
  readonly most?: number;
  readonly after?: number;
}

/** ctlLists shows all lists and maps, or the entries of one list. */
export function ctlLists(list: string | undefined, options: ListOptions): Promise<number> {
  return callGateway(options, async (caller) => {
    if (list === undefined) {
      const answer = await caller.call('listLists');
      return show(options, answer, () => {
        const rows = [
          ...answer.lists.map((each) => [each.name, each.type, each.entries, each.file ?? '-', each.refreshMs]),
          ...answer.maps.map((each) => [
            each.name,
            `${each.from} to ${each.to}`,
            each.entries,
            each.file ?? '-',
            each.refreshMs,
          ]),
        ].map((row) => [...row.slice(0, 4), row[4] === 0 ? '-' : lengthText(Number(row[4]))]);
        if (rows.length === 0) return 'no lists';
        return table(['LIST', 'TYPE', 'ENTRIES', 'FILE', 'REFRESH'], rows as string[][], coloursFor(process.stdout));
      });
    }
    const { contains, most, after } = options;
    const query = {
      ...(contains === undefined ? {} : { contains }),
      ...(most === undefined ? {} : { most: String(most) }),
      ...(after === undefined ? {} : { after: String(after) }),
    };
    const answer = await caller.call('getList', { params: { list }, query });
    return show(options, answer, () => {
      const more = answer.next === null ? [] : [`more: --after ${answer.next}`];
      if (answer.entries.length === 0) return `no entries of ${answer.count}`;
      return [...answer.entries.map(plain), ...more].join('\n');
    });
  });
}

export function ctlChangeList(list: string, change: BodyOf<'changeList'>, options: CtlOptions): Promise<number> {
  return callGateway(options, async (caller) => {
    const answer = await caller.call('changeList', { params: { list }, body: change });
    const { name, count, added, removed } = answer;
    return show(
      options,
      answer,
      () => `${plain(name)}: ${added} added, ${removed} removed, ${count} entries until the next reload`,
    );
  });
}

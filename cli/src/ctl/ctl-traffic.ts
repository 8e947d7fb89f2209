/**
 * The commands of `ctl` that show traffic: sessions, errors, rules. Main thread.
 */
import { EXIT_USAGE } from '../exit-codes.ts';
import { coloursFor, complain } from '../terminal.ts';
import { type CtlOptions, callGateway, paramsOf, show } from './gateway-call.ts';
import { lengthText, table } from './table.ts';

export function ctlSessions(
  server: string | undefined,
  options: CtlOptions & { readonly most?: number; readonly client?: string },
): Promise<number> {
  return callGateway(options, async (caller) => {
    const most = String(options.most ?? 100);
    const { client } = options;
    const wish = { ...(server === undefined ? {} : { server }), ...(client === undefined ? {} : { client }) };
    const answer =
      server !== undefined && client === undefined
        ? await caller.call('listSessions', { params: paramsOf(server), query: { most } })
        : await caller.call('listAllSessions', { query: { most, ...wish } });
    return show(options, answer, () => {
      const { open, sessions } = answer;
      const rows = sessions.map((each) => [
        each.id,
        each.client,
        lengthText(each.ageMs),
        each.listener,
        each.kind,
        `${each.method} ${each.path}`.trim(),
        each.backend === null ? '-' : each.server === null ? each.backend : `${each.backend}/${each.server}`,
        each.isSticky ? 'yes' : 'no',
        each.bytesIn,
        each.bytesOut,
        each.thread,
      ]);
      const more = open > rows.length ? `\n… and ${open - rows.length} more` : '';
      const said = 'returning' in answer ? `${open} open, ${answer.returning} clients may return` : `${open} open`;
      if (rows.length === 0) return said;
      const headings = [
        'ID',
        'CLIENT',
        'SINCE',
        'LISTENER',
        'KIND',
        'REQUEST',
        'SERVER',
        'STICKY',
        'IN',
        'OUT',
        'THREAD',
      ];
      return `${said}\n\n${table(headings, rows, coloursFor(process.stdout))}${more}`;
    });
  });
}

/** ctlKill ends a session, or all of a server, a client, or both. */
export function ctlKill(
  id: string | undefined,
  options: CtlOptions & { readonly server?: string; readonly client?: string },
): Promise<number> {
  const { server, client } = options;
  if (id === undefined && server === undefined && client === undefined) {
    complain('say which sessions: an ID, --server or --client');
    return Promise.resolve(EXIT_USAGE);
  }
  return callGateway(options, async (caller) => {
    const body = {
      ...(id === undefined ? {} : { id }),
      ...(server === undefined ? {} : { server }),
      ...(client === undefined ? {} : { client }),
    };
    const answer = await caller.call('endSessions', { body });
    return show(options, answer, () => `${answer.ended} ended`);
  });
}

export function ctlErrors(options: CtlOptions & { readonly most?: number }): Promise<number> {
  return callGateway(options, async (caller) => {
    const answer = await caller.call('listErrors', { query: { most: String(options.most ?? 100) } });
    return show(options, answer, () => {
      if (answer.errors.length === 0) return 'no request was refused or failed';
      const rows = answer.errors.map((each) => [
        each.at.slice(0, 19).replace('T', ' '),
        each.status === 0 ? '-' : String(each.status),
        each.client,
        each.listener,
        `${each.method} ${each.path}`.trim() || '-',
        each.backend === null ? '-' : each.server === null ? each.backend : `${each.backend}/${each.server}`,
        each.rule ?? '-',
        `${each.kind}: ${each.why}`,
      ]);
      const headings = ['TIME (UTC)', 'STATUS', 'CLIENT', 'LISTENER', 'REQUEST', 'SERVER', 'RULE', 'WHY'];
      return table(headings, rows, coloursFor(process.stdout));
    });
  });
}

export function ctlLimits(options: CtlOptions & { readonly most?: number }): Promise<number> {
  return callGateway(options, async (caller) => {
    const answer = await caller.call('listLimited', { query: { most: String(options.most ?? 100) } });
    return show(options, answer, () => {
      if (answer.clients.length === 0) return 'nobody was over a rate limit';
      const rows = answer.clients.map((each) => [
        each.entry,
        each.listener,
        each.key === '' ? 'all together' : each.key,
        each.waitMs === 0 ? 'no' : `for ${lengthText(each.waitMs)}`,
        String(each.refused),
        each.lastRefused.slice(0, 19).replace('T', ' '),
        each.rule ?? '-',
        each.text,
      ]);
      const headings = ['ENTRY', 'LISTENER', 'KEY', 'LIMITED', 'REFUSED', 'LAST (UTC)', 'RULE', 'LIMIT'];
      return table(headings, rows, coloursFor(process.stdout));
    });
  });
}

/** ctlLimitsClear gives one entry, or all, their whole rate again. */
export function ctlLimitsClear(
  entry: string | undefined,
  options: CtlOptions & { readonly all?: boolean },
): Promise<number> {
  if ((entry === undefined) === (options.all !== true)) {
    complain('say which client: an ID that `sluice ctl limits` shows, or --all');
    return Promise.resolve(EXIT_USAGE);
  }
  return callGateway(options, async (caller) => {
    const answer = await caller.call('clearLimits', { body: entry === undefined ? { all: true } : { entry } });
    return show(options, answer, () => `${answer.cleared} cleared`);
  });
}

export function ctlRules(
  options: CtlOptions & { readonly listener?: string; readonly neverHit?: boolean },
): Promise<number> {
  return callGateway(options, async (caller) => {
    const { listener, neverHit } = options;
    const query = { ...(listener === undefined ? {} : { listener }), ...(neverHit === true ? { hits: 'none' } : {}) };
    const answer = await caller.call('listRules', { query });
    return show(options, answer, () => {
      const rows = answer.rules.map((each) => [
        each.listener,
        `${each.file}:${each.line}`,
        each.hits === null ? 'not counted' : each.hits === 0 ? 'never' : String(each.hits),
        each.text,
      ]);
      if (rows.length === 0) return neverHit === true ? 'every rule was hit' : 'no rules';
      return table(['LISTENER', 'PLACE', 'HITS', 'RULE'], rows, coloursFor(process.stdout));
    });
  });
}

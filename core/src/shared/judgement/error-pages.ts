/**
 * ErrorPages: the pages of a listener's own for the gateway's own answers. Both planes, so that explain and
 * live traffic agree.
 */
import type { ErrorPage, ListenerPlan } from '@sluice/dsl/plan';
import type { Answer } from '../../plugin/data-entry.ts';

/** errorPageOf is the page for a status, or undefined. */
export function errorPageOf({ errorPages }: ListenerPlan, status: number): ErrorPage | undefined {
  return errorPages.find(({ statuses }) =>
    statuses.some((each) => {
      if (typeof each === 'number') return each === status;
      const [low, high] = each.split('..').map(Number) as [number, number];
      return status >= low && status <= high;
    }),
  );
}

/** pageHeaders are the fields of a page: its own type, and what the standard answer of the status says besides. */
export function pageHeaders({ contentType }: ErrorPage, standard: Answer['headers']): Answer['headers'] {
  return [['Content-Type', contentType], ...standard.filter(([name]) => name.toLowerCase() !== 'content-type')];
}

/**
 * compilePage returns the page's answer to a request. `{status}` and `{request.id}` are filled in; every other brace stands
 * for itself, as styles and scripts are full of them.
 */
export function compilePage(page: ErrorPage, standard: Answer): (request: { readonly id: string }) => Answer {
  const { status } = standard;
  const headers = pageHeaders(page, standard.headers);
  const pieces = page.body.replaceAll('{status}', String(status)).split('{request.id}');
  const [only] = pieces;
  if (pieces.length === 1) {
    const answer: Answer = { status, headers, body: only! };
    return () => answer;
  }
  return ({ id }) => ({ status, headers, body: pieces.join(id) });
}

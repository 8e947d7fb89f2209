/**
 * OwnFields: request fields that servers may take for ones that rules read or write. Hot path; data plane.
 */
import type { HeaderNames } from '@sluice/dsl/match';
import type { LiveRequest } from './live-request.ts';

/**
 * dropAliases takes out the fields that are called as one of `names` in another spelling: where headers become variables (CGI, WSGI),
 * `X_Team` and `X-Team` are one, and a server would see what no rule has.
 */
export function dropAliases({ fields, head }: LiveRequest, names: HeaderNames): void {
  for (let index = 0; index < fields.count; index++) {
    if (names.hasOtherwise(fields.name(index, head))) fields.drop(index);
  }
}

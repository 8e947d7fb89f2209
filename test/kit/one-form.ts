/**
 * OneForm: names and paths reach servers in the form in which rules judged them. Test code.
 */
import assert from 'node:assert/strict';
import { normalisePath, readAuthority } from '@sluice/dsl';
import { fieldOf, type HttpRequest } from './http-message.ts';

/** isInOneForm asserts that a request came to a server with a path and a Host in their normal form. `what` tells it from others. */
export function isInOneForm(request: HttpRequest, what: string): void {
  const path = request.target.replace(/\?.*/, '');
  if (path !== '*') assert.equal(normalisePath(path), path, what);
  const host = fieldOf(request, 'host');
  assert.equal(readAuthority(host ?? '')?.text, host, what);
}

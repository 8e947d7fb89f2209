/**
 * Password: what opens encrypted keys and PKCS#12 files. Main thread.
 */
import type { ValidateHost } from '@sluice/core/plugin';
import type { Args } from '@sluice/dsl/plan';
import { certificateError } from '../errors.ts';

/** passwordOf is a password's value; null: there is none. Throws SP0138 for one that is no secret: options stand in plans, which are shown. */
export function passwordOf({ password }: Args, host: ValidateHost): string | null {
  if (password === undefined || password === null) return null;
  if (typeof password === 'object' && 'secret' in password) return host.secret(password.secret);
  throw certificateError('SP0138', {});
}

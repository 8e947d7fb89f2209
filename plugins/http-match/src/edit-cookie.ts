/**
 * The verb `remove cookie`. Data threads; hot path.
 */
import type { VerbFactory } from '@sluice/core/plugin';
import { cookieValues, withoutCookie } from './cookies.ts';

/** removeCookie links `remove cookie NAME`. The other cookies go on in one field, as RFC 6265, section 5.4 wants it. */
export const removeCookie: VerbFactory = (args) => {
  const name = String(args.cookie);
  return {
    kind: 'request change',
    change(_facts, request) {
      const cookies = request.header('cookie');
      if (cookies === undefined || cookieValues(cookies, name) === undefined) return;
      const left = withoutCookie(cookies, name);
      if (left === '') request.remove('Cookie');
      else request.set('Cookie', left);
    },
  };
};

/**
 * The verb `set cookie` of answers (RFC 6265, section 4.1, and SameSite of its successor). Data threads; hot path.
 */
import type { VerbFactory } from '@sluice/core/plugin';
import type { Template } from '@sluice/dsl/plan';

const SAME_SITE: Readonly<Record<string, string>> = { lax: 'Lax', strict: 'Strict', none: 'None' };

/** setCookie links `set cookie NAME to TEMPLATE …`. What is not allowed in a cookie's value is percent-encoded. */
export const setCookie: VerbFactory = (args, linker) => {
  const begin = `${String(args.cookie)}=`;
  const write = linker.template(args.value as Template);
  let attributes = `; Path=${String(args.path ?? '/').replaceAll(';', '%3B')}`;
  if (typeof args.maxAge === 'number') attributes += `; Max-Age=${Math.floor(args.maxAge / 1000)}`;
  if (args.secure === true || args.sameSite === 'none') attributes += '; Secure';
  if (args.httpOnly === true) attributes += '; HttpOnly';
  if (typeof args.sameSite === 'string') attributes += `; SameSite=${SAME_SITE[args.sameSite]}`;
  return {
    kind: 'change',
    change: (facts, fields) => fields.add('Set-Cookie', begin + cookieValue(write(facts)) + attributes),
  };
};

/** cookieValue keeps cookie-octets and encodes the rest: controls, blanks, quotes, commas, semicolons, backslashes. */
function cookieValue(text: string): string {
  return text.toWellFormed().replace(/[^\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]/gu, (found) => {
    let bytes = '';
    for (const byte of Buffer.from(found, 'utf8')) bytes += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    return bytes;
  });
}

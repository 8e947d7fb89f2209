/**
 * The verb `redirect [STATUS] to TEMPLATE`. Data threads; hot path.
 */

import type { VerbFactory } from '@sluice/core/plugin';
import type { Template } from '@sluice/dsl/plan';
import { verbError } from './errors.ts';

const STATUSES: readonly unknown[] = [301, 302, 303, 307, 308];

/** redirect answers with a Location made from its template. The body is the standard answer of the status. */
export const redirect: VerbFactory = (args, linker) => {
  const status = args.status ?? 302;
  if (typeof status !== 'number' || !STATUSES.includes(status)) {
    throw verbError('SP1101', { status: JSON.stringify(status) });
  }
  const template = args.location as Template;
  const first = template.template[0];
  const isMeantForAnotherHost = typeof first === 'string' && first.startsWith('//');
  const write = linker.template(template);
  return {
    kind: 'answer',
    answer(facts) {
      const location = safeLocation(write(facts));
      // A path such as //evil.example would be read as a host. `/.` in front keeps it a path (RFC 3986, section 5.2.4).
      const isHidden = !isMeantForAnotherHost && location.startsWith('//');
      return { status, headers: [['Location', isHidden ? `/.${location}` : location]], body: null };
    },
  };
};

/**
 * safeLocation percent-encodes what is not allowed in a URI reference (RFC 3986, section 2): blanks, control bytes, quotes,
 * angle brackets, backslashes, `^`, backquotes, braces, bars, and everything outside ASCII (as UTF-8).
 */
function safeLocation(text: string): string {
  for (let at = 0; at < text.length; at++) {
    if (!isUriCode(text.charCodeAt(at))) return encode(text);
  }
  return text;
}

function encode(text: string): string {
  let encoded = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    encoded += isUriCode(byte) ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

function isUriCode(code: number): boolean {
  if (code <= 0x20 || code >= 0x7f) return false;
  switch (code) {
    case 0x22: // "
    case 0x3c: // <
    case 0x3e: // >
    case 0x5c: // \
    case 0x5e: // ^
    case 0x60: // `
    case 0x7b: // {
    case 0x7c: // |
    case 0x7d: // }
      return false;
    default:
      return true;
  }
}

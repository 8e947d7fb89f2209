/**
 * CombinedLine: a line of the combined log format (and of the common one, which ends earlier), as Apache httpd, nginx and
 * others write it. Any thread. Read by hand, in time linear in the line.
 *
 *     198.51.100.7 - - [01/Mar/2026:12:00:00 +0000] "GET /a?b=1 HTTP/1.1" 200 123 "https://example.com/" "curl/8.5"
 */

import { parseIp } from '@sluice/dsl/match';
import { BadLine, hostOf, type LogLine, methodOf, statusOf } from './log-line.ts';
import { quoted } from './quotation.ts';

/** readCombinedLine reads one line. What stands behind the user agent is passed over. Throws BadLine. */
export function readCombinedLine(text: string): LogLine {
  const blank = text.indexOf(' ');
  const open = text.indexOf(' [', blank);
  const close = text.indexOf('] "', open);
  if (blank < 0 || open < 0 || close < 0) throw new BadLine('it is neither JSON nor in the combined format');
  const request = quotedAt(text, close + 2);
  const [, status, rest] = /^ (\d{3}) (?:\d+|-)(?= |$)/.exec(text.slice(request.end, request.end + 32)) ?? [];
  if (status === undefined || rest !== undefined) throw new BadLine('it has no status behind the request');
  const behind = text.indexOf('"', request.end);
  const referer = behind < 0 ? null : quotedAt(text, behind);
  const agent = referer === null || text[referer.end + 1] !== '"' ? null : quotedAt(text, referer.end + 1);
  if (request.value === NO_REQUEST) return { ...REFUSED, client: parseIp(text.slice(0, blank)) ?? undefined };
  const target = targetOf(request.value);
  return {
    format: 'combined',
    client: parseIp(text.slice(0, blank)) ?? undefined,
    scheme: undefined,
    host: undefined,
    port: undefined,
    ...target,
    headers: {
      ...(referer === null ? {} : { referer: presentOf(referer.value) }),
      ...(agent === null ? {} : { 'user-agent': presentOf(agent.value) }),
    },
    listener: undefined,
    status: statusOf(Number(status)),
    rule: undefined,
    backend: undefined,
  };
}

/** What stands for the request line of a head that could not be read, and of a connection that carried none. */
const NO_REQUEST = '-';

const REFUSED: LogLine = {
  format: 'combined',
  isRefused: true,
  ...{ client: undefined, scheme: undefined, host: undefined, port: undefined, listener: undefined },
  ...{ method: '', path: '', query: '', headers: {}, status: 400, rule: null, backend: null },
};

type Target = Pick<LogLine, 'method' | 'path' | 'query'> & Partial<Pick<LogLine, 'host' | 'port' | 'scheme'>>;

function targetOf(request: string): Target {
  const [method, target, version, more] = request.split(' ');
  if (target === undefined || more !== undefined || (version !== undefined && !version.startsWith('HTTP/'))) {
    throw new BadLine(`${quoted(request, 60)} is not a request`);
  }
  const [, scheme, authority, rest] = /^(https?):\/\/([^/?#]*)(.*)$/i.exec(target) ?? [];
  const whole = rest ?? target;
  const end = whole.indexOf('?');
  const path = end < 0 ? whole : whole.slice(0, end);
  const parts = {
    method: methodOf(method!),
    path: path === '' ? '/' : path,
    query: end < 0 ? '' : whole.slice(end + 1),
  };
  if (scheme === undefined) return parts;
  return { ...parts, scheme: scheme.toLowerCase() as 'http' | 'https', ...hostOf(authority!) };
}

/** quotedAt reads a string in quotes. Escapes are `\"`, `\\` and `\xHH`. */
function quotedAt(text: string, start: number): { readonly value: string; readonly end: number } {
  for (let at = start + 1; at < text.length; at++) {
    const character = text[at];
    if (character === '\\') at++;
    else if (character === '"') {
      const raw = text.slice(start + 1, at);
      const isPlain = !raw.includes('\\');
      return { value: isPlain ? raw : raw.replace(/\\(?:x([0-9A-Fa-f]{2})|(.))/g, unescaped), end: at + 1 };
    }
  }
  throw new BadLine('a string in it does not end');
}

function unescaped(_: string, hex: string | undefined, character: string | undefined): string {
  return hex === undefined ? character! : String.fromCharCode(Number.parseInt(hex, 16));
}

/** The format writes `-` for what was not there. */
function presentOf(value: string): string | null {
  return value === '-' ? null : value;
}

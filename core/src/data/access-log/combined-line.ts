/**
 * CombinedLine: lines in the Combined Log Format of Apache httpd and nginx. Hot path; data plane.
 *
 *     198.51.100.7 - - [01/Mar/2026:12:00:00 +0000] "GET /a?b=1 HTTP/1.1" 200 123 "https://example.com/" "curl/8.5"
 *
 * Of a request whose head was not read, and of a connection to a `tcp` listener, the request line is `-`.
 */
import { logText, NOTHING } from './log-text.ts';
import { clfTime } from './log-time.ts';
import type { HeaderValues, RequestEnd } from './request-end.ts';

/** What stands for the status of a request whose client got no response, as nginx has it. */
const NO_RESPONSE = '499';
/** A connection to a `tcp` listener has no status. */
const NO_STATUS = '000';

/** combinedLine writes a line, with its line feed. */
export function combinedLine(end: RequestEnd): string {
  const { request, isRelayed, startedAtMs } = end;
  const { sentMethod, target, status } = request;
  const line = target === '' ? NOTHING : `${logText(sentMethod)} ${logText(target)} ${request.version}`;
  const shown = isRelayed ? NO_STATUS : status === 0 ? NO_RESPONSE : String(status);
  const fields = isRelayed
    ? '"-" "-"'
    : `"${first(request.header('referer'))}" "${first(request.header('user-agent'))}"`;
  return `${request.ip.text} - - [${clfTime(startedAtMs)}] "${line}" ${shown} ${end.bodyOut} ${fields}\n`;
}

function first(value: HeaderValues): string {
  if (value === undefined) return NOTHING;
  return logText(typeof value === 'string' ? value : value[0]!);
}

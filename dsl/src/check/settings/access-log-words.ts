/**
 * AccessLogWords: what may stand behind `log access`, in `settings` and in listeners. Main thread.
 */
import { SYSLOG_FACILITIES } from '../../plan/access-log.ts';
import type { BaseArg } from '../../vocabulary/setting-word.ts';
import type { ArgsOf, RowLine } from './setting-row.ts';

/** The arguments behind the format. */
const BEHIND = [
  { name: 'file', type: 'file', before: 'to', doc: 'a file', isOptional: true },
  {
    name: 'stdout',
    type: 'flag',
    before: 'to stdout',
    doc: 'standard output, which the gateway’s own log has too',
    isOptional: true,
  },
  { name: 'stderr', type: 'flag', before: 'to stderr', doc: 'standard error', isOptional: true },
  {
    name: 'syslog',
    type: 'address',
    before: 'to syslog',
    doc: 'a syslog server, or its Unix socket',
    isOptional: true,
  },
  {
    name: 'transport',
    type: 'name',
    before: 'over',
    doc: 'how the syslog server is spoken to; `udp` by default',
    isOptional: true,
    needs: 'syslog',
    choices: ['udp', 'tcp'],
  },
  {
    name: 'facility',
    type: 'name',
    before: 'facility',
    doc: 'the syslog facility; `local0` by default',
    isOptional: true,
    needs: 'syslog',
    choices: SYSLOG_FACILITIES,
  },
  {
    name: 'requestHeaders',
    type: 'names',
    before: 'with headers',
    doc: 'of `json`: request headers besides Referer and User-Agent',
    isOptional: true,
  },
  {
    name: 'responseHeaders',
    type: 'names',
    before: 'with response headers',
    doc: 'of `json`: headers of the response as the server sent them',
    isOptional: true,
  },
  {
    name: 'rotateAt',
    type: 'size',
    before: 'rotate at',
    doc: 'the size at which the file is renamed to `FILE.1`, and a new one begun',
    isOptional: true,
    needs: 'file',
    min: 131_072,
  },
  {
    name: 'keep',
    type: 'number',
    before: 'keep',
    doc: 'how many renamed files are kept; 5 by default',
    isOptional: true,
    needs: 'rotateAt',
    min: 1,
    max: 999,
  },
  {
    name: 'sample',
    type: 'percent',
    before: 'sample',
    doc: 'the share of the requests that is written, chosen at random; all by default',
    isOptional: true,
    min: 0.1,
  },
] as const satisfies readonly BaseArg[];

const FORMAT = 'a line of JSON, the Combined Log Format, or a text with fields such as `{client.ip}`';

/** LOG_ARGS are those in `settings`. */
export const LOG_ARGS = [
  { name: 'format', type: 'log format', doc: FORMAT, choices: ['json', 'combined'] },
  ...BEHIND,
] as const satisfies readonly BaseArg[];

/** LISTENER_LOG_ARGS are those in a listener. */
export const LISTENER_LOG_ARGS = [
  {
    name: 'format',
    type: 'log format',
    doc: `${FORMAT}; \`off\`: nothing is written`,
    choices: ['json', 'combined', 'off'],
  },
  ...BEHIND,
] as const satisfies readonly BaseArg[];

/** LogLine is a line of either. */
export type LogLine = Omit<RowLine<typeof LOG_ARGS, undefined>, 'args'> & { readonly args: ArgsOf<typeof LOG_ARGS> };

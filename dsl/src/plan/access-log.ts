/**
 * AccessLog: what is written of requests that have ended, where, and of which ones, as plain data. Both planes.
 */
import type { Condition } from './condition.ts';
import type { Place } from './place.ts';
import type { Template } from './rule.ts';

/** LogDestination is where lines go. The same destination in several logs is opened once, and its lines are never mixed up. */
export type LogDestination =
  | {
      readonly kind: 'file';
      /** Absolute. */
      readonly path: string;
      /** How the gateway itself rotates it; all logs of a file say the same. Default: it does not. */
      readonly rotation?: LogRotation;
    }
  | {
      readonly kind: 'syslog';
      /** A Unix socket is a stream. */
      readonly transport: 'udp' | 'tcp' | 'unix';
      readonly address: { readonly host: string; readonly port: number } | { readonly path: string };
      /** One of SYSLOG_FACILITIES. */
      readonly facility: string;
    }
  | { readonly kind: 'stdout' }
  | { readonly kind: 'stderr' };

/** LogRotation: before a file would be larger, it is renamed to `FILE.1`, what has that name to `FILE.2`, and so on. */
export interface LogRotation {
  readonly atBytes: number;
  /** How many renamed files are kept. */
  readonly keep: number;
}

/**
 * LogFormat is how a line looks: `json`, `combined` (the Combined Log Format of Apache httpd and nginx), or a text with the
 * fields of LOG_FIELDS, request headers, cookies, and fields of the vocabulary.
 */
export type LogFormat = 'json' | 'combined' | Template;

export interface AccessLogPlan {
  readonly format: LogFormat;
  readonly to: LogDestination;
  /** `json` only: headers of requests and of responses, in lower case, that are written besides Referer and User-Agent. Default: none. */
  readonly requestHeaders?: readonly string[];
  readonly responseHeaders?: readonly string[];
  /** Only requests for which this holds. Default: all. */
  readonly when?: Condition;
  /** Of these the share that is written, above 0 to 1, chosen at random. Default 1. */
  readonly sample?: number;
  readonly place: Place;
}

/** destinationKey tells destinations apart. */
export function destinationKey(to: LogDestination): string {
  if (to.kind === 'file') return `file ${to.path}`;
  if (to.kind !== 'syslog') return to.kind;
  const { transport, address } = to;
  if ('path' in address) return `syslog unix:${address.path}`;
  const { host, port } = address;
  return `syslog ${transport} ${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** accessLogsOf are the logs that a listener's requests are written to: its own if it has any `log access` line, or else those of `settings`. */
export function accessLogsOf(
  settings: { readonly accessLogs?: readonly AccessLogPlan[] },
  listener: { readonly accessLogs?: readonly AccessLogPlan[] },
): readonly AccessLogPlan[] {
  return listener.accessLogs ?? settings.accessLogs ?? [];
}

/** SYSLOG_FACILITIES are the names of the facilities of RFC 5424 (section 6.2.1), by their numbers. */
export const SYSLOG_FACILITIES: readonly string[] = [
  ...['kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news', 'uucp', 'cron', 'authpriv', 'ftp'],
  ...['ntp', 'audit', 'alert', 'clock', 'local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'],
];

/**
 * SyslogLine: lines as messages of syslog (RFC 5424). Hot path; data plane. The framing is the business of whoever sends them.
 *
 *     <134>1 2026-03-01T12:00:00.123Z gateway-1 sluice 4711 access - MESSAGE
 */
import { hostname } from 'node:os';
import { SYSLOG_FACILITIES } from '@sluice/dsl/plan';
import { isoTime } from './log-time.ts';
import type { RequestEnd } from './request-end.ts';

/** The severity `informational`. */
const INFORMATIONAL = 6;
const MOST_HOST_NAME = 255;

/** syslogLine puts the header of a message before a line. */
export function syslogLine(facility: string, write: (end: RequestEnd) => string): (end: RequestEnd) => string {
  const priority = SYSLOG_FACILITIES.indexOf(facility) * 8 + INFORMATIONAL;
  const host =
    hostname()
      .replace(/[^\x21-\x7e]/g, '')
      .slice(0, MOST_HOST_NAME) || '-';
  const before = `<${priority}>1 `;
  const behind = ` ${host} sluice ${process.pid} access - `;
  return (end) => `${before}${isoTime(end.startedAtMs)}${behind}${write(end)}`;
}

/**
 * TextLine: lines in a format of the operator's own, compiled to functions. Hot path; data plane.
 */
import { compileTemplate, type Readers } from '@sluice/dsl/match';
import { type LogFieldName, type Placeholder, RESPONSE_HEADER, type Template } from '@sluice/dsl/plan';
import { addressOf, placeOf } from './fixed-parts.ts';
import { logText, NOTHING } from './log-text.ts';
import { clfTime, isoTime } from './log-time.ts';
import type { RequestEnd } from './request-end.ts';

/** A part of a line. */
type Part = (end: RequestEnd) => string;

/** Milliseconds; below 0: not known. */
function msOf(ms: number): string {
  return ms < 0 ? NOTHING : String(Math.round(ms));
}

function orNothing(count: number): string {
  return count === 0 ? NOTHING : String(count);
}

/** What clients have a say in is escaped; the rest cannot hold anything odd. */
const FIELDS: Readonly<Record<LogFieldName, Part>> = {
  time: ({ startedAtMs }) => isoTime(startedAtMs),
  'time.ms': ({ startedAtMs }) => String(Math.floor(startedAtMs)),
  'time.clf': ({ startedAtMs }) => clfTime(startedAtMs),
  'request.id': ({ request }) => request.id,
  'trace.id': ({ request }) => request.traceId || NOTHING,
  listener: ({ listener }) => listener,
  'client.ip': ({ request }) => request.ip.text,
  'client.port': ({ request: { peer, isPassedOn } }) => orNothing(peer === null || isPassedOn ? 0 : peer.clientPort),
  'peer.ip': ({ request }) => request.peer?.ip.text ?? request.ip.text,
  'connection.id': ({ request }) => request.peer?.id ?? NOTHING,
  'connection.request': ({ request }) => orNothing(request.number),
  method: ({ request }) => logText(request.sentMethod),
  scheme: ({ request, isRelayed }) => (isRelayed ? 'tcp' : request.scheme),
  host: ({ request }) => logText(request.host),
  port: ({ request }) => String(request.port),
  target: ({ request }) => logText(request.target),
  path: ({ request }) => logText(request.path),
  query: ({ request }) => logText(request.query),
  version: ({ request, isRelayed }) => (isRelayed ? NOTHING : request.version),
  sni: ({ request }) => logText(request.hasHello ? request.sni : (request.tls?.serverName ?? '')),
  alpn: ({ request }) => logText(request.tls?.alpn ?? ''),
  status: ({ request }) => orNothing(request.status),
  refused: ({ request }) => logText(request.refusal),
  aborted: ({ request }) => request.abortCause || NOTHING,
  'ended.by': ({ request }) => request.endedBy || NOTHING,
  'ended.in': ({ request }) => request.endedIn || NOTHING,
  'bytes.in': ({ bytesIn }) => String(bytesIn),
  'bytes.out': ({ bytesOut }) => String(bytesOut),
  'body.out': ({ bodyOut }) => String(bodyOut),
  rule: ({ rule }) => logText(placeOf(rule)),
  backend: ({ backend }) => backend ?? NOTHING,
  server: ({ server }) => logText(server ?? ''),
  'server.address': ({ serverPlan }) => logText(addressOf(serverPlan)),
  retries: ({ retries }) => String(retries),
  'queue.position': ({ request }) => orNothing(request.queuePosition),
  duration: ({ totalMs }) => msOf(totalMs),
  'duration.queue': ({ request }) => msOf(request.queueMs),
  'duration.connect': ({ request }) => msOf(request.connectMs),
  'duration.tls': ({ request }) => msOf(request.tlsMs),
  'duration.response': ({ responseMs }) => msOf(responseMs),
};

/** textLine makes the function that writes a line, with its line feed. Throws TypeError for a field that there is none. */
export function textLine({ template }: Template, readers: Readers): (end: RequestEnd) => string {
  const parts = template.map((part): Part => {
    if (typeof part === 'string') return () => part;
    if ('secret' in part) throw new TypeError('a secret cannot be logged');
    return fieldOf(part, readers);
  });
  return (end) => {
    let line = '';
    for (let index = 0; index < parts.length; index++) line += parts[index]!(end);
    return `${line}\n`;
  };
}

function fieldOf(part: Placeholder, readers: Readers): Part {
  const { placeholder, key } = part;
  if (placeholder === RESPONSE_HEADER) {
    return (end) => {
      const value = end.answerHeader(key!);
      return logText(value === undefined || typeof value === 'string' ? (value ?? '') : value.join(', '));
    };
  }
  if (key === null && Object.hasOwn(FIELDS, placeholder)) return FIELDS[placeholder as LogFieldName];
  const read = compileTemplate({ template: [part] }, readers);
  return ({ request }) => logText(read(request));
}

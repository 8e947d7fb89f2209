/**
 * JsonLine: lines of JSON. Hot path; data plane. docs/access-log.md has the format.
 *
 * Texts of heads are latin1, so each byte that a client sent is one character of JSON, and what was sent can be told from what is written.
 */
import type { LiveRequest } from '../message/live-request.ts';
import { addressOf, placeOf } from './fixed-parts.ts';
import { isoTime } from './log-time.ts';
import type { HeaderValues, RequestEnd } from './request-end.ts';

/** A longer list of protocols is left out: a hello may be full of them, and each connection would be as many bytes on the disk. */
const MOST_PROTOCOLS_LENGTH = 512;

/** Headers that every line has. */
const USUAL_HEADERS: readonly string[] = ['referer', 'user-agent'];

/** jsonLine makes the function that writes a line, with its line feed. The headers are names in lower case. */
export function jsonLine(
  requestHeaders: readonly string[],
  responseHeaders: readonly string[],
): (end: RequestEnd) => string {
  const names = [...new Set([...USUAL_HEADERS, ...requestHeaders])];
  const keys = names.map((name, index) => `${index === 0 ? '' : ','}${quoted(name)}:`);
  const responseKeys = responseHeaders.map((name, index) => `${index === 0 ? '' : ','}${quoted(name)}:`);
  const headersOf = (request: LiveRequest): string => {
    let text = '';
    for (let index = 0; index < names.length; index++) text += keys[index]! + values(request.header(names[index]!));
    return text;
  };
  const responseHeadersOf = (end: RequestEnd): string => {
    if (responseHeaders.length === 0 || end.answerValues === null) return '';
    let text = '';
    for (let index = 0; index < responseHeaders.length; index++) {
      text += responseKeys[index]! + values(end.answerHeader(responseHeaders[index]!));
    }
    return `,"responseHeaders":{${text}}`;
  };
  return (end) => {
    if (end.isRelayed) return connectionLine(end);
    const { request } = end;
    const { status, refusal } = request;
    return (
      `${headOf(end)},"method":${quoted(request.sentMethod)},"scheme":"${request.scheme}","version":"${request.version}"` +
      `,"host":${quoted(request.host)},"port":${request.port}${helloOf(request)},"path":${quoted(request.path)}` +
      `,"query":${quoted(request.query)},"headers":{${headersOf(request)}}${status === 0 ? '' : `,"status":${status}`}` +
      `${responseHeadersOf(end)}${refusal === '' ? '' : `,"refused":${quoted(refusal)}`}${serverOf(end)}` +
      `${request.peer === null ? '' : request.peer.logged}${causeOf(request)},"bytesIn":${end.bytesIn},"bytesOut":${end.bytesOut}` +
      `,"bodyOut":${end.bodyOut},"timings":{"responseMs":${timeOf(end.responseMs)}${waitsOf(request)}` +
      `"totalMs":${Math.round(end.totalMs)}}}\n`
    );
  };
}

function connectionLine(end: RequestEnd): string {
  const { request } = end;
  return (
    `${headOf(end)},"scheme":"tcp","port":${request.port}${helloOf(request)}${serverOf(end)}` +
    `${request.peer === null ? '' : request.peer.logged}${causeOf(request)},"bytesIn":${end.bytesIn},"bytesOut":${end.bytesOut}` +
    `,"timings":{${waitsOf(request).slice(1)}"totalMs":${Math.round(end.totalMs)}}}\n`
  );
}

function headOf({ request, listener, startedAtMs }: RequestEnd): string {
  const { ip, peer, isPassedOn } = request;
  const from =
    peer === null
      ? ''
      : isPassedOn
        ? `,"peer":"${peer.ip.text}"`
        : peer.clientPort === 0
          ? ''
          : `,"clientPort":${peer.clientPort}`;
  return `{"ts":"${isoTime(startedAtMs)}","id":"${request.id}","listener":${quoted(listener)},"client":"${ip.text}"${from}${numberOf(request)}`;
}

function numberOf({ number, traceId }: LiveRequest): string {
  const trace = traceId === '' ? '' : `,"trace":"${traceId}"`;
  return number === 0 ? trace : `${trace},"requestOnConnection":${number}`;
}

function serverOf({ request, rule, backend, server, serverPlan, retries }: RequestEnd): string {
  const place = rule === null ? 'null' : quoted(placeOf(rule));
  const name = backend === undefined ? 'null' : quoted(backend);
  const at = server === undefined ? 'null' : `${quoted(server)},"serverAddress":${quoted(addressOf(serverPlan))}`;
  const { queuePosition } = request;
  const queue = queuePosition === 0 ? '' : `,"queuePosition":${queuePosition}`;
  return `,"rule":${place},"backend":${name},"server":${at},"retries":${retries}${queue}`;
}

/** What the hello of TLS said, where it was read. */
function helloOf({ hasHello, sni, alpn }: LiveRequest): string {
  if (!hasHello) return '';
  const protocols = alpn.length > 32 ? null : JSON.stringify(alpn);
  const isShort = protocols !== null && protocols.length <= MOST_PROTOCOLS_LENGTH;
  return `,"sni":${sni === '' ? 'null' : quoted(sni)}${isShort ? `,"alpn":${protocols}` : ''}`;
}

/** Who ended it, if it went wrong, and why it ended before its answer was whole. */
function causeOf({ abortCause, endedBy, endedIn }: LiveRequest): string {
  const aborted = abortCause === '' ? '' : `,"aborted":"${abortCause}"`;
  return endedBy === '' ? aborted : `${aborted},"ended":{"by":"${endedBy}","in":"${endedIn}"}`;
}

/** What few requests have: a place in line, a connection that was made for them. */
function waitsOf({ queuePosition, queueMs, connectMs, tlsMs }: LiveRequest): string {
  if (queuePosition === 0 && connectMs < 0) return ',';
  const queue = queuePosition === 0 ? '' : `,"queueMs":${Math.round(queueMs)}`;
  const tls = tlsMs < 0 ? '' : `,"tlsMs":${Math.round(tlsMs)}`;
  return `${queue}${connectMs < 0 ? '' : `,"connectMs":${Math.round(connectMs)}`}${tls},`;
}

function timeOf(ms: number): string {
  return ms < 0 ? 'null' : String(Math.round(ms));
}

function values(value: HeaderValues): string {
  return value === undefined ? 'null' : JSON.stringify(value);
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

/**
 * JsonLine: lines of JSON. Hot path; data plane. docs/access-log.md has the format.
 *
 * Texts of heads are latin1, so each byte that a client sent is one character of JSON, and what was sent can be told from what is written.
 */
import type { Rule, ServerPlan } from '@sluice/dsl/plan';
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
  const shown: HeaderValues[] = names.map(() => undefined);
  let shownText = names.map((_, index) => `${keys[index]}null`).join('');
  const headersOf = (request: LiveRequest): string => {
    let isSame = true;
    for (let index = 0; index < names.length; index++) {
      const value = request.header(names[index]!);
      if (value === shown[index]) continue;
      isSame = false;
      shown[index] = value;
    }
    if (isSame) return shownText;
    shownText = '';
    for (let index = 0; index < names.length; index++) shownText += keys[index]! + values(shown[index]);
    return shownText;
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
      `${headOf(end)},"method":${quoted(request.sentMethod)}${siteOf(request)}${helloOf(request)},"path":${quoted(request.path)}` +
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

let site = '';
let siteHost = '';
let sitePort = -1;
let siteScheme = '';
let siteVersion = '';

/** What was asked, and how; mostly it is the same as in the line before. */
function siteOf({ scheme, version, host, port }: LiveRequest): string {
  if (host !== siteHost || port !== sitePort || scheme !== siteScheme || version !== siteVersion) {
    siteHost = host;
    sitePort = port;
    siteScheme = scheme;
    siteVersion = version;
    site = `,"scheme":"${scheme}","version":"${version}","host":${quoted(host)},"port":${port}`;
  }
  return site;
}

function numberOf({ number, traceId }: LiveRequest): string {
  const trace = traceId === '' ? '' : `,"trace":"${traceId}"`;
  return number === 0 ? trace : `${trace},"requestOnConnection":${number}`;
}

/** What lines say of a rule and of a server is written once for each; mostly it is the same as in the line before. */
const rules = new WeakMap<Rule, string>();
const servers = new WeakMap<ServerPlan, string>();
let lastRule: Rule | null = null;
let lastRuleText = '';
let lastServer: ServerPlan | null = null;
let lastServerText = '';

function ruleOf(rule: Rule): string {
  let text = rules.get(rule);
  if (text === undefined) {
    text = `,"rule":${quoted(placeOf(rule))}`;
    rules.set(rule, text);
  }
  lastRule = rule;
  lastRuleText = text;
  return text;
}

function serverText(backend: string, server: ServerPlan): string {
  let text = servers.get(server);
  if (text === undefined) {
    text = `,"backend":${quoted(backend)},"server":${quoted(server.name)},"serverAddress":${quoted(addressOf(server))}`;
    servers.set(server, text);
  }
  lastServer = server;
  lastServerText = text;
  return text;
}

function serverOf({ request, rule, backend, serverPlan, retries }: RequestEnd): string {
  const place = rule === null ? ',"rule":null' : rule === lastRule ? lastRuleText : ruleOf(rule);
  const at =
    backend === undefined
      ? ',"backend":null,"server":null'
      : serverPlan === null
        ? `,"backend":${quoted(backend)},"server":null`
        : serverPlan === lastServer
          ? lastServerText
          : serverText(backend, serverPlan);
  const { queuePosition } = request;
  const queue = queuePosition === 0 ? '' : `,"queuePosition":${queuePosition}`;
  return `${place}${at},"retries":${retries}${queue}`;
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
  if (value === undefined) return 'null';
  return typeof value === 'string' ? quoted(value) : JSON.stringify(value);
}

/** Texts that JSON has as they are: nearly all. Looking is cheaper than writing them. */
const IS_PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

function quoted(text: string): string {
  return IS_PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

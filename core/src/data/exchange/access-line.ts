/**
 * AccessLine: a request that has ended as a line of the access log. Hot path; data plane. docs/access-log.md has the format.
 */
import type { LinkedBackend, LinkedListener, LinkedRule } from '../backend/generation.ts';
import type { LiveRequest } from '../message/live-request.ts';

/** LoggedEnd is what a line says besides the request: how it ended. */
export interface LoggedEnd {
  readonly listener: LinkedListener;
  readonly rule: LinkedRule | null;
  readonly backend: LinkedBackend | null;
  /** The server's index in its backend; -1: none. */
  readonly server: number;
  /** 0: the client left before it got an answer. */
  readonly status: number;
  /** From the head of the request to that of the answer; -1: no server answered. */
  readonly responseMs: number;
  readonly totalMs: number;
  /** It is a connection of a `tcp` listener. */
  readonly isRelayed: boolean;
  /** Of a relayed connection: what came from and went to the client. */
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** accessLine is a line of JSON, with its line feed. */
export function accessLine(request: LiveRequest, end: LoggedEnd): string {
  const { listener, rule, backend, server, status, responseMs, totalMs } = end;
  const at = rule?.rule.place;
  const place = at === undefined ? 'null' : quoted(`${at.file}:${at.line}:${at.column}`);
  const name = backend === null || server < 0 ? undefined : backend.plan.servers[server]?.name;
  if (end.isRelayed) {
    return (
      `{"ts":"${new Date(Date.now() - totalMs).toISOString()}","id":"${request.id}","listener":${quoted(listener.name)}` +
      `,"client":"${request.ip.text}","scheme":"tcp","port":${request.port}${helloOf(request)},"rule":${place}` +
      `,"backend":${backend === null ? 'null' : quoted(backend.name)}` +
      `,"server":${name === undefined ? 'null' : quoted(name)},"retries":${Math.max(0, request.attempts - 1)}` +
      `${request.peer?.logged ?? ''}${causeOf(request)},"bytesIn":${end.bytesIn},"bytesOut":${end.bytesOut},"timings":{"totalMs":${Math.round(totalMs)}}}\n`
    );
  }
  const refused = request.refusal === '' ? '' : `,"refused":${quoted(request.refusal)}`;
  return (
    `{"ts":"${new Date(Date.now() - totalMs).toISOString()}","id":"${request.id}","listener":${quoted(listener.name)}` +
    `,"client":"${request.ip.text}","method":${quoted(request.sentMethod)},"scheme":"${request.scheme}"` +
    `,"host":${quoted(request.host)},"port":${request.port}${helloOf(request)},"path":${quoted(request.path)}` +
    `,"query":${quoted(request.query)}${status === 0 ? '' : `,"status":${status}`}${refused},"rule":${place}` +
    `,"backend":${backend === null ? 'null' : quoted(backend.name)}` +
    `,"server":${name === undefined ? 'null' : quoted(name)},"retries":${Math.max(0, request.attempts - 1)}` +
    `${request.peer?.logged ?? ''}${causeOf(request)},"timings":{"responseMs":${responseMs < 0 ? 'null' : Math.round(responseMs)},"totalMs":${Math.round(totalMs)}}}\n`
  );
}

/** A longer list of protocols is left out: a hello may be full of them, and each connection would be as many bytes on the disk. */
const MOST_PROTOCOLS_LENGTH = 512;

/** What the hello of TLS said, where it was read. */
function helloOf({ hasHello, sni, alpn }: LiveRequest): string {
  if (!hasHello) return '';
  const protocols = alpn.length > 32 ? null : JSON.stringify(alpn);
  const isShort = protocols !== null && protocols.length <= MOST_PROTOCOLS_LENGTH;
  return `,"sni":${sni === '' ? 'null' : quoted(sni)}${isShort ? `,"alpn":${protocols}` : ''}`;
}

/** Why it ended before its answer was whole. */
function causeOf({ abortCause }: LiveRequest): string {
  return abortCause === '' ? '' : `,"aborted":"${abortCause}"`;
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

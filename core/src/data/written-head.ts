/**
 * WrittenHead: a head that somebody wrote down, made into the bytes that a client would send and read by the parser that reads live
 * traffic. Main thread: for `explain` and tests of rules. It knows no rule of its own about what is refused.
 */
import type { WrittenHead } from '@sluice/dsl/match';
import { DEFAULT_PATHS, type ListenerPlan } from '@sluice/dsl/plan';
import type { HeadRead, HeadRefusal, ReadHead } from '../shared/judgement/head-reader.ts';
import { PREFACE } from './http2/frames/frame.ts';
import { REFUSALS, RequestFields, WELL_FORMED } from './http2/heads/request-fields.ts';
import { HpackDecoder } from './http2/hpack/hpack-decoder.ts';
import { HpackEncoder } from './http2/hpack/hpack-encoder.ts';
import { BY_LENGTH } from './message/body-framer.ts';
import { fault } from './message/fault.ts';
import { LiveRequest } from './message/live-request.ts';
import { BODY_TOO_LONG, framing, HEAD_NEEDS_MORE, headLimitsOf, parseRequestHead } from './message/request-head.ts';

/** readHead says what becomes of a head at a listener. A Content-Length counts as kept; without one there is no body. */
export const readHead: ReadHead = (head, listener) => {
  const request = new LiveRequest();
  const refusal = (head.version === 'HTTP/2' ? readFields : readText)(head, listener, request);
  const { method, host, path, query } = request;
  return { refusal, method, host, path, query, headers: headersOf(request) } satisfies HeadRead;
};

function refuse(status: number, reason = fault.reason, isRead = false): HeadRefusal {
  return { status, reason, isRead };
}

/** textOf writes a head as HTTP/1. A URL whose host is another than Host can only be an absolute-form target. */
function textOf({ method, target, authority, scheme, version, headers }: WrittenHead): string {
  const hosts = headers.filter(([name]) => name.toLowerCase() === 'host');
  const isHost = hosts.length === 0 || authority === null || isSame(hosts[0]![1], authority);
  const written = scheme === null || isHost ? target : `${scheme}://${authority}${target}`;
  const host = hosts.length > 0 || authority === null ? '' : `Host: ${authority}\r\n`;
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return `${method} ${written} ${version}\r\n${host}${lines}\r\n`;
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function readText(head: WrittenHead, listener: ListenerPlan, request: LiveRequest): HeadRefusal | null {
  return parse(Buffer.from(textOf(head)), listener, request);
}

function parse(bytes: Buffer, listener: ListenerPlan, request: LiveRequest): HeadRefusal | null {
  const behind = parseRequestHead(
    request,
    bytes,
    0,
    bytes.length,
    headLimitsOf(listener),
    listener.paths ?? DEFAULT_PATHS,
  );
  if (behind < HEAD_NEEDS_MORE) return refuse(-behind);
  // A target with a line end in it, say: what is behind the first head would be another request.
  if (behind !== bytes.length) return refuse(400, 'it is no single head');
  const { bodyBytes } = listener.limits;
  const isTooLong = bodyBytes !== 0 && framing.mode === BY_LENGTH && framing.length > bodyBytes;
  return isTooLong ? refuse(413, BODY_TOO_LONG, true) : null;
}

function readFields(head: WrittenHead, listener: ListenerPlan, request: LiveRequest): HeadRefusal | null {
  // A client that begins with the preface all the same is taken to speak HTTP/1.
  if (listener.isHttp1Only === true) return parse(PREFACE, listener, request);
  const { method, target, authority, scheme, headers } = head;
  const encoder = new HpackEncoder();
  encoder.start();
  encoder.pseudo(':method', method);
  if (method !== 'CONNECT') {
    encoder.pseudo(':scheme', scheme ?? (listener.tls === null ? 'http' : 'https'));
    encoder.pseudo(':path', target);
  }
  if (authority !== null) encoder.pseudo(':authority', authority);
  for (const [name, value] of headers) encoder.field(name.toLowerCase(), Buffer.from(value).toString('latin1'));
  const fields = new RequestFields();
  fields.start(headLimitsOf(listener).headBytes);
  if (!new HpackDecoder().decode(encoder.bytes, 0, encoder.end, fields))
    return refuse(400, 'its fields cannot be read');
  const hasBody = headers.some(([name, value]) => name.toLowerCase() === 'content-length' && Number(value) > 0);
  const verdict = fields.finish(!hasBody, () => '');
  if (verdict !== WELL_FORMED) return refuse(REFUSALS[verdict]!, fields.reason);
  return parse(Buffer.from(fields.head, 'latin1'), listener, request);
}

function headersOf({ fields, head, authority, isHostAsWritten }: LiveRequest): Map<string, readonly string[]> {
  const headers = new Map<string, readonly string[]>();
  if (head === '') return headers;
  for (let index = 0; index < fields.count; index++) {
    const name = head.substring(fields.lineStart(index), fields.nameEnd(index)).toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), fields.value(index, head)]);
  }
  // As rules see it, and as it is sent on.
  if (!isHostAsWritten) headers.set('host', [authority]);
  return headers;
}

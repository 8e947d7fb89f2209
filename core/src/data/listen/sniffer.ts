/**
 * Sniffer: which HTTP the client of a connection speaks, by its first bytes or what ALPN chose. Hot path; data plane.
 *
 * HTTP/2 without TLS is known by its preface ("prior knowledge", RFC 9113 section 3.3). With TLS, ALPN decides alone (section 3.2). Everything else is
 * HTTP/1, and so is all that can happen to a connection before it has said anything: its connection is the one that asks.
 */
import type { ListenerPlan } from '@sluice/dsl/plan';
import { HTTP1, UNDECIDED } from '../exchange/client-port.ts';
import { isPreface, PREFACE } from '../http2/frames/frame.ts';
import type { Connection } from '../transport/connection.ts';

/** The bytes begin with the preface of HTTP/2. */
const HTTP2 = 2;
/** The connection has to be of HTTP/2, and does not begin like one. */
export const BAD_PREFACE = 3;

/** mustBeHttp2: ALPN chose it for this connection, so there is no other protocol on it. */
export function mustBeHttp2({ tls }: Connection, { protocol }: ListenerPlan): boolean {
  // A reload may have given the address to another protocol: HTTP/1 closes it.
  return tls !== null && tls.protocol === 'h2' && protocol === 'http';
}

/** sniffHttp is HTTP1, UNDECIDED, HTTP2 or BAD_PREFACE, by the first `length` bytes of a connection. */
export function sniffHttp(connection: Connection, plan: ListenerPlan, bytes: Buffer, length: number): number {
  const { tls } = connection;
  if (tls === null && bytes[0] !== PREFACE[0]) return HTTP1;
  const isHttp2 = mustBeHttp2(connection, plan);
  if (!isPreface(bytes, 0, length)) return isHttp2 ? BAD_PREFACE : HTTP1;
  // Over TLS, HTTP/2 has to be chosen by ALPN.
  if (!isHttp2 && (plan.isHttp1Only === true || (tls?.protocol ?? null) !== null)) return HTTP1;
  return length < PREFACE.length ? UNDECIDED : HTTP2;
}

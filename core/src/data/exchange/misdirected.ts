/**
 * Misdirected: which hosts the requests on a TLS connection may ask for (RFC 9110 section 15.5.20). Hot path; data plane.
 *
 * A client may ask for any host on any connection, and browsers do where one certificate is good for several (RFC 9113 section 9.1.1). But
 * what a listener does with TLS depends on the name in the hello. So a host is only served here if a connection that asked for it by name would have been: 421
 * otherwise, and the client opens one.
 */
import { serverName } from '@sluice/dsl/match';
import { NOT_LET_IN, PASSED_ON } from '../../shared/judgement/misdirected.ts';
import type { LinkedListener } from '../backend/generation.ts';
import type { Loop } from '../loop/loop.ts';
import { ConnectionFacts } from '../message/connection-facts.ts';
import type { LiveRequest } from '../message/live-request.ts';
import type { RequestPeer } from '../message/request-peer.ts';
import { isPassedOn } from './passed-on.ts';

/** isSelective: not every name's TLS is opened at a listener. */
export function isSelective({ tls, passthrough }: LinkedListener): boolean {
  return tls !== null && (passthrough !== null || (tls.refuses ?? null) !== null);
}

/** misdirection is the status for a request whose host is not to be had on its connection, and fills in why; 0: it is. */
export function misdirection(request: LiveRequest, listener: LinkedListener, loop: Loop): number {
  const { peer, host } = request;
  // A request without a host, in HTTP/1.0, asks for nobody else.
  if (peer === null || host === '' || peer.serves(host, listener)) return 0;
  const name = serverName(host);
  if (listener.tls?.refuses?.(name) === true) {
    request.refusal = NOT_LET_IN;
    return 421;
  }
  const isTaken =
    listener.passthrough === null ? false : isTakenAs(name, peer, request.port, listener.passthrough, loop);
  if (isTaken === null) return 500;
  if (isTaken) {
    request.refusal = PASSED_ON;
    return 421;
  }
  peer.served(host, listener);
  return 0;
}

function isTakenAs(
  name: string,
  { ip, hello, proxied }: RequestPeer,
  port: number,
  passthrough: LinkedListener,
  loop: Loop,
): boolean | null {
  const asked = { sni: name, alpn: hello === null ? [] : hello.alpn };
  return isPassedOn(passthrough, new ConnectionFacts(ip, port, asked, proxied), loop);
}

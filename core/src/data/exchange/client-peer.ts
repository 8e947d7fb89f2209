/**
 * ClientPeer: who is at the other end of a client's connection, and what forwarding fields say of it. Hot path; data plane.
 * One a connection, for all its exchanges.
 */
import type { IpAddress } from '@sluice/dsl/match';
import type { ClientHello } from '../../plugin/client-hello.ts';
import { clientOf } from '../../shared/client-ip.ts';
import type { LinkedListener } from '../generation.ts';
import { Peer } from '../http1/forward-head.ts';
import { type LiveRequest, NO_PROTOCOLS } from '../http1/live-request.ts';
import type { Port } from '../port.ts';

export class ClientPeer {
  readonly ip: IpAddress;
  /** null: it was not read, or there is none. */
  readonly hello: ClientHello | null;
  readonly #port: Pick<Port, 'number'>;
  #peer: Peer | null = null;
  #listener: LinkedListener | null = null;

  constructor(ip: IpAddress, port: Pick<Port, 'number'>, hello: ClientHello | null = null) {
    this.ip = ip;
    this.hello = hello;
    this.#port = port;
  }

  /** describe fills in who sent a request. `isRead`: its fields may be asked, as all of them have come. */
  describe(request: LiveRequest, listener: LinkedListener, isRead: boolean): Peer {
    const peer = this.#of(listener);
    const { trusted, plan } = listener;
    request.port = this.#port.number;
    request.scheme = peer.scheme;
    request.hasHello = this.hello !== null;
    request.sni = this.hello === null ? '' : this.hello.sni;
    request.alpn = this.hello === null ? NO_PROTOCOLS : this.hello.alpn;
    request.ip =
      isRead && peer.isTrusted && plan.clientIp !== null && trusted !== null
        ? clientOf(this.ip, request.header(plan.clientIp.header), trusted)
        : this.ip;
    return peer;
  }

  /** of keeps what is said of the peer until a reload may have changed it. */
  #of(listener: LinkedListener): Peer {
    if (this.#peer === null || this.#listener !== listener) {
      const isTrusted = listener.trusted?.has(this.ip) ?? false;
      this.#peer = new Peer(this.ip.text, listener.tls === null ? 'http' : 'https', isTrusted);
      this.#listener = listener;
    }
    return this.#peer;
  }
}

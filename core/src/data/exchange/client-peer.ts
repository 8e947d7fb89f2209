/**
 * ClientPeer: who is at the other end of a client's connection, and what forwarding fields, rules and PROXY headers say of it. Hot
 * path; data plane. One a connection, for all its exchanges.
 *
 * What few ask for (TLS, certificates, PROXY headers) is worked out when it is first asked for, and kept.
 */

import type { CertificateFacts, IpAddress, TlsFacts } from '@sluice/dsl/match';
import type { SendProxyPlan } from '@sluice/dsl/plan';
import type { ClientHello } from '../../plugin/client-hello.ts';
import { clientOf, passedHops, UNKNOWN_CLIENT } from '../../shared/judgement/client-ip.ts';
import type { ProxyEnd } from '../../shared/proxy/proxy-header.ts';
import type { LinkedListener } from '../backend/generation.ts';
import { Peer } from '../message/forward-head.ts';
import { type LiveRequest, NO_PROTOCOLS } from '../message/live-request.ts';
import type { RequestPeer } from '../message/request-peer.ts';
import { clientEnd, connectionId, introduce, socketEnd } from '../proxy/introduction.ts';
import type { ProxiedConnection } from '../proxy/proxy-reader.ts';
import type { IntroducedClient, IntroducedServer } from '../sides/introduced-client.ts';
import type { Connection } from '../transport/connection.ts';
import type { ClientPort } from './client-port.ts';
import { greetingOf } from './greeting.ts';

type PeerPort = Pick<ClientPort, 'number'> & Partial<Pick<ClientPort, 'listener'>>;
export class ClientPeer implements RequestPeer, IntroducedClient {
  readonly ip: IpAddress;
  /** null: it was not read, or there is none. */
  readonly hello: ClientHello | null;
  readonly proxied: ProxiedConnection | null;
  readonly #port: PeerPort;
  /** null: there is none, as in a simulation. */
  readonly #connection: Connection | null;
  #peer: Peer | null = null;
  #listener: LinkedListener | null = null;
  #tls: TlsFacts | null | undefined = undefined;
  #clientCert: string | null = null;
  #logged: string | null = null;
  #id = '';
  #requests = 0;
  #clientPort = -1;
  /** The last host that was let in, and by which listener; empty: none. */
  #servedHost: string;
  #servedBy: object | null;
  /** The last introduction, and whom and what for it was made. */
  #introduction = '';
  #introducedIp: IpAddress | null = null;
  #introducedBy: SendProxyPlan | null = null;
  /** Servers that keep connections which were introduced as this client's. */
  #met: Map<IntroducedServer, string> | null = null;

  constructor(ip: IpAddress, port: PeerPort, connection: Connection | null = null) {
    const greeting = connection === null ? null : greetingOf(connection);
    this.ip = ip;
    this.hello = greeting?.hello ?? null;
    this.proxied = greeting?.proxied ?? null;
    this.#port = port;
    this.#connection = connection;
    // What the connection was opened for is served on it.
    this.#servedHost = this.hello?.sni ?? '';
    this.#servedBy = port.listener ?? null;
  }

  /** serves: requests on the connection have asked for this host already, and were let in. */
  serves(host: string, listener: object): boolean {
    return host === this.#servedHost && listener === this.#servedBy;
  }

  served(host: string, listener: object): void {
    this.#servedHost = host;
    this.#servedBy = listener;
  }

  /** describe fills in who sent a request. `isRead`: its fields may be asked, as all of them have come. */
  describe(request: LiveRequest, listener: LinkedListener, isRead: boolean): Peer {
    const peer = this.#of(listener);
    const { trusted, plan } = listener;
    request.peer = this;
    request.number = ++this.#requests;
    if (listener.log !== null) void this.clientPort;
    request.port = this.#port.number;
    request.scheme = peer.scheme;
    request.hasHello = this.hello !== null;
    request.sni = this.hello === null ? '' : this.hello.sni;
    request.alpn = this.hello === null ? NO_PROTOCOLS : this.hello.alpn;
    request.ip = this.ip;
    request.hops = '';
    request.isPassedOn = false;
    if (isRead && peer.isTrusted && plan.clientIp !== null && trusted !== null) {
      const { header } = plan.clientIp;
      request.ip = clientOf(this.ip, header, request.header(header), trusted) ?? UNKNOWN_CLIENT;
      request.hops = passedHops.text;
      request.isPassedOn = request.ip !== this.ip;
    }
    return peer;
  }

  /** tls is what is known of the TLS that ends here; null: none does. Ask when the handshake has ended. */
  get tls(): TlsFacts | null {
    if (this.#tls === undefined) this.#tls = this.#connection?.tls?.facts() ?? null;
    return this.#tls;
  }

  /** clientCert is the value of Client-Cert (RFC 9440 section 2.2): the client's certificate if it is verified, or ''. */
  get clientCert(): string {
    if (this.#clientCert === null) {
      const certificate = this.tls?.certificate ?? null;
      this.#clientCert = certificate === null || certificate.problem !== '' ? '' : `:${certificate.der()}:`;
    }
    return this.#clientCert;
  }

  /** logged is what the access log says of the connection, as members of JSON, each behind a comma. */
  get logged(): string {
    if (this.#logged === null) {
      const { tls } = this;
      const own =
        tls === null
          ? ''
          : `,"tls":"${tls.version}","cipher":${JSON.stringify(tls.cipher)}${loggedCertificate(tls.certificate)}`;
      this.#logged = `${own},"connection":"${this.id}"`;
    }
    return this.#logged;
  }

  /** id names the connection: as a proxy before us does, or else by chance. */
  get id(): string {
    if (this.#id === '') this.#id = this.proxied?.uniqueId || connectionId();
    return this.#id;
  }

  /** clientPort is the port that the client's connection came from; 0: there is none. Ask while the connection stands; later it is what it was. */
  get clientPort(): number {
    if (this.#clientPort === -1) {
      const source = this.proxied?.source ?? null;
      this.#clientPort = source === null ? (this.#connection?.remotePort ?? 0) : source.port;
    }
    return this.#clientPort;
  }

  /** introduction is the PROXY header for a request, or connection, of this address. */
  introduction(plan: SendProxyPlan, ip: IpAddress): string {
    if (this.#introducedBy !== plan || this.#introducedIp === null || this.#introducedIp.text !== ip.text) {
      this.#introduction = introduce(
        {
          source: ip === this.ip ? this.#source() : clientEnd(ip, 0),
          destination: this.#destination(),
          serverName: this.hello?.sni || this.tls?.serverName || '',
          tls: this.tls,
          proxied: this.proxied,
          id: plan.hasId ? this.id : '',
        },
        plan,
      );
      this.#introducedBy = plan;
      this.#introducedIp = ip;
    }
    return this.#introduction;
  }

  /** rememberIntroduction: a server may keep a connection that was introduced so. */
  rememberIntroduction(server: IntroducedServer, introduction: string): void {
    this.#met ??= new Map();
    this.#met.set(server, introduction);
  }

  /** forgetIntroductions: the client has gone, so that nobody will use what servers keep for it. */
  forgetIntroductions(): void {
    if (this.#met === null) return;
    for (const [server, introduction] of this.#met) server.forgetIntroduction(introduction);
    this.#met = null;
  }

  #source(): ProxyEnd | null {
    const source = this.proxied?.source ?? null;
    if (source !== null) return clientEnd(source.ip, source.port);
    const connection = this.#connection;
    return connection === null ? null : socketEnd(connection.remoteAddress, connection.remotePort);
  }

  #destination(): ProxyEnd | null {
    const destination = this.proxied?.destination ?? null;
    if (destination !== null) return clientEnd(destination.ip, destination.port);
    const connection = this.#connection;
    return connection === null ? null : socketEnd(connection.localAddress, connection.localPort);
  }

  /** of keeps what is said of the peer until a reload may have changed it. */
  #of(listener: LinkedListener): Peer {
    if (this.#peer === null || this.#listener !== listener) {
      const isTrusted = listener.trusted?.has(this.ip) ?? false;
      const kept = isTrusted ? (listener.plan.clientIp?.keep ?? []) : [];
      this.#peer = new Peer(this.ip.text, listener.tls === null ? 'http' : 'https', isTrusted, kept);
      this.#listener = listener;
    }
    return this.#peer;
  }
}

/** Of a certificate that is not good only what cannot be made up is told. */
function loggedCertificate(certificate: CertificateFacts | null): string {
  if (certificate === null) return '';
  const { problem, subject, fingerprint } = certificate;
  const told = problem === '' ? { verified: true, subject, fingerprint } : { verified: false, problem, fingerprint };
  return `,"clientCertificate":${JSON.stringify(told)}`;
}

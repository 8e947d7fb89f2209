/**
 * Introduction: the PROXY header by which a server learns who the client is. Data plane; once a connection of a client.
 *
 * It is latin1 text, as all that leaves is; and as it says all there is to say of a client, it is also the key by which connections
 * to servers are kept: one that was introduced as somebody's is used for nobody else.
 */
import { randomBytes } from 'node:crypto';
import { type IpAddress, type ProxiedTls, parseIp, type TlsFacts } from '@sluice/dsl/match';
import type { SendProxyPlan } from '@sluice/dsl/plan';
import {
  CHECKSUM,
  type ProxyEnd,
  type ProxyTlv,
  proxyHeaderV1,
  proxyHeaderV2,
  proxyValue,
} from '../../shared/proxy/proxy-header.ts';
import { ProxyValue, TlsBit, TlsValue } from '../../shared/proxy/proxy-values.ts';
import type { ProxiedConnection } from './proxy-reader.ts';

/** Introduced is what is known of a client's connection. */
export interface IntroducedClient {
  /** null: the client has no address, as that of a Unix socket. */
  readonly source: ProxyEnd | null;
  /** The address that it connected to; null: there is none. */
  readonly destination: ProxyEnd | null;
  /** The name in its hello; empty: none, or it was not read. */
  readonly serverName: string;
  readonly tls: TlsFacts | null;
  readonly proxied: ProxiedConnection | null;
  /** Hexadecimal digits. */
  readonly id: string;
}

const NOWHERE_V4: ProxyEnd = { host: '0.0.0.0', port: 0 };
const NOWHERE_V6: ProxyEnd = { host: '::', port: 0 };
/** The longest text of a client's that is told on: what is longer is no name that a server waits for. */
const MOST_TEXT = 255;

/** introduce makes the header. */
export function introduce(client: IntroducedClient, plan: SendProxyPlan): string {
  const { source } = client;
  let { destination } = client;
  if (source !== null && destination === null) destination = source.host.includes(':') ? NOWHERE_V6 : NOWHERE_V4;
  if (plan.version === 'v1') return proxyHeaderV1(source, destination).latin1Slice();
  // Without a source it is a client's connection all the same, and no LOCAL one.
  const header = proxyHeaderV2(source, destination ?? NOWHERE_V4, valuesOf(client, plan));
  return header.latin1Slice();
}

/** connectionId names a connection. */
export function connectionId(): string {
  return randomBytes(16).hexSlice();
}

function valuesOf(client: IntroducedClient, plan: SendProxyPlan): ProxyTlv[] {
  const values: ProxyTlv[] = [];
  const text = (type: number, value: string): void => {
    if (value !== '' && value.length <= MOST_TEXT) values.push({ type, value: Buffer.from(value, 'utf8') });
  };
  const { tls, proxied } = client;
  if (plan.hasTls) {
    // What a proxy before us said goes on where the client speaks no TLS with us.
    text(ProxyValue.alpn, tls === null ? (proxied?.alpn ?? '') : tls.alpn);
    text(ProxyValue.authority, client.serverName === '' ? (proxied?.authority ?? '') : client.serverName);
    if (tls !== null) values.push({ type: ProxyValue.tls, value: ownTls(tls) });
    else if (proxied !== null && proxied.tls !== null)
      values.push({ type: ProxyValue.tls, value: saidTls(proxied.tls) });
  }
  if (plan.hasId) values.push({ type: ProxyValue.uniqueId, value: Buffer.from(client.id, 'hex') });
  if (plan.hasChecksum) values.push(CHECKSUM);
  return values;
}

function ownTls({ version, cipher, isResumed, certificate }: TlsFacts): Buffer {
  const shown =
    certificate === null ? 0 : isResumed ? TlsBit.hadCertificate : TlsBit.hasCertificate | TlsBit.hadCertificate;
  const isVerified = certificate !== null && certificate.problem === '';
  return tlsValue(shown, isVerified, `TLSv${version}`, cipher, isVerified ? certificate.commonName : '');
}

function saidTls({ version, cipher, hasClientCertificate, isVerified, commonName }: ProxiedTls): Buffer {
  return tlsValue(hasClientCertificate ? TlsBit.hadCertificate : 0, isVerified, version, cipher, commonName);
}

/** Section 2.2.6: `verify` is 0 only for a certificate that was shown and is good. */
function tlsValue(shown: number, isVerified: boolean, version: string, cipher: string, commonName: string): Buffer {
  const head = Buffer.from([TlsBit.isTls | shown, 0, 0, 0, isVerified ? 0 : 1]);
  const parts: Uint8Array[] = [head];
  for (const [type, text] of [
    [TlsValue.version, version],
    [TlsValue.commonName, commonName],
    [TlsValue.cipher, cipher],
  ] as const) {
    if (text !== '' && text.length <= MOST_TEXT) parts.push(proxyValue(type, text));
  }
  return Buffer.concat(parts);
}

/** clientEnd is an end for a client's address, whose port may be unknown (0). */
export function clientEnd(ip: IpAddress, port: number): ProxyEnd {
  return { host: ip.text, port };
}

/** socketEnd is one end as the system tells it; null: that of a Unix socket, or of a connection that has gone. */
export function socketEnd(host: string | undefined, port: number | undefined): ProxyEnd | null {
  return host === undefined || port === undefined || parseIp(host) === null ? null : { host, port };
}

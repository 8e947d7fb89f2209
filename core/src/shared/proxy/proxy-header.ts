/**
 * ProxyHeader: the first bytes of a connection that tell the server who is behind it (PROXY protocol, versions 1 and 2).
 *
 * Pure: addresses in, bytes out. Source: the PROXY protocol's specification, sections 2.1 and 2.2. Both planes.
 */
import { type IpAddress, parseIp } from '@sluice/dsl/match';
import { crc32c } from './crc32c.ts';
import { ProxyValue } from './proxy-values.ts';

/** ProxyVersion: 1 is a line of text, 2 is binary and can hold more. */
export type ProxyVersion = 'v1' | 'v2';

/** ProxyEnd is one end of a TCP connection; the host is an IP address as text. */
export interface ProxyEnd {
  readonly host: string;
  readonly port: number;
}

/** ProxyTlv is one more value of version 2: its type (0 to 255) and at most 65,535 bytes. */
export interface ProxyTlv {
  readonly type: number;
  readonly value: Uint8Array;
}

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const LOCAL = 0x20;
const PROXY = 0x21;
const UNSPEC = 0x00;
const TCP4 = 0x11;
const TCP6 = 0x21;
const MOST_BYTES = 0xffff;

/** proxyHeaderV1 is the line of version 1; `PROXY UNKNOWN` when an end is not an IP address (a Unix socket), or null. */
export function proxyHeaderV1(source: ProxyEnd | null, destination: ProxyEnd | null): Buffer {
  const ends = endsOf(source, destination);
  if (ends === null) return Buffer.from('PROXY UNKNOWN\r\n', 'latin1');
  const { from, to, isV4 } = ends;
  const family = isV4 ? 'TCP4' : 'TCP6';
  const line = `PROXY ${family} ${textOf(from, isV4)} ${textOf(to, isV4)} ${source!.port} ${destination!.port}\r\n`;
  return Buffer.from(line, 'latin1');
}

/** CHECKSUM as the last of the values has the header's checksum written there. */
export const CHECKSUM: ProxyTlv = { type: ProxyValue.crc32c, value: new Uint8Array(4) };

/** proxyValue is a value, of text (UTF-8) or bytes, as it stands among others and within `tls`. */
export function proxyValue(type: number, value: string | Uint8Array): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
  const head = Buffer.from([type, bytes.length >> 8, bytes.length & 255]);
  return Buffer.concat([head, bytes]);
}

/**
 * proxyHeaderV2 is the header of version 2. Without ends it is LOCAL: the connection is the gateway's own, as that of a
 * health check is. Throws a RangeError for more than 65,535 bytes of addresses and values.
 */
export function proxyHeaderV2(
  source: ProxyEnd | null,
  destination: ProxyEnd | null,
  values: readonly ProxyTlv[] = [],
): Buffer {
  const isLocal = source === null && destination === null;
  const ends = endsOf(source, destination);
  const addressBytes = ends === null ? 0 : ends.isV4 ? 12 : 36;
  const length = values.reduce((sum, { value }) => sum + 3 + value.length, addressBytes);
  if (length > MOST_BYTES) throw new RangeError(`a PROXY header holds ${MOST_BYTES} bytes, not ${length}`);
  const header = Buffer.alloc(SIGNATURE.length + 4 + length);
  SIGNATURE.copy(header);
  header[12] = isLocal ? LOCAL : PROXY;
  header[13] = ends === null ? UNSPEC : ends.isV4 ? TCP4 : TCP6;
  header.writeUInt16BE(length, 14);
  let at = 16;
  if (ends !== null) {
    for (const end of [ends.from, ends.to]) at = writeAddress(header, at, end, ends.isV4);
    for (const { port } of [source!, destination!]) at = header.writeUInt16BE(port, at);
  }
  for (const { type, value } of values) {
    at = header.writeUInt8(type, at);
    at = header.writeUInt16BE(value.length, at);
    header.set(value, at);
    at += value.length;
  }
  if (values.at(-1) === CHECKSUM) header.writeUInt32BE(crc32c(header, at - 4), at - 4);
  return header;
}

interface Ends {
  readonly from: IpAddress;
  readonly to: IpAddress;
  /** Both ends are IPv4; otherwise an IPv4 one is written as IPv4-mapped IPv6. */
  readonly isV4: boolean;
}

function endsOf(source: ProxyEnd | null, destination: ProxyEnd | null): Ends | null {
  const from = source === null ? null : parseIp(withoutZone(source.host));
  const to = destination === null ? null : parseIp(withoutZone(destination.host));
  return from === null || to === null ? null : { from, to, isV4: from.isV4 && to.isV4 };
}

function withoutZone(host: string): string {
  const at = host.indexOf('%');
  return at < 0 ? host : host.slice(0, at);
}

function textOf(address: IpAddress, isV4: boolean): string {
  return !isV4 && address.isV4 ? `::ffff:${address.text}` : address.text;
}

function writeAddress(header: Buffer, at: number, address: IpAddress, isV4: boolean): number {
  if (isV4) return header.writeUInt32BE(address.word3, at);
  const words = [address.word0, address.word1, address.isV4 ? 0xffff : address.word2, address.word3];
  let next = at;
  for (const word of words) next = header.writeUInt32BE(word, next);
  return next;
}

/**
 * ProxyReader: the header by which a proxy before us says who the client is (PROXY protocol, versions 1 and 2). Data plane; once
 * a connection.
 *
 * Only for peers that a listener trusts: anybody can write such a header. There is no guessing: where one is due, the first bytes
 * must be one, and what is no header ends the connection. Source: the PROXY protocol's specification, sections 2.1 to 2.2.
 */
import { bareName, type IpAddress, ipV4, ipV6, type ProxiedFacts, type ProxiedTls, parseIp } from '@sluice/dsl/match';
import { crc32c } from '../../shared/proxy/crc32c.ts';
import { ProxyValue, TlsBit, TlsValue } from '../../shared/proxy/proxy-values.ts';

/** ProxiedConnection is the connection as the proxy before us saw it. */
export interface ProxiedConnection extends ProxiedFacts {
  /** null: the proxy's own connection, or one whose ends it does not know. What the system says holds then. */
  readonly source: { readonly ip: IpAddress; readonly port: number } | null;
  readonly destination: { readonly ip: IpAddress; readonly port: number } | null;
}

/** More bytes are needed. */
export const PROXY_NEEDS_MORE = 'more';
/** No header, or one that lies about its lengths. */
export const NO_PROXY_HEADER = 'none';

/** Longest line of version 1, with its end. */
const MOST_LINE_BYTES = 107;
/** Longest header of version 2 that is read; the specification asks for 536 bytes at least. */
export const MOST_PROXY_BYTES = 4096;

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const FIXED_BYTES = 16;
const LINE_START = Buffer.from('PROXY ', 'latin1');

class BadHeader extends Error {}

export class ProxyReader {
  /** Of the last piece: the first byte behind the header. */
  restAt = 0;
  #held = Buffer.allocUnsafe(128);
  #have = 0;
  /** Bytes of the whole header; 0 while that is unknown. */
  #wanted = 0;

  /** read takes the next bytes and keeps none of the buffer. What can be no header is said as soon as its bytes are there. */
  read(bytes: Buffer): ProxiedConnection | typeof PROXY_NEEDS_MORE | typeof NO_PROXY_HEADER {
    try {
      return this.#read(bytes);
    } catch (error) {
      if (error instanceof BadHeader) return NO_PROXY_HEADER;
      throw error;
    }
  }

  #read(bytes: Buffer): ProxiedConnection | typeof PROXY_NEEDS_MORE {
    let at = 0;
    // The header's own length stands within the first bytes, which are taken one by one.
    while (this.#wanted === 0 && at < bytes.length) this.#take(bytes[at++]!);
    if (this.#wanted !== 0) {
      const taken = Math.min(this.#wanted - this.#have, bytes.length - at);
      bytes.copy(this.#held, this.#have, at, at + taken);
      this.#have += taken;
      at += taken;
    }
    this.restAt = at;
    if (this.#wanted === 0 || this.#have < this.#wanted) return PROXY_NEEDS_MORE;
    const header = this.#held.subarray(0, this.#have);
    return header[0] === LINE_START[0] ? readLine(header.toString('latin1')) : readBinary(header);
  }

  #take(octet: number): void {
    const at = this.#have++;
    this.#held[at] = octet;
    const isLine = this.#held[0] === LINE_START[0];
    if (isLine) {
      need(at < LINE_START.length ? octet === LINE_START[at] : at < MOST_LINE_BYTES);
      if (octet === 0x0a) this.#wanted = this.#have;
    } else {
      need(at >= SIGNATURE.length || octet === SIGNATURE[at]);
      if (this.#have === FIXED_BYTES) {
        this.#wanted = FIXED_BYTES + this.#held.readUInt16BE(14);
        need(this.#wanted <= MOST_PROXY_BYTES);
        const whole = Buffer.allocUnsafe(this.#wanted);
        this.#held.copy(whole, 0, 0, this.#have);
        this.#held = whole;
      }
    }
  }
}

function need(isSo: boolean): void {
  if (!isSo) throw new BadHeader();
}

const NOBODY: ProxiedConnection = {
  source: null,
  destination: null,
  alpn: '',
  authority: '',
  uniqueId: '',
  tls: null,
};

const LINE = /^PROXY (TCP4|TCP6) ([0-9a-fA-F.:]+) ([0-9a-fA-F.:]+) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4})\r\n$/;
const UNKNOWN_LINE = /^PROXY UNKNOWN(?: [\x20-\x7e]*)?\r\n$/;

function readLine(line: string): ProxiedConnection {
  if (UNKNOWN_LINE.test(line)) return NOBODY;
  const parts = LINE.exec(line);
  need(parts !== null);
  const [, family, from, to, fromPort, toPort] = parts!;
  const end = (text: string, digits: string) => {
    const ip = parseIp(text);
    const port = Number(digits);
    need(ip !== null && port <= 65535 && text.includes(':') === (family === 'TCP6'));
    return { ip: ip!, port };
  };
  return { ...NOBODY, source: end(from!, fromPort!), destination: end(to!, toPort!) };
}

const LOCAL_COMMAND = 0;
const PROXY_COMMAND = 1;
const IPV4 = 1;
const IPV6 = 2;
const UNIX = 3;
const STREAM = 1;

function readBinary(header: Buffer): ProxiedConnection {
  const command = header[12]! & 15;
  need(header[12]! >> 4 === 2 && command <= PROXY_COMMAND);
  const family = header[13]! >> 4;
  const transport = header[13]! & 15;
  need(family <= UNIX && transport <= 2);
  const addressBytes = family === IPV4 ? 12 : family === IPV6 ? 36 : family === UNIX ? 216 : 0;
  // A local header's addresses and values are to be stepped over, whatever they are.
  if (command === LOCAL_COMMAND) return NOBODY;
  need(header.length >= FIXED_BYTES + addressBytes);
  const values = readValues(header, FIXED_BYTES + addressBytes);
  if (transport !== STREAM || (family !== IPV4 && family !== IPV6)) return { ...NOBODY, ...values };
  const half = (addressBytes - 4) / 2;
  const end = (index: number) => ({
    ip: readAddress(header, FIXED_BYTES + index * half, family === IPV4),
    port: header.readUInt16BE(FIXED_BYTES + 2 * half + 2 * index),
  });
  return { source: end(0), destination: end(1), ...values };
}

function readAddress(bytes: Buffer, at: number, isV4: boolean): IpAddress {
  const word = (index: number) => bytes.readUInt32BE(at + 4 * index);
  return isV4 ? ipV4(word(0)) : ipV6(word(0), word(1), word(2), word(3));
}

type Values = Pick<ProxiedConnection, 'alpn' | 'authority' | 'uniqueId' | 'tls'>;

function readValues(header: Buffer, from: number): Values {
  const values = { alpn: '', authority: '', uniqueId: '', tls: null as ProxiedTls | null };
  const seen = new Set<number>();
  eachValue(header, from, header.length, (type, value, at) => {
    // Two of a kind could be read in two ways.
    need(!seen.has(type));
    seen.add(type);
    if (type === ProxyValue.alpn) values.alpn = protocolOf(value);
    else if (type === ProxyValue.authority) values.authority = nameOf(value);
    else if (type === ProxyValue.crc32c) need(value.length === 4 && value.readUInt32BE(0) === crc32c(header, at));
    else if (type === ProxyValue.uniqueId) {
      need(value.length <= 128);
      values.uniqueId = value.toString('hex');
    } else if (type === ProxyValue.tls) values.tls = readTls(value);
  });
  return values;
}

function eachValue(
  bytes: Buffer,
  from: number,
  to: number,
  take: (type: number, value: Buffer, valueAt: number) => void,
): void {
  let at = from;
  while (at < to) {
    need(at + 3 <= to);
    const end = at + 3 + bytes.readUInt16BE(at + 1);
    need(end <= to);
    take(bytes[at]!, bytes.subarray(at + 3, end), at + 3);
    at = end;
  }
}

function readTls(value: Buffer): ProxiedTls | null {
  need(value.length >= 5);
  const client = value[0]!;
  let version = '';
  let commonName = '';
  let cipher = '';
  eachValue(value, 5, value.length, (type, text) => {
    if (type === TlsValue.version) version = visible(text);
    else if (type === TlsValue.commonName) commonName = visible(text);
    else if (type === TlsValue.cipher) cipher = visible(text);
  });
  if ((client & TlsBit.isTls) === 0) return null;
  const hasClientCertificate = (client & (TlsBit.hasCertificate | TlsBit.hadCertificate)) !== 0;
  const isVerified = hasClientCertificate && value.readUInt32BE(1) === 0;
  return { version, cipher, commonName, hasClientCertificate, isVerified };
}

/** A protocol's name may be any bytes; one that could not stand in a header's value is no name that anybody speaks. */
function protocolOf(value: Buffer): string {
  const name = value.toString('latin1');
  need(/^[\x21-\x7e]{0,255}$/.test(name));
  return name;
}

/** A host name in lower case; what is none is no name that a rule could have asked for. */
function nameOf(value: Buffer): string {
  const name = bareName(value.toString('latin1'));
  need(value.length <= 255 && /^[a-z0-9._-]*$/.test(name));
  return name;
}

/** Text that may stand in a header's value: UTF-8 without control bytes. */
function visible(value: Buffer): string {
  const text = value.toString('utf8');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not get through.
  need(!/[\x00-\x1f\x7f]/.test(text));
  return text;
}

/**
 * ClientHello: what a TLS client says of itself before anything is encrypted: the name it wants and the protocols it speaks.
 * Data plane; once a connection.
 *
 * Nothing is decrypted, changed or taken out: the bytes go on as they came. The hello may be cut into records as the client likes
 * (RFC 8446 section 5.1) and come in pieces as the network likes. A hello with an encrypted inner one (ECH) is read by its outer name, which
 * is what the client wants routers to see. Unknown extensions, GREASE (RFC 8701) among them, are stepped over.
 */

import { bareName } from '@sluice/dsl/match';
import type { ClientHello } from '../../plugin/client-hello.ts';

/** More bytes are needed. */
export const HELLO_NEEDS_MORE = 'more';
/** Not TLS, or a hello that breaks its own lengths: no server would take it. */
export const NO_HELLO = 'none';

/** Longest hello that is read, records included: clients' own are 0.3 to 2 KB, some with large keys 16 KB. */
export const MOST_HELLO_BYTES = 65536;

const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO = 1;
const MOST_RECORD_BYTES = 16384;
const RECORD_HEAD_BYTES = 5;
const HANDSHAKE_HEAD_BYTES = 4;

const SERVER_NAME = 0;
const HOST_NAME = 0;
const ALPN = 16;
/** Longest DNS name. */
const MOST_NAME_BYTES = 253;

class BadHello extends Error {}

/**
 * ClientHelloReader reads from the first byte of a connection, each byte once, however small the pieces and the records are:
 * nobody can make it work more than the bytes that he sends. It keeps no piece that it is given.
 */
export class ClientHelloReader {
  /** The handshake message so far, without the heads of records. */
  #message = Buffer.allocUnsafe(1024);
  #have = 0;
  /** Bytes of a record's head so far, or RECORD_HEAD_BYTES within a record. */
  #headBytes = 0;
  #recordBytes = 0;
  #total = 0;

  /** read takes the next bytes; what can be no hello is said as soon as its bytes are there. */
  read(bytes: Buffer): ClientHello | typeof HELLO_NEEDS_MORE | typeof NO_HELLO {
    try {
      return this.#read(bytes);
    } catch (error) {
      if (error instanceof BadHello) return NO_HELLO;
      throw error;
    }
  }

  #read(bytes: Buffer): ClientHello | typeof HELLO_NEEDS_MORE {
    this.#total += bytes.length;
    let at = 0;
    while (at < bytes.length) {
      if (this.#headBytes < RECORD_HEAD_BYTES) this.#readHead(bytes[at++]!);
      else {
        const taken = Math.min(this.#recordBytes, bytes.length - at);
        this.#append(bytes, at, at + taken);
        at += taken;
        this.#recordBytes -= taken;
        if (this.#isWhole()) return readHello(this.#message.subarray(HANDSHAKE_HEAD_BYTES, this.#have));
        if (this.#recordBytes === 0) this.#headBytes = 0;
      }
    }
    need(this.#total < MOST_HELLO_BYTES);
    return HELLO_NEEDS_MORE;
  }

  #readHead(octet: number): void {
    switch (this.#headBytes++) {
      case 0:
        need(octet === HANDSHAKE_RECORD);
        break;
      case 1:
        need(octet === 3);
        break;
      case 3:
        this.#recordBytes = octet << 8;
        break;
      case 4:
        this.#recordBytes |= octet;
        need(this.#recordBytes > 0 && this.#recordBytes <= MOST_RECORD_BYTES);
        break;
    }
  }

  #append(bytes: Buffer, from: number, to: number): void {
    const end = this.#have + to - from;
    need(end <= MOST_HELLO_BYTES);
    if (end > this.#message.length) {
      const larger = Buffer.allocUnsafe(Math.max(end, 2 * this.#message.length));
      this.#message.copy(larger, 0, 0, this.#have);
      this.#message = larger;
    }
    bytes.copy(this.#message, this.#have, from, to);
    this.#have = end;
  }

  #isWhole(): boolean {
    need(this.#message[0] === CLIENT_HELLO);
    if (this.#have < HANDSHAKE_HEAD_BYTES) return false;
    const end = HANDSHAKE_HEAD_BYTES + this.#message.readUIntBE(1, 3);
    need(end <= MOST_HELLO_BYTES);
    // Nothing may follow the hello in its record: the server has not answered yet.
    need(this.#have <= end && (this.#have < end || this.#recordBytes === 0));
    return this.#have === end;
  }
}

function need(isSo: boolean): void {
  if (!isSo) throw new BadHello();
}

/** Part reads a run of bytes whose length was said before, and never past its end. */
class Part {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  number(size: 1 | 2): number {
    return size === 1 ? this.skip(1)[0]! : this.skip(2).readUInt16BE(0);
  }

  skip(length: number): Buffer {
    const from = this.#at;
    need(from + length <= this.#bytes.length);
    this.#at = from + length;
    return this.#bytes.subarray(from, this.#at);
  }

  /** A vector whose length stands before it in so many bytes. */
  vector(size: 1 | 2): Buffer {
    return this.skip(this.number(size));
  }
}

function readHello(body: Buffer): ClientHello {
  const hello = new Part(body);
  need(hello.number(2) >> 8 === 3);
  hello.skip(32);
  need(hello.vector(1).length <= 32);
  const ciphers = hello.vector(2);
  need(ciphers.length >= 2 && ciphers.length % 2 === 0);
  need(hello.vector(1).length >= 1);
  let sni = '';
  let alpn: string[] = [];
  const seen = new Set<number>();
  if (!hello.isAtEnd) {
    const extensions = new Part(hello.vector(2));
    need(hello.isAtEnd);
    while (!extensions.isAtEnd) {
      const type = extensions.number(2);
      const value = extensions.vector(2);
      // Two of a kind could be read in two ways (RFC 8446 section 4.2).
      need(!seen.has(type));
      seen.add(type);
      if (type === SERVER_NAME) sni = readServerName(value);
      else if (type === ALPN) alpn = readProtocols(value);
    }
  }
  return { sni, alpn };
}

/** RFC 6066 section 3. One name: clients send no more, and servers may not read more. */
function readServerName(value: Buffer): string {
  const extension = new Part(value);
  const names = new Part(extension.vector(2));
  need(extension.isAtEnd);
  let host: string | null = null;
  while (!names.isAtEnd) {
    const type = names.number(1);
    const name = names.vector(2);
    if (type !== HOST_NAME) continue;
    need(host === null);
    // The dot of an absolute name does not belong there (RFC 6066 section 3); the name is the same.
    host = bareName(name.toString('latin1'));
    need(name.length > 0 && name.length <= MOST_NAME_BYTES && /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(host));
  }
  return host ?? '';
}

/** RFC 7301 section 3.1. */
function readProtocols(value: Buffer): string[] {
  const extension = new Part(value);
  const names = new Part(extension.vector(2));
  need(extension.isAtEnd);
  const protocols: string[] = [];
  while (!names.isAtEnd) {
    const name = names.vector(1);
    need(name.length > 0);
    protocols.push(name.toString('latin1'));
  }
  need(protocols.length > 0);
  return protocols;
}

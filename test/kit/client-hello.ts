/**
 * ClientHello bytes made by hand, for clients that do what no library does. Test code.
 */

/** vector is a run of bytes with its length in `size` bytes before it. */
export function vector(size: number, ...parts: readonly (Buffer | readonly number[])[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part as Buffer)));
  const head = Buffer.alloc(size);
  head.writeUIntBE(body.length, 0, size);
  return Buffer.concat([head, body]);
}

/** extension is one extension of a hello. */
export function extension(type: number, body: Buffer | readonly number[] = []): Buffer {
  return Buffer.concat([Buffer.from([type >> 8, type & 255]), vector(2, body)]);
}

/** serverName names the server (RFC 6066 section 3). */
export function serverName(name: string): Buffer {
  return extension(0, vector(2, [0], vector(2, Buffer.from(name, 'latin1'))));
}

/** protocols are those that the client offers (RFC 7301). */
export function protocols(...names: readonly string[]): Buffer {
  return extension(16, vector(2, ...names.map((name) => vector(1, Buffer.from(name, 'latin1')))));
}

/** helloMessage is the handshake message, in no record yet. */
export function helloMessage(...extensions: readonly Buffer[]): Buffer {
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32, 7),
    vector(1, Buffer.alloc(32, 9)),
    vector(2, [0x13, 0x01, 0x13, 0x02]),
    vector(1, [0]),
    vector(2, ...extensions),
  ]);
  return Buffer.concat([Buffer.from([1]), vector(3, body)]);
}

/** inRecords puts a message into handshake records of so many bytes. */
export function inRecords(message: Buffer, size = 16384): Buffer {
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    records.push(Buffer.from([22, 3, 1]), vector(2, message.subarray(at, at + size)));
  }
  return Buffer.concat(records);
}

/** clientHello is a hello in one record. */
export function clientHello(...extensions: readonly Buffer[]): Buffer {
  return inRecords(helloMessage(...extensions));
}

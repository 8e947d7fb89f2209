import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mysqlConversation } from '../src/mysql-check.ts';

function packet(sequence: number, ...parts: (string | number | readonly number[])[]): Buffer {
  const body = Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from([part].flat()))),
  );
  return Buffer.concat([Buffer.from([body.length & 0xff, body.length >> 8, 0, sequence]), body]);
}

const ZEROS = (count: number) => new Array<number>(count).fill(0);
const GREETING = packet(
  0,
  ...[10, '10.11.6-MariaDB\0', ZEROS(4), ZEROS(8), 0, [0xff, 0xf7], 45, [2, 0], [0xff, 0x81], 21],
  ...[ZEROS(10), ZEROS(13), 'mysql_native_password\0'],
);
const OK = packet(2, [0, 0, 0, 2, 0, 0, 0]);

/** talk gives what a server says, piece by piece, and returns the result and all that the probe said. */
function talk(...said: Buffer[]) {
  const conversation = mysqlConversation({ user: 'probe' });
  const own: Buffer[] = [];
  let waits = Buffer.alloc(0);
  for (const piece of said) {
    waits = Buffer.concat([waits, piece]);
    for (;;) {
      const heard = conversation.receive(waits, false);
      if (heard?.say !== undefined) own.push(Buffer.from(heard.say as Uint8Array));
      if (heard === null) break;
      if ('result' in heard) return { ...heard.result, own };
      waits = waits.subarray(heard.taken);
    }
  }
  return { status: 'waiting', reason: '', own };
}

test('a successful login passes, and the session is ended properly', () => {
  const { status, reason, own } = talk(GREETING, OK);
  assert.deepEqual([status, reason], ['passed', 'let in by 10.11.6-MariaDB']);
  assert.equal(own.length, 2);
  assert.equal(own[0]![3], 1, 'the login has the next number');
  assert.equal(own[0]!.readUIntLE(0, 3), own[0]!.length - 4);
  assert.ok(own[0]!.includes('probe\0\0mysql_native_password\0'));
  assert.deepEqual([...own[1]!], [1, 0, 0, 0, 1]);
});

test('a greeting that comes byte by byte is waited for', () => {
  const bytes = [...Buffer.concat([GREETING, OK])].map((byte) => Buffer.from([byte]));
  assert.equal(talk(...bytes).status, 'passed');
  for (let end = 0; end < GREETING.length; end++) assert.equal(talk(GREETING.subarray(0, end)).status, 'waiting');
});

test('another way to log in is answered with no password', () => {
  const { status, own } = talk(GREETING, packet(2, 0xfe, 'caching_sha2_password\0', ZEROS(21)), packet(4, [1, 3]), OK);
  assert.equal(status, 'passed');
  assert.deepEqual([...own[1]!], [0, 0, 0, 3]);
});

test('a refusal by the server is reported', () => {
  const refused = packet(2, 0xff, [0x15, 0x04], '#28000', "Access denied for user 'probe'");
  assert.equal(talk(GREETING, refused).reason, "1045: Access denied for user 'probe'");
  assert.equal(talk(packet(0, 0xff, [0x10, 0x04], 'Too many connections')).reason, '1040: Too many connections');
  assert.match(talk(GREETING, packet(2, [1, 4])).reason, /needs a password/);
});

test('a server that is not MySQL fails', () => {
  assert.match(talk(Buffer.from('SSH-2.0-OpenSSH_9.9\r\n')).reason, /not MySQL/);
  assert.match(talk(Buffer.from('HTTP/1.1 200 OK\r\n\r\n')).reason, /not MySQL/);
  assert.match(talk(packet(0, 9, 'old\0')).reason, /not MySQL/);
  assert.match(talk(packet(0, 10, 'no end')).reason, /not MySQL/);
  assert.match(talk(Buffer.from([0, 0, 0, 0])).reason, /not MySQL/);
});

test('a login that never ends fails', () => {
  const again = packet(2, 0xfe, 'x\0');
  assert.match(talk(GREETING, again, again, again, again, again, again).reason, /does not come to an end/);
});

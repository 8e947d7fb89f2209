import assert from 'node:assert/strict';
import { test } from 'node:test';
import { postgresqlConversation } from '../src/postgresql-check.ts';

function message(kind: string, body: Buffer | string = ''): Buffer {
  const bytes = Buffer.from(body as string);
  const head = Buffer.alloc(5);
  head.write(kind, 'latin1');
  head.writeInt32BE(4 + bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

const LET_IN = message('R', Buffer.from([0, 0, 0, 0]));
const WANTS_PASSWORD = message('R', Buffer.from([0, 0, 0, 10]));
const READY = message('Z', 'I');
const STATUS = message('S', 'server_version\x0015.9\0');

function talk(...said: Buffer[]) {
  const conversation = postgresqlConversation({ user: 'probe', database: null });
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

test('the session begins with version 3.0, the user and the database', () => {
  const opening = postgresqlConversation({ user: 'probe', database: 'app' }).opening as Buffer;
  assert.equal(opening.readInt32BE(0), opening.length);
  assert.equal(opening.readInt32BE(4), 3 << 16);
  const text = opening.toString('latin1', 8);
  assert.equal(text, 'user\0probe\0database\0app\0application_name\0sluice-check\0\0');
});

test('a server that is ready, or requests a password, passes', () => {
  const ready = talk(LET_IN, STATUS, STATUS, READY);
  assert.deepEqual([ready.status, ready.reason], ['passed', 'ready for a query']);
  assert.deepEqual([...ready.own[0]!], [0x58, 0, 0, 0, 4]);
  const asked = talk(WANTS_PASSWORD);
  assert.deepEqual([asked.status, asked.reason], ['passed', 'asks for a password']);
});

test('an error is reported with its code, even after a successful login', () => {
  const error = message('E', 'SFATAL\0C57P03\0Mthe database system is starting up\0\0');
  assert.equal(talk(error).reason, '57P03: the database system is starting up');
  assert.equal(talk(LET_IN, STATUS, error).status, 'failed');
  assert.equal(talk(message('E', 'x')).reason, 'an error without a text');
});

test('messages in pieces are waited for', () => {
  const bytes = [...Buffer.concat([LET_IN, STATUS, READY])].map((byte) => Buffer.from([byte]));
  assert.equal(talk(...bytes).status, 'passed');
});

test('a server that is not PostgreSQL fails', () => {
  assert.match(talk(Buffer.from('HTTP/1.1 400 Bad Request\r\n')).reason, /not PostgreSQL/);
  assert.match(talk(Buffer.from('R\x7f\xff\xff\xff', 'latin1')).reason, /a message of 2147483647 bytes/);
  assert.match(talk(Buffer.from('R\0\0\0\0', 'latin1')).reason, /a message of 0 bytes/);
  assert.match(talk(message('R', '')).reason, /cut short/);
});

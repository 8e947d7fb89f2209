import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Args } from '@sluice/dsl/plan';
import { redisConversation } from '../src/redis-check.ts';

function talk(options: Args, ...said: string[]) {
  const conversation = redisConversation(options);
  const own = [String(conversation.opening)];
  let waits = Buffer.alloc(0);
  for (const piece of said) {
    waits = Buffer.concat([waits, Buffer.from(piece, 'latin1')]);
    for (;;) {
      const heard = conversation.receive(waits, false);
      if (heard?.say !== undefined) own.push(String(heard.say));
      if (heard === null) break;
      if ('result' in heard) return { ...heard.result, own };
      waits = waits.subarray(heard.taken);
    }
  }
  return { status: 'waiting', reason: '', own };
}

const PING = '*1\r\n$4\r\nPING\r\n';
const QUIT = '*1\r\n$4\r\nQUIT\r\n';

test('PONG passes', () => {
  const { status, reason, own } = talk({}, '+PO', 'NG\r', '\n');
  assert.deepEqual([status, reason, own], ['passed', 'PONG', [PING, QUIT]]);
});

test('a password is sent first, with the user if there is one', () => {
  assert.deepEqual(talk({ password: 'sé' }, '+OK\r\n', '+PONG\r\n').own, [
    '*2\r\n$4\r\nAUTH\r\n$3\r\nsé\r\n',
    PING,
    QUIT,
  ]);
  assert.equal(talk({ user: 'u', password: 'p' }).own[0], '*3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$1\r\np\r\n');
});

test('a refusal is reported', () => {
  assert.equal(talk({}, '-NOAUTH Authentication required.\r\n').reason, 'NOAUTH Authentication required.');
  assert.equal(talk({}, '-LOADING Redis is loading\r\n').status, 'failed');
  assert.equal(talk({ password: 'x' }, '-WRONGPASS no\r\n').reason, 'WRONGPASS no');
});

test('anything else fails', () => {
  assert.equal(talk({}, 'HTTP/1.1 400').reason, 'the answer is not Redis');
  assert.equal(talk({}, '$4\r\nPONG\r\n').reason, 'the answer is not Redis');
  assert.equal(talk({}, '+HELLO\r\n').reason, 'PING was answered with HELLO');
  assert.equal(talk({ password: 'x' }, '+PONG\r\n').reason, 'AUTH was answered with PONG');
});

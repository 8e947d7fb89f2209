/**
 * Rubbish in a request's head: refused with the right status, the connection closed, the server behind untouched.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { answering, fieldOf, openStage } from '../kit/index.ts';

const stage = await openStage();
after(() => stage.close());

function refuse(status: number | readonly number[], cases: readonly (readonly [name: string, bytes: string])[]): void {
  const statuses = typeof status === 'number' ? [status] : status;
  for (const [name, bytes] of cases)
    test(`${name} gets ${statuses.join(' or ')}`, () => stage.refused(bytes, statuses));
}

const get = (target: string, ...fields: string[]) =>
  `GET ${target} HTTP/1.1\r\nHost: a\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;

describe('request lines', () => {
  refuse(400, [
    ['an empty method', ' / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a method with a bracket', 'G(T / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a method with a colon', 'GET: / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a method with a high byte', 'G\xc9T / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a NUL in the method', 'G\0T / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a leading blank', ' GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['two blanks before the target', 'GET  / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['two blanks behind the target', 'GET /  HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a tab for a blank', 'GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a trailing blank', 'GET / HTTP/1.1 \r\nHost: a\r\n\r\n'],
    ['a blank in the target', 'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['no target', 'GET HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a target that is not a path', 'GET a HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['an asterisk on GET', 'GET * HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a control byte in the target', 'GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a NUL in the target', 'GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['DEL in the target', 'GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a high byte in the target', 'GET /\xe9 HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a fragment in the target', 'GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['only a line end and rubbish', '\r\nrubbish\r\n\r\n'],
    ['a TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'],
    ['binary rubbish', `${'\xde\xad\xbe\xef'.repeat(20)}\r\n\r\n`],
  ]);
});

describe('versions', () => {
  refuse(
    [400, 505],
    [
      ['HTTP/1.2', 'GET / HTTP/1.2\r\nHost: a\r\n\r\n'],
      ['HTTP/2.0', 'GET / HTTP/2.0\r\nHost: a\r\n\r\n'],
      ['HTTP/0.9 said aloud', 'GET / HTTP/0.9\r\nHost: a\r\n\r\n'],
      ['HTTP/1.10', 'GET / HTTP/1.10\r\nHost: a\r\n\r\n'],
      ['HTTP/01.1', 'GET / HTTP/01.1\r\nHost: a\r\n\r\n'],
      ['HTTP/1', 'GET / HTTP/1\r\nHost: a\r\n\r\n'],
      ['HTTP/1,1', 'GET / HTTP/1,1\r\nHost: a\r\n\r\n'],
      ['http/1.1 in small letters', 'GET / http/1.1\r\nHost: a\r\n\r\n'],
      ['another protocol', 'GET / ICY/1.1\r\nHost: a\r\n\r\n'],
      ['HTTP/0.9: no version at all', 'GET /\r\n\r\n'],
    ],
  );
});

describe('Host', () => {
  refuse(400, [
    ['no Host', 'GET / HTTP/1.1\r\nX: a\r\n\r\n'],
    ['no fields at all', 'GET / HTTP/1.1\r\n\r\n'],
    ['two Hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'],
    ['two equal Hosts', 'GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n'],
    ['two Hosts in HTTP/1.0', 'GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n'],
    ['an empty Host', 'GET / HTTP/1.1\r\nHost:\r\n\r\n'],
    ['a Host with a blank', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n'],
    ['a Host with a path', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n'],
    ['a Host with a user', 'GET / HTTP/1.1\r\nHost: user@a\r\n\r\n'],
    ['a Host with a comma', 'GET / HTTP/1.1\r\nHost: a, b\r\n\r\n'],
    ['a Host with a semicolon', 'GET / HTTP/1.1\r\nHost: a;b\r\n\r\n'],
    ['a Host of a dot', 'GET / HTTP/1.1\r\nHost: .\r\n\r\n'],
    ['a Host with an escaped slash', 'GET / HTTP/1.1\r\nHost: a%2Fb\r\n\r\n'],
    ['a Host that is an IPv4 address in other digits', 'GET / HTTP/1.1\r\nHost: 127.1\r\n\r\n'],
    ['a Host that is an IPv4 address as one number', 'GET / HTTP/1.1\r\nHost: 2130706433\r\n\r\n'],
    ['a Host with a question mark', 'GET / HTTP/1.1\r\nHost: a?b\r\n\r\n'],
    ['a Host with a hash', 'GET / HTTP/1.1\r\nHost: a#b\r\n\r\n'],
    ['a Host with a backslash', 'GET / HTTP/1.1\r\nHost: a\\b\r\n\r\n'],
    ['a Host with a high byte', 'GET / HTTP/1.1\r\nHost: \xe9\r\n\r\n'],
    ['a Host with letters for a port', 'GET / HTTP/1.1\r\nHost: a:http\r\n\r\n'],
    ['a Host with two ports', 'GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n'],
    ['a Host with a port above 65535', 'GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n'],
    ['a Host with an open bracket', 'GET / HTTP/1.1\r\nHost: [::1\r\n\r\n'],
    ['absolute-form that disagrees with Host', 'GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['absolute-form with another port than Host', 'GET http://a:81/ HTTP/1.1\r\nHost: a:82\r\n\r\n'],
    ['absolute-form with a user', 'GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['absolute-form without a host', 'GET http:/// HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['absolute-form with another scheme', 'GET gopher://a/ HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['absolute-form without a Host', 'GET http://a/ HTTP/1.1\r\n\r\n'],
  ]);
});

describe('values', () => {
  const control = Array.from({ length: 32 }, (_, code) => String.fromCharCode(code))
    .filter((char) => !'\t\r\n'.includes(char))
    .concat('\x7f');
  refuse(
    400,
    control.map((char) => [`control byte ${JSON.stringify(char)} in a value`, get('/', `X: a${char}b`)]),
  );
});

describe('paths that two readers could take for different ones', () => {
  refuse(400, [
    ['an encoded slash', get('/a%2Fb')],
    ['an encoded slash in small letters', get('/a%2fb')],
    ['an encoded NUL', get('/a%00b')],
    ['a backslash', get('/a\\b')],
    ['an encoded backslash', get('/a%5Cb')],
    ['a broken escape', get('/a%zzb')],
    ['half an escape', get('/a%2')],
    ['a lone percent sign', get('/a%')],
    ['an overlong slash', get('/a%c0%afb')],
    ['a dot segment with a parameter', get('/a/..;/b')],
    ['an encoded dot segment with a parameter', get('/a/%2e%2e;x/b')],
    ['an escaped surrogate', get('/a%ed%a0%80')],
  ]);
});

describe('limits', () => {
  refuse(414, [
    ['a target over 8 KiB', get(`/${'a'.repeat(9000)}`)],
    ['a target that never ends', `GET /${'a'.repeat(20_000)}`],
  ]);
  refuse(431, [
    ['a head over 16 KiB', get('/', `X: ${'a'.repeat(17_000)}`)],
    ['a field that never ends', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(40_000)}`],
    ['more than 100 fields', get('/', ...Array.from({ length: 101 }, (_, at) => `X-${at}: y`))],
    ['a thousand equal fields', get('/', ...Array.from({ length: 1000 }, () => 'X: y'))],
  ]);

  test('a head just under the limit passes', async () => {
    stage.server.play(answering());
    const answer = await stage.ask(get('/near', `X: ${'a'.repeat(15_000)}`));
    assert.equal(answer.status, 200);
    assert.equal(stage.server.requests().length, 1);
  });
});

describe('methods and expectations', () => {
  async function answered(bytes: string, status: number): Promise<void> {
    stage.server.play(answering());
    const answer = await stage.ask(bytes);
    assert.equal(answer.status, status);
    const target = await stage.probe();
    assert.deepEqual(
      stage.server.requests().map((request) => request.target),
      [target],
    );
    stage.clear();
  }

  test('TRACE gets 405', () => answered('TRACE / HTTP/1.1\r\nHost: a\r\n\r\n', 405));
  test('CONNECT gets 405', () => answered('CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n', 405));
  test('CONNECT with a path gets 400 or 405', () => stage.refused('CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n', [400, 405]));
  test('an unknown expectation gets 417', () => answered(get('/', 'Expect: the-impossible'), 417));
  test('100-continue with another expectation gets 417', () => answered(get('/', 'Expect: 100-continue, x'), 417));

  test('405 lists the allowed methods', async () => {
    const answer = await stage.ask('TRACE / HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.ok(fieldOf(answer, 'allow'), 'an Allow field');
    stage.clear();
  });

  test('OPTIONS * passes', async () => {
    stage.server.play(answering());
    const answer = await stage.ask('OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal(answer.status, 200);
    assert.equal(stage.server.requests()[0]!.target, '*');
    stage.clear();
  });

  test('an unknown method is forwarded', async () => {
    stage.server.play(answering());
    const answer = await stage.ask('BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal(answer.status, 200);
    assert.equal(stage.server.requests()[0]!.method, 'BREW');
    stage.clear();
  });
});

describe('names that are traps elsewhere', () => {
  for (const name of ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__defineGetter__']) {
    test(`a field named ${name} is just a field`, async () => {
      stage.server.play(answering());
      const answer = await stage.ask(get('/', `${name}: polluted`));
      assert.equal(answer.status, 200);
      assert.equal(fieldOf(stage.server.requests()[0]!, name), 'polluted');
      stage.clear();
    });
  }

  test('a Trailer field on a GET is harmless', async () => {
    stage.server.play(answering());
    const answer = await stage.ask(get('/', 'Trailer: X-Sum'));
    assert.equal(answer.status, 200);
    await stage.probe();
    stage.clear();
  });

  test('a refusal answers HEAD without a body', async () => {
    const answer = await stage.ask('HEAD /a%2Fb HTTP/1.1\r\nHost: a\r\n\r\n', 'HEAD');
    assert.equal(answer.status, 400);
    stage.clear();
  });
});

describe('a client that stops half-way', () => {
  for (const [name, bytes] of [
    ['in the request line', 'GET / HT'],
    ['in a field', 'GET / HTTP/1.1\r\nHost: a\r\nX-Ha'],
    ['before the empty line', 'GET / HTTP/1.1\r\nHost: a\r\n'],
  ] as const) {
    test(`${name} leaves nothing open`, async () => {
      stage.server.play(answering());
      const client = await stage.client();
      client.send(bytes).end();
      await client.closed();
      const target = await stage.probe();
      assert.deepEqual(
        stage.server.requests().map((request) => request.target),
        [target],
      );
      stage.clear();
    });
  }

  test('in a body leaves no whole request with the server', async () => {
    stage.server.play(answering());
    const client = await stage.client();
    client.send('POST /half HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc').end();
    await client.closed();
    const target = await stage.probe();
    assert.deepEqual(
      stage.server.requests().map((request) => request.target),
      [target],
    );
    stage.wellFormed();
    stage.clear();
  });

  test('by a reset leaves nothing open', async () => {
    stage.server.play(answering());
    const client = await stage.client();
    client.send('POST /half HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc');
    await stage.probe();
    client.reset();
    await stage.probe();
    stage.wellFormed();
    stage.clear();
  });
});

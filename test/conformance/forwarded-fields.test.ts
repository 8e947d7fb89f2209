/**
 * What the server is told about the client, and what it must not be told: forwarding fields, hop-by-hop fields, targets.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { answering, fieldOf, fieldsOf, ok, openStage } from '../kit/index.ts';

const stage = await openStage();
const trusting = await openStage('client ip from header X-Forwarded-For trust 127.0.0.0/8');
after(() => stage.close());
after(() => trusting.close());

async function seen(fields: readonly string[] = [], target = '/', on = stage) {
  on.server.play(answering());
  const answer = await on.ask(
    `GET ${target} HTTP/1.1\r\nHost: shop.example:8080\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`,
  );
  assert.equal(answer.status, 200);
  on.clear();
  return on.server.requests()[0]!;
}

describe('forwarding fields', () => {
  test('the server is sent client, scheme and host', async () => {
    const request = await seen();
    assert.equal(fieldOf(request, 'x-forwarded-for'), '127.0.0.1');
    assert.equal(fieldOf(request, 'x-forwarded-proto'), 'http');
    assert.equal(fieldOf(request, 'x-forwarded-host'), 'shop.example:8080');
    const forwarded = fieldOf(request, 'forwarded');
    assert.match(forwarded!, /for="?127\.0\.0\.1"?/i);
    assert.match(forwarded!, /proto="?http"?/i);
    assert.match(forwarded!, /host="?shop\.example:8080"?/i);
  });

  test("the client's own are dropped", async () => {
    const request = await seen([
      'X-Forwarded-For: 203.0.113.9',
      'x-forwarded-for: 203.0.113.10',
      'X-Forwarded-Proto: https',
      'X-FORWARDED-HOST: evil.example',
      'Forwarded: for=203.0.113.9;proto=https;host=evil.example',
    ]);
    assert.deepEqual(fieldsOf(request, 'x-forwarded-for'), ['127.0.0.1']);
    assert.deepEqual(fieldsOf(request, 'x-forwarded-proto'), ['http']);
    assert.deepEqual(fieldsOf(request, 'x-forwarded-host'), ['shop.example:8080']);
    assert.equal(fieldsOf(request, 'forwarded').length, 1);
    assert.ok(!stage.server.received.includes('203.0.113') && !stage.server.received.includes('evil'));
  });

  test('they cannot be taken away by naming them in Connection', async () => {
    const request = await seen(['Connection: X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host, Forwarded']);
    assert.equal(fieldOf(request, 'x-forwarded-for'), '127.0.0.1');
    assert.equal(fieldOf(request, 'x-forwarded-proto'), 'http');
    assert.equal(fieldOf(request, 'x-forwarded-host'), 'shop.example:8080');
  });

  test('a trusted peer’s fields are kept, and its address is appended', async () => {
    const request = await seen(['X-Forwarded-For: 203.0.113.9'], '/', trusting);
    const chain = fieldsOf(request, 'x-forwarded-for').join(', ').split(/, */);
    assert.equal(chain[0], '203.0.113.9');
    assert.equal(chain.at(-1), '127.0.0.1');
  });

  test('Host crosses as the client wrote it', async () => {
    assert.equal(fieldOf(await seen(), 'host'), 'shop.example:8080');
  });
});

describe('hop-by-hop fields', () => {
  test('the standard ones end at the gateway', async () => {
    const request = await seen([
      'Keep-Alive: timeout=5',
      'Proxy-Connection: keep-alive',
      'TE: gzip',
      'Connection: keep-alive',
      'Proxy-Authorization: Basic eDp5',
    ]);
    for (const name of ['keep-alive', 'proxy-connection', 'te']) assert.deepEqual(fieldsOf(request, name), [], name);
    assert.ok(fieldsOf(request, 'connection').every((value) => /^keep-alive$/i.test(value)));
  });

  test('fields that Connection names end too, whatever their case', async () => {
    const request = await seen([
      'X-Hop: 1',
      'x-HOP: 2',
      'X-Other: 3',
      'Connection: x-hop',
      'X-Stays: 4',
      'Connection: X-OTHER',
    ]);
    assert.deepEqual(fieldsOf(request, 'x-hop'), []);
    assert.deepEqual(fieldsOf(request, 'x-other'), []);
    assert.equal(fieldOf(request, 'x-stays'), '4');
  });

  test('Connection cannot take away Host or the length', async () => {
    stage.server.play(answering((request) => ok(request.body.toString())));
    const bytes = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: Host, Content-Length\r\n\r\nhello';
    const answer = await stage.ask(bytes);
    assert.equal(answer.body.toString(), 'hello');
    assert.equal(fieldOf(stage.server.requests()[0]!, 'host'), 'a');
    stage.clear();
  });

  test('Connection cannot take away the coding', async () => {
    stage.server.play(answering((request) => ok(request.body.toString())));
    const bytes =
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: Transfer-Encoding\r\n\r\n5\r\nhello\r\n0\r\n\r\n';
    assert.equal((await stage.ask(bytes)).body.toString(), 'hello');
    stage.clear();
  });

  test("the server's hop-by-hop fields end at the gateway", async () => {
    stage.server.play(
      answering(() =>
        ok('x', 'Keep-Alive: timeout=5', 'Connection: X-Hop', 'X-Hop: 1', 'X-Stays: 2', 'Proxy-Connection: close'),
      ),
    );
    const answer = await stage.ask('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    for (const name of ['keep-alive', 'x-hop', 'proxy-connection']) assert.deepEqual(fieldsOf(answer, name), [], name);
    assert.equal(fieldOf(answer, 'x-stays'), '2');
    stage.clear();
  });
});

describe('ordinary fields', () => {
  test('cross in order, with case, repeats and odd but legal values', async () => {
    const fields = [
      'X-One: 1',
      'x-two: a, b',
      'X-One: 2',
      'X-Empty:',
      'X-High: \xe9\xff',
      "X!#$%&'*+-.^_`|~: odd",
      'X-Blank:\t  inner  blank \t',
    ];
    const request = await seen(fields);
    const own = request.fields.filter(([name]) => name.toLowerCase().startsWith('x-') || name.startsWith('X!'));
    assert.deepEqual(
      own.filter(([name]) => !name.toLowerCase().startsWith('x-forwarded')),
      [
        ['X-One', '1'],
        ['x-two', 'a, b'],
        ['X-One', '2'],
        ['X-Empty', ''],
        ['X-High', '\xe9\xff'],
        ["X!#$%&'*+-.^_`|~", 'odd'],
        ['X-Blank', 'inner  blank'],
      ],
    );
  });

  test('several Set-Cookie stay several', async () => {
    stage.server.play(answering(() => ok('x', 'Set-Cookie: a=1, b', 'Set-Cookie: c=2', 'X-High: \xe9')));
    const answer = await stage.ask('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.deepEqual(fieldsOf(answer, 'set-cookie'), ['a=1, b', 'c=2']);
    assert.equal(fieldOf(answer, 'x-high'), '\xe9');
    stage.clear();
  });

  test('several Cookie fields reach the server', async () => {
    const request = await seen(['Cookie: a=1', 'Cookie: b=2']);
    assert.equal(fieldsOf(request, 'cookie').join('; '), 'a=1; b=2');
  });
});

describe('targets', () => {
  const cases: readonly (readonly [name: string, sent: string, received: string])[] = [
    ['a plain path', '/a/b?c=d&e', '/a/b?c=d&e'],
    ['the query is not touched', '/?a=%2F%00/../b&c=%zz', '/?a=%2F%00/../b&c=%zz'],
    ['dot segments are resolved', '/a/./b/../c', '/a/c'],
    ['dot segments stop at the root', '/../../a', '/a'],
    ['encoded dot segments are resolved', '/a/%2e%2E/b', '/b'],
    ['unreserved characters are decoded', '/%61%7E%5f', '/a~_'],
    ['other escapes are written in capitals', '/%c3%a9%3f', '/%C3%A9%3F'],
    ['slashes are merged', '//a///b/', '/a/b/'],
    ['what slashes stand for in dots is resolved behind that', '/a//../b', '/b'],
    ['bytes that are not UTF-8 stay', '/caf%e9', '/caf%E9'],
    ['three dots are a name', '/.../..a', '/.../..a'],
    ['an empty query stays', '/a?', '/a?'],
    ['absolute-form becomes a path', 'http://shop.example:8080/a/../b?c', '/b?c'],
    ['absolute-form without a path becomes the root', 'http://shop.example:8080', '/'],
  ];
  for (const [name, sent, received] of cases) {
    test(name, async () => assert.equal((await seen([], sent)).target, received));
  }
});

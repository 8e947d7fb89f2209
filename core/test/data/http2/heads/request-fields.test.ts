import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  FOREIGN_CONNECT,
  ILL_FORMED,
  RequestFields,
  TOO_LARGE,
  WELL_FORMED,
} from '../../../../src/data/http2/heads/request-fields.ts';
import { TrailerFields } from '../../../../src/data/http2/heads/trailer-fields.ts';
import { Field } from '../../../../src/data/http2/hpack/field.ts';

type Pairs = readonly (readonly [name: string, value: string])[];

const GET: Pairs = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':authority', 'a.example'],
  [':path', '/x?y'],
];

function read(pairs: Pairs, { isEnd = true, most = 16384 } = {}) {
  const fields = new RequestFields();
  fields.start(most);
  for (const [name, value] of pairs) fields.field(new Field(name, value));
  const verdict = fields.finish(isEnd, () => 'KEY');
  return { verdict, head: fields.head, isWebSocket: fields.isWebSocket };
}

test('a request becomes an HTTP/1 head', () => {
  const { verdict, head } = read([...GET, ['accept', '*/*'], ['te', 'trailers']]);
  assert.equal(verdict, WELL_FORMED);
  assert.equal(head, 'GET /x?y HTTP/1.1\r\nhost: a.example\r\naccept: */*\r\nte: trailers\r\n\r\n');
});

test('a body of unknown length is in chunks, one of a known length is not', () => {
  assert.match(read(GET, { isEnd: false }).head, /\r\ntransfer-encoding: chunked\r\n\r\n$/);
  const { head } = read([...GET, ['content-length', '3']], { isEnd: false });
  assert.match(head, /\r\ncontent-length: 3\r\n\r\n$/);
  assert.doesNotMatch(head, /chunked/);
});

test('crumbs of cookies are one field', () => {
  assert.match(
    read([...GET, ['cookie', 'a=1'], ['x-a', 'b'], ['cookie', 'b=2']]).head,
    /\r\ncookie: a=1; b=2\r\n\r\n$/,
  );
});

test('Host replaces a missing :authority, and must match it otherwise', () => {
  const without = GET.filter(([name]) => name !== ':authority');
  assert.match(read([...without, ['host', 'b.example']]).head, /\r\nhost: b.example\r\n/);
  assert.equal(read(without).verdict, ILL_FORMED);
  assert.equal(read([...GET, ['host', 'A.example']]).verdict, WELL_FORMED);
  assert.equal(read([...GET, ['host', 'b.example']]).verdict, ILL_FORMED);
  assert.equal(read([...GET, ['host', 'a.example'], ['host', 'a.example']]).verdict, ILL_FORMED);
});

for (const [what, pairs] of [
  ['no method', GET.slice(1)],
  ['two methods', [...GET, [':method', 'GET']]],
  ['a pseudo-field behind another field', [['x-a', 'b'], ...GET]],
  ['a pseudo-field of answers', [...GET, [':status', '200']]],
  ['an unknown pseudo-field', [...GET, [':x', 'b']]],
  ['no path', GET.slice(0, 3)],
  ['an empty path', [...GET.slice(0, 3), [':path', '']]],
  ['a path that is an address', [...GET.slice(0, 3), [':path', 'http://b.example/']]],
  ['an asterisk without OPTIONS', [...GET.slice(0, 3), [':path', '*']]],
  ['another scheme', [GET[0]!, [':scheme', 'ftp'], ...GET.slice(2)]],
  ['a line end in a value', [...GET, ['x-a', 'b\r\ntransfer-encoding: chunked']]],
  ['a line end in the path', [...GET.slice(0, 3), [':path', '/ HTTP/1.1\r\nhost: b\r\n\r\nGET /b']]],
  ['a field of HTTP/1 connections', [...GET, ['connection', 'x-a']]],
  ['a transfer coding', [...GET, ['transfer-encoding', 'chunked']]],
  ['capitals in a name', [...GET, ['X-A', 'b']]],
  ['a protocol without CONNECT', [...GET, [':protocol', 'websocket']]],
] as [string, Pairs][]) {
  test(`${what}: ill-formed`, () => {
    assert.equal(read(pairs).verdict, ILL_FORMED);
  });
}

test('CONNECT to somewhere is nothing for a gateway', () => {
  assert.equal(
    read([
      [':method', 'CONNECT'],
      [':authority', 'b.example:443'],
    ]).verdict,
    FOREIGN_CONNECT,
  );
});

test('a WebSocket by RFC 8441 becomes an upgrade', () => {
  const pairs: Pairs = [
    [':method', 'CONNECT'],
    [':protocol', 'websocket'],
    ...GET.slice(1),
    ['sec-websocket-version', '13'],
  ];
  const { verdict, head, isWebSocket } = read(pairs, { isEnd: false });
  assert.equal(verdict, WELL_FORMED);
  assert.ok(isWebSocket);
  assert.match(head, /^GET \/x\?y HTTP\/1.1\r\n/);
  assert.match(head, /\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-key: KEY\r\n\r\n$/);
});

test('a list over the limit is too large, whatever else it is', () => {
  const bomb = Array.from({ length: 100 }, () => ['x-a', 'b'.repeat(200)] as const);
  assert.equal(read([...GET, ...bomb, ['connection', 'x']]).verdict, TOO_LARGE);
});

test('trailers are fields, and no pseudo-fields', () => {
  const trailers = new TrailerFields();
  trailers.start(1000, null);
  trailers.field(new Field('grpc-status', '0'));
  assert.equal(trailers.lines, 'grpc-status: 0\r\n');
  trailers.field(new Field(':path', '/'));
  assert.equal(trailers.isWellFormed, false);
  trailers.start(100, null);
  for (let at = 0; at < 4; at++) trailers.field(new Field('x-a', 'b'));
  assert.equal(trailers.isWellFormed, false);
});

test('trailers that would frame a message, or identify its sender, are not forwarded', () => {
  const trailers = new TrailerFields();
  trailers.start(1000, null);
  for (const name of [
    'content-length',
    'host',
    'x-forwarded-for',
    'x_forwarded_for',
    'transfer_encoding',
    'trailer',
    'te',
  ])
    trailers.field(new Field(name, 'trailers'));
  assert.equal(trailers.lines, '');
  assert.equal(trailers.isWellFormed, true);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerHead } from '../../../src/data/http1/answer-head.ts';
import { FieldEdits } from '../../../src/data/http1/field-edits.ts';
import { answerHead, KEEP_CODING, KEEP_LENGTH, Peer, requestHead } from '../../../src/data/http1/forward-head.ts';
import { LiveRequest } from '../../../src/data/http1/live-request.ts';
import { CAPITAL_METHODS } from '../../../src/data/http1/method.ts';
import { RequestEdits } from '../../../src/data/http1/request-edits.ts';
import { parseRequestHead } from '../../../src/data/http1/request-head.ts';
import { type Field, parseRequest } from '../fixtures/strict-parser.ts';

const LIMITS = { headBytes: 16_384, targetBytes: 8192, headerCount: 100, methods: CAPITAL_METHODS };
const STRANGER = new Peer('198.51.100.7', 'http', false);
const FRIEND = new Peer('10.0.0.1', 'https', true);

interface Sent {
  readonly line: string;
  readonly fields: readonly Field[];
  all(name: string): string[];
}

function forward(head: string, peer = STRANGER, edit?: (edits: RequestEdits) => void): Sent {
  const request = new LiveRequest();
  const bytes = Buffer.from(head, 'latin1');
  assert.equal(parseRequestHead(request, bytes, 0, bytes.length, LIMITS, false), bytes.length, 'the request is good');
  const edits = new RequestEdits();
  edits.begin(request, false);
  edit?.(edits);
  const text = requestHead(request, peer, edits, 'gateway:80');
  const { method, target, minor, fields, headEnd } = parseRequest(text);
  assert.equal(headEnd, text.length, 'one head and nothing else');
  return {
    line: `${method} ${target} HTTP/1.${minor}`,
    fields,
    all: (name) => fields.filter((field) => field[0] === name).map((field) => field[1]),
  };
}

const get = (fields: string) => `GET / HTTP/1.1\r\nHost: example.com\r\n${fields}\r\n`;

test('the request line carries the normalised path, the query as it came, and our version', () => {
  const cases: [string, string][] = [
    ['GET /a/../b?x=%20../y HTTP/1.1', 'GET /b?x=%20../y HTTP/1.1'],
    ['GET /%7e? HTTP/1.1', 'GET /~? HTTP/1.1'],
    ['GET /? HTTP/1.0', 'GET /? HTTP/1.1'],
    ['GET http://example.com HTTP/1.1', 'GET / HTTP/1.1'],
    ['GET http://example.com?q HTTP/1.1', 'GET /?q HTTP/1.1'],
    ['OPTIONS * HTTP/1.1', 'OPTIONS * HTTP/1.1'],
  ];
  for (const [came, left] of cases) assert.equal(forward(`${came}\r\nHost: example.com\r\n\r\n`).line, left);
});

test('fields that are not ours stay as they came and in order, wherever others are taken out', () => {
  const one =
    'X-1: a\r\nKeep-Alive: 5\r\nX-2:\t b \r\nProxy-Connection: x\r\nTE: gzip\r\nHTTP2-Settings: y\r\nX-1: c\r\n';
  const sent = forward(get(one));
  assert.deepEqual(
    sent.fields.filter(([name]) => name.startsWith('x-1') || name === 'x-2'),
    [
      ['x-1', 'a'],
      ['x-2', 'b'],
      ['x-1', 'c'],
    ],
  );
  for (const name of ['keep-alive', 'proxy-connection', 'te', 'http2-settings']) assert.deepEqual(sent.all(name), []);
});

test('fields that Connection names end here, in any case, and Connection itself', () => {
  const sent = forward(
    get('x-SECRET: a\r\nX-Kept: b\r\nConnection: close, X-Secret\r\nConnection: x-other\r\nX-Other: c\r\n'),
  );
  assert.deepEqual([sent.all('x-secret'), sent.all('x-other'), sent.all('connection')], [[], [], []]);
  assert.deepEqual(sent.all('x-kept'), ['b']);
});

test('Connection cannot take out what frames or steers the request', () => {
  const head =
    'POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 5\r\nCookie: a=b\r\nAuthorization: c\r\n' +
    'Connection: host, content-length, cookie, authorization, transfer-encoding\r\n\r\n';
  const sent = forward(head);
  assert.deepEqual(sent.all('content-length'), ['5']);
  assert.deepEqual(sent.all('host'), ['example.com']);
  assert.deepEqual([sent.all('cookie'), sent.all('authorization')], [['a=b'], ['c']]);
});

test('a stranger’s forwarding fields are dropped and ours added', () => {
  const lies =
    'X-Forwarded-For: 1.2.3.4\r\nx-forwarded-FOR: 5.6.7.8\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\n' +
    'X-Forwarded-Port: 1\r\nX-Real-IP: 1.2.3.4\r\nForwarded: for=1.2.3.4\r\n';
  const sent = forward(get(lies));
  assert.deepEqual(sent.all('x-forwarded-for'), ['198.51.100.7']);
  assert.deepEqual(sent.all('x-forwarded-proto'), ['http']);
  assert.deepEqual(sent.all('x-forwarded-host'), ['example.com']);
  assert.deepEqual(sent.all('forwarded'), ['for=198.51.100.7;host=example.com;proto=http']);
  assert.deepEqual([sent.all('x-real-ip'), sent.all('x-forwarded-port')], [[], []]);
});

test('a friend’s forwarding fields stay, and this hop is added behind them', () => {
  const said =
    'X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-For: 5.6.7.8\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: shop\r\n' +
    'X-Real-IP: 1.2.3.4\r\nForwarded: for=1.2.3.4\r\n';
  const sent = forward(get(said), FRIEND);
  assert.deepEqual(sent.all('x-forwarded-for'), ['1.2.3.4, 5.6.7.8, 10.0.0.1']);
  assert.deepEqual(sent.all('x-forwarded-proto'), ['http']);
  assert.deepEqual(sent.all('x-forwarded-host'), ['shop']);
  assert.deepEqual(sent.all('x-real-ip'), ['1.2.3.4']);
  assert.deepEqual(sent.all('forwarded'), ['for=1.2.3.4, for=10.0.0.1;proto=https']);
});

test('a friend who says nothing gets what a stranger gets', () => {
  const sent = forward(get(''), FRIEND);
  assert.deepEqual([sent.all('x-forwarded-proto'), sent.all('x-forwarded-host')], [['https'], ['example.com']]);
});

test('a client cannot take a friend’s forwarding fields out with Connection', () => {
  const sent = forward(
    get('X-Forwarded-Proto: https\r\nX-Forwarded-For: 1.2.3.4\r\nConnection: x-forwarded-proto, x-forwarded-for\r\n'),
    FRIEND,
  );
  assert.equal(sent.all('x-forwarded-proto').length, 1);
  assert.deepEqual(sent.all('x-forwarded-for'), ['1.2.3.4, 10.0.0.1']);
});

test('IPv6 addresses and ports are quoted in Forwarded', () => {
  const sent = forward('GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n', new Peer('2001:db8::1', 'http', false));
  assert.deepEqual(sent.all('forwarded'), ['for="[2001:db8::1]";host="[::1]:80";proto=http']);
  assert.deepEqual(sent.all('x-forwarded-for'), ['2001:db8::1']);
});

test('one connection may name one host after another', () => {
  const peer = new Peer('198.51.100.7', 'http', false);
  for (const host of ['a.example', 'b.example', 'a.example']) {
    assert.deepEqual(forward(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`, peer).all('x-forwarded-host'), [host]);
  }
});

test('an HTTP/1.0 request without Host gets one', () => {
  assert.deepEqual(forward('GET / HTTP/1.0\r\n\r\n').all('host'), ['gateway:80']);
  assert.deepEqual(forward('GET http://shop.example/ HTTP/1.0\r\n\r\n').all('host'), ['shop.example']);
});

test('what was asked of this hop is asked anew of the next', () => {
  const sent = forward(get('TE: trailers, gzip\r\nConnection: TE\r\n'));
  assert.deepEqual([sent.all('te'), sent.all('connection')], [['trailers'], ['TE']]);
  const upgrade = forward(get('Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n'));
  assert.deepEqual([upgrade.all('upgrade'), upgrade.all('connection')], [['websocket'], ['Upgrade']]);
  assert.deepEqual(forward(get('Connection: Upgrade\r\nUpgrade: h2c\r\n')).all('upgrade'), []);
  assert.deepEqual(
    forward('POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n').all('expect'),
    ['100-continue'],
  );
  assert.deepEqual(forward('POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n').all('expect'), []);
});

test('rules set, add and remove fields, those of this hop too, without a second one', () => {
  const sent = forward(get('X-A: 1\r\nx-a: 2\r\nX-B: 3\r\nX-C: 4\r\n'), STRANGER, (edits) => {
    edits.set('X-A', 'new');
    edits.remove('X-B');
    edits.add('X-C', '5');
    edits.set('Host', 'inside');
    edits.set('X-Forwarded-Proto', 'https');
    edits.remove('Forwarded');
  });
  assert.deepEqual([sent.all('x-a'), sent.all('x-b'), sent.all('x-c')], [['new'], [], ['4', '5']]);
  assert.deepEqual(sent.all('host'), ['inside']);
  assert.deepEqual([sent.all('x-forwarded-proto'), sent.all('forwarded')], [['https'], []]);
});

function answer(text: string, framing: string, connection = '', edit?: (edits: FieldEdits) => void): string {
  const head = new AnswerHead();
  const bytes = Buffer.from(text, 'latin1');
  assert.equal(head.parse(bytes, 0, bytes.length, false), bytes.length);
  const edits = new FieldEdits();
  edit?.(edits);
  return answerHead(head, edits, framing, connection);
}

test('an answer keeps its own framing field, or gets ours in its place', () => {
  const byLength = 'HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 5\r\nC: d\r\n\r\n';
  assert.equal(answer(byLength, KEEP_LENGTH), byLength);
  assert.equal(answer(byLength, ''), 'HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\n\r\n');
  const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
  assert.equal(answer(chunked, KEEP_CODING), chunked);
  assert.equal(answer(chunked, KEEP_LENGTH), 'HTTP/1.1 200 OK\r\n\r\n');
  const bare = 'HTTP/1.0 200 Fine\r\nServer: x\r\n\r\n';
  assert.equal(
    answer(bare, 'Transfer-Encoding: chunked\r\n', 'Connection: close\r\n'),
    'HTTP/1.1 200 Fine\r\nServer: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n',
  );
});

test('an answer’s fields for this hop end here', () => {
  const text =
    'HTTP/1.1 200 OK\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nUpgrade: h2c\r\nX-Kept: 2\r\nContent-Length: 0\r\n\r\n';
  assert.equal(answer(text, KEEP_LENGTH), 'HTTP/1.1 200 OK\r\nX-Kept: 2\r\nContent-Length: 0\r\n\r\n');
});

test('rules change an answer’s fields', () => {
  const text = 'HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 0\r\n\r\n';
  const changed = answer(text, KEEP_LENGTH, '', (edits) => {
    edits.remove('server');
    edits.set('X-A', 'b');
  });
  assert.equal(changed, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-A: b\r\n\r\n');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIp } from '@sluice/dsl/match';
import { DEFAULT_PATHS } from '@sluice/dsl/plan';
import { AnswerHead } from '../../../src/data/message/answer-head.ts';
import { FieldEdits } from '../../../src/data/message/field-edits.ts';
import { answerHead, KEEP_CODING, KEEP_LENGTH, Peer, requestHead } from '../../../src/data/message/forward-head.ts';
import { LiveRequest } from '../../../src/data/message/live-request.ts';
import { CAPITAL_METHODS } from '../../../src/data/message/method.ts';
import { RequestEdits } from '../../../src/data/message/request-edits.ts';
import { parseRequestHead } from '../../../src/data/message/request-head.ts';
import { type Field, parseRequest } from '../fixtures/strict-parser.ts';

const LIMITS = { headBytes: 16_384, targetBytes: 8192, headerCount: 100, methods: CAPITAL_METHODS };
const STRANGER = new Peer('198.51.100.7', 'http', false);
const FRIEND = new Peer('10.0.0.1', 'https', true);

interface Sent {
  readonly line: string;
  readonly fields: readonly Field[];
  all(name: string): string[];
}

interface Client {
  readonly ip: string;
  readonly hops: string;
}

function forward(head: string, peer = STRANGER, edit?: (edits: RequestEdits) => void, client?: Client): Sent {
  const request = new LiveRequest();
  if (client !== undefined) {
    request.ip = parseIp(client.ip)!;
    request.hops = client.hops;
    request.isPassedOn = true;
  }
  const bytes = Buffer.from(head, 'latin1');
  assert.equal(
    parseRequestHead(request, bytes, 0, bytes.length, LIMITS, DEFAULT_PATHS),
    bytes.length,
    'the request is good',
  );
  const edits = new RequestEdits();
  edits.start(request, DEFAULT_PATHS);
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

test('the request line has the normalised path, the unchanged query, and our HTTP version', () => {
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

test('behind a trusted peer, servers get the client and every hop, and no untrusted claims', () => {
  const said =
    'X-Forwarded-For: 6.6.6.6, 1.2.3.4:99, 10.0.0.2\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: shop\r\n' +
    'X-Real-IP: 6.6.6.6\r\nTrue-Client-IP: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\n';
  const sent = forward(get(said), FRIEND, undefined, { ip: '1.2.3.4', hops: ', 10.0.0.2' });
  assert.deepEqual(sent.all('x-forwarded-for'), ['1.2.3.4, 10.0.0.2, 10.0.0.1']);
  assert.deepEqual(sent.all('x-forwarded-proto'), ['https']);
  assert.deepEqual(sent.all('x-forwarded-host'), ['example.com']);
  assert.deepEqual([sent.all('x-real-ip'), sent.all('true-client-ip')], [[], []]);
  assert.deepEqual(sent.all('forwarded'), ['for=1.2.3.4, for=10.0.0.2, for=10.0.0.1;host=example.com;proto=https']);
  const v6 = forward(get(''), FRIEND, undefined, { ip: '2001:db8::1', hops: ', 2001:db8::2' });
  assert.deepEqual(v6.all('x-forwarded-for'), ['2001:db8::1, 2001:db8::2, 10.0.0.1']);
  assert.match(v6.all('forwarded')[0]!, /^for="\[2001:db8::1\]", for="\[2001:db8::2\]", for=10\.0\.0\.1;/);
});

test('fields kept from a trusted peer are forwarded unchanged, and Forwarded agrees with them', () => {
  const keeping = new Peer('10.0.0.1', 'http', true, ['x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-port']);
  const said =
    'X-Forwarded-Proto: https\r\nX-Forwarded-Host: shop:8443\r\nX-FORWARDED-Port: 8443\r\nX_Forwarded_Port: 1\r\n' +
    'X-Forwarded-Server: evil\r\n';
  const sent = forward(get(said), keeping, undefined, { ip: '1.2.3.4', hops: '' });
  assert.deepEqual(sent.all('x-forwarded-proto'), ['https']);
  assert.deepEqual(sent.all('x-forwarded-host'), ['shop:8443']);
  assert.deepEqual(sent.all('x-forwarded-port'), ['8443']);
  assert.deepEqual([sent.all('x_forwarded_port'), sent.all('x-forwarded-server')], [[], []]);
  assert.deepEqual(sent.all('forwarded'), [
    'for=1.2.3.4;host="shop:8443";proto=https, for=10.0.0.1;host=example.com;proto=http',
  ]);
  const silent = forward(get(''), keeping);
  assert.deepEqual([silent.all('x-forwarded-proto'), silent.all('x-forwarded-port')], [['http'], []]);
});

test('a trusted peer that sends no such fields is treated like any other', () => {
  const sent = forward(get(''), FRIEND);
  assert.deepEqual([sent.all('x-forwarded-proto'), sent.all('x-forwarded-host')], [['https'], ['example.com']]);
});

test('a client cannot take a friend’s kept fields out with Connection', () => {
  const keeping = new Peer('10.0.0.1', 'http', true, ['x-forwarded-proto']);
  const sent = forward(get('X-Forwarded-Proto: https\r\nConnection: x-forwarded-proto\r\n'), keeping);
  assert.deepEqual(sent.all('x-forwarded-proto'), ['https']);
});

test('what servers would take for a field of ours is dropped, in every spelling', () => {
  const names = [
    'X_Forwarded_For',
    'x-forwarded_for',
    'X.Forwarded.Proto',
    'X!Real~IP',
    'Content_Length',
    'Transfer_Encoding',
  ];
  const sent = forward(get(`${names.map((name) => `${name}: 1\r\n`).join('')}X_Own: 2\r\nX_Forwarded_Fo: 3\r\n`));
  for (const name of names) assert.deepEqual(sent.all(name.toLowerCase()), [], name);
  assert.deepEqual([sent.all('x_own'), sent.all('x_forwarded_fo')], [['2'], ['3']]);
});

test('what a rule sets or removes is gone in every spelling', () => {
  const came = get('X-Secret: 1\r\nX_Secret: 2\r\nx.secret: 3\r\nX_Gone: 4\r\nX_Secrets: 5\r\nX_Forwarded_Host: 6\r\n');
  const sent = forward(came, STRANGER, (edits) => {
    edits.set('X-Secret', 'own');
    edits.remove('X-Gone');
    edits.set('X_Twice', 'a');
    edits.set('X-Twice', 'b');
    edits.remove('X_Forwarded_Proto');
    assert.throws(() => edits.set('Content_Length', '5'));
  });
  assert.deepEqual([sent.all('x-secret'), sent.all('x_secret'), sent.all('x.secret')], [['own'], [], []]);
  assert.deepEqual([sent.all('x_gone'), sent.all('x_secrets')], [[], ['5']]);
  assert.deepEqual([sent.all('x_twice'), sent.all('x-twice')], [[], ['b']]);
  assert.deepEqual([sent.all('x_forwarded_host'), sent.all('x-forwarded-proto')], [[], []]);
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

test('hop-by-hop requests are made again to the next hop', () => {
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

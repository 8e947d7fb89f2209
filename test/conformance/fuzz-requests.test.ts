/**
 * Fuzzing: requests that were valid before something happened to them. Whatever comes, the server behind receives
 * well-formed requests only (the kit's own strict reader is the judge), no more of them than the client's bytes hold when read
 * strictly, and the gateway goes on serving.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { answering, chooser, eachSeed, isInOneForm, mutate, openStage, quote, readRequests } from '../kit/index.ts';

const stage = await openStage();
after(() => stage.close());

const VALID = [
  'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /a/b?c=d HTTP/1.1\r\nHost: shop.example:8080\r\nAccept: */*\r\nCookie: a=b; c=d\r\nConnection: keep-alive\r\n\r\n',
  'POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\nX-A: b\r\n\r\nhello world',
  'POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nX-T: 1\r\n\r\n',
  'HEAD /h HTTP/1.1\r\nHost: a\r\n\r\nGET /two HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /old HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n',
  'GET http://a/abs HTTP/1.1\r\nHost: a\r\n\r\n',
  'PUT /up HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc',
  'GET /a%2e%2e/..//b;c/%c3%a9/caf%e9?d//e HTTP/1.1\r\nHost: A.Example.:080\r\n\r\n',
  'GET http://[0:0::1]:/x HTTP/1.1\r\nHost: [::1]:80\r\n\r\n',
  'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
];

const SPLICES = [
  '\r\n',
  '\n',
  '\r',
  '\0',
  ' ',
  '\t',
  '\x0b',
  ':',
  ',',
  ';',
  '0',
  '-',
  '+',
  '\xff',
  '\r\n\r\n',
  '\n\n',
  '%00',
  '%2f',
  '..',
  '//',
  '/../',
  '..;',
  '%2e',
  '%e9',
  '%c0%af',
  '.:',
  ':80',
  '\r\n ',
  'Content-Length: 0\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: +5\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding:\r\n',
  'Transfer-Encoding : chunked\r\n',
  'Transfer-Encoding: gzip, chunked\r\n',
  'Transfer-Encoding: x\r\n',
  'Host: b\r\n',
  'Connection: close\r\n',
  'Connection: host, content-length\r\n',
  'Upgrade: h2c\r\n',
  'Expect: 100-continue\r\n',
  'Trailer: x\r\n',
  '0\r\n\r\n',
  'GET /x HTTP/1.1\r\nHost: x\r\n\r\n',
  'HTTP/1.0',
  'HTTP/2.0',
  'ffffffffffffffff\r\n',
  '__proto__: x\r\n',
  'X: '.padEnd(5000, 'x'),
];

async function run(seed: number): Promise<void> {
  const choice = chooser(seed);
  const whole = Array.from({ length: 1 + choice.below(3) }, () => choice.one(VALID)).join('');
  const bytes = mutate(whole, SPLICES, choice);
  const pieces = choice.one([0, 0, 1, 7]);
  stage.server.play(answering());
  const client = await stage.client();
  if (pieces > 0) await client.sendInPieces(bytes, pieces);
  else client.send(bytes);
  client.end();
  await client.closed();
  await stage.probe();
  stage.clear();
  const strict = readRequests(Buffer.from(bytes, 'latin1'), { allowExtensions: true, allowLeadingLines: true });
  const what = `seed ${seed}: ${quote(bytes, 2000)}\nthe server saw ${quote(stage.server.received, 2000)}`;
  let seen = -1;
  for (const wire of stage.server.wires) {
    const { requests, fault } = readRequests(wire.received);
    assert.equal(fault, null, what);
    seen += requests.length;
    for (const request of requests) isInOneForm(request, what);
  }
  assert.ok(seen <= strict.requests.length, `${seen} requests out of ${strict.requests.length}; ${what}`);
}

test('mutated requests never reach a server malformed, and never stop the gateway', () => eachSeed([], 1500, run));

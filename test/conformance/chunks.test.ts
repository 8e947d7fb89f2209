/**
 * Chunked bodies that are not quite chunked. The head before them may have gone on to the server by then; what must never
 * happen is that the bad bytes follow, that the server sees an end to that request, or that hidden bytes become one.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { answering, openStage, readRequests } from '../kit/index.ts';

const stage = await openStage();
after(() => stage.close());

const HEAD = 'POST /visible HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
const HIDDEN = 'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n';

async function refused(body: string, pieces: number): Promise<void> {
  stage.server.play(answering());
  const client = await stage.client();
  if (pieces > 0) await client.sendInPieces(HEAD + body, pieces);
  else client.send(HEAD + body);
  const answer = await client.answer();
  assert.equal(answer.status, 400);
  await client.closed();
  const target = await stage.probe();
  const whole = stage.server.wires.flatMap((wire) => {
    const { requests, fault } = readRequests(wire.received);
    assert.equal(fault, null, `the server saw ${JSON.stringify(wire.received.toString('latin1'))}`);
    return requests.map((request) => request.target);
  });
  assert.deepEqual(whole, [target], 'the server saw no whole request but the good one');
  for (const wire of stage.server.wires) {
    if (wire.received.includes('/visible')) await wire.closed();
  }
  stage.clear();
}

const CASES: readonly (readonly [name: string, body: string])[] = [
  ['a negative size', `-1\r\n${HIDDEN}`],
  ['a size with 0x', '0x3\r\nabc\r\n0\r\n\r\n'],
  ['a size with a plus sign', '+3\r\nabc\r\n0\r\n\r\n'],
  ['a blank before the size', ' 3\r\nabc\r\n0\r\n\r\n'],
  ['a blank behind the size', '3 \r\nabc\r\n0\r\n\r\n'],
  ['a tab behind the size', '3\t\r\nabc\r\n0\r\n\r\n'],
  ['an empty size', '\r\nabc\r\n0\r\n\r\n'],
  ['letters for a size', 'xyz\r\nabc\r\n0\r\n\r\n'],
  ['a size with a fraction', '3.0\r\nabc\r\n0\r\n\r\n'],
  ['a size with an underscore', '1_0\r\nabc\r\n0\r\n\r\n'],
  ['a size of 2^64 and a bit', '10000000000000003\r\nabc\r\n0\r\n\r\n'],
  ['a size of 17 digits', 'fffffffffffffffff\r\nabc\r\n0\r\n\r\n'],
  ['a size of endless zeroes', `${'0'.repeat(20_000)}3\r\nabc\r\n0\r\n\r\n`],
  ['LF behind the size', '3\nabc\r\n0\r\n\r\n'],
  ['CR behind the size', '3\rabc\r\n0\r\n\r\n'],
  ['CR CR LF behind the size', '3\r\r\nabc\r\n0\r\n\r\n'],
  ['no CRLF behind the piece', '3\r\nabc0\r\n\r\n'],
  ['LF behind the piece', '3\r\nabc\n0\r\n\r\n'],
  ['CR behind the piece', '3\r\nabc\r0\r\n\r\n'],
  ['a piece longer than its size', '3\r\nabcdef\r\n0\r\n\r\n'],
  ['two bytes of anything behind the piece', `3\r\nabcXX0\r\n\r\n${HIDDEN}`],
  ['an extension with a bare LF', `3;a\nb\r\nabc\r\n0\r\n\r\n${HIDDEN}`],
  ['an extension with a bare CR', `3;a\rb\r\nabc\r\n0\r\n\r\n${HIDDEN}`],
  ['an extension with a NUL', '3;a\0\r\nabc\r\n0\r\n\r\n'],
  ['an endless extension', `3;${'a'.repeat(100_000)}\r\nabc\r\n0\r\n\r\n`],
  ['text behind the size without a semicolon', '3 abc\r\nabc\r\n0\r\n\r\n'],
  ['LF behind the last size', `0\n\r\n${HIDDEN}`],
  ['LF at the very end', `0\r\n\n${HIDDEN}`],
  ['CR at the very end', `0\r\n\r${HIDDEN}`],
  ['a trailer with a bare LF', '0\r\nX: a\nY: b\r\n\r\n'],
  ['a trailer with a bare CR', '0\r\nX: a\rY: b\r\n\r\n'],
  ['a trailer with a blank before its colon', '0\r\nX : a\r\n\r\n'],
  ['a folded trailer', '0\r\nX: a\r\n b\r\n\r\n'],
  ['a trailer without a colon', `0\r\n${HIDDEN}`],
  ['a trailer with a NUL', '0\r\nX: \0\r\n\r\n'],
  ['too many trailers', `0\r\n${'X: y\r\n'.repeat(10_000)}\r\n`],
];

describe('a malformed chunked body gets 400, and the server never sees an end of it', () => {
  for (const [name, body] of CASES) {
    test(`${name}, in one piece`, () => refused(body, 0));
    test(`${name}, in small pieces`, () => refused(body, body.length > 1000 ? 1009 : 1));
  }
});

describe('well-formed chunks are reframed, not copied', () => {
  async function seen(body: string) {
    stage.server.play(answering());
    const answer = await stage.ask(HEAD + body);
    assert.equal(answer.status, 200);
    stage.clear();
    const [request] = stage.server.requests();
    return request!;
  }

  test('chunk extensions are dropped', async () => {
    const request = await seen('3;name=value;other="a b"\r\nabc\r\n0;last\r\n\r\n');
    assert.equal(request.body.toString(), 'abc');
    assert.ok(!stage.server.received.includes('name'), 'no extension crosses');
  });

  test('sizes in capitals and with a few leading zeroes are understood', async () => {
    const request = await seen(`000A\r\n0123456789\r\n0a\r\n0123456789\r\n000\r\n\r\n`);
    assert.equal(request.body.toString(), '01234567890123456789');
  });

  test('a trailer crosses', async () => {
    const request = await seen('3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n');
    assert.deepEqual(
      request.trailers.filter(([name]) => name.toLowerCase() === 'x-sum').map(([, value]) => value),
      ['1'],
    );
  });

  for (const name of ['Content-Length', 'Transfer-Encoding', 'Host', 'transfer-encoding']) {
    test(`a trailer named ${name} is dropped`, async () => {
      const request = await seen(`3\r\nabc\r\n0\r\n${name}: chunked\r\nX-Good: 1\r\n\r\n`);
      const names = request.trailers.map(([own]) => own.toLowerCase());
      assert.ok(!names.includes(name.toLowerCase()), `${names}`);
      assert.equal(request.body.toString(), 'abc');
    });
  }
});

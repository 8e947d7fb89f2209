/**
 * Bodies both ways: framed by length, by chunks, or by the end of the connection; and answers that have none.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { answering, fieldOf, fieldsOf, ok, openStage, type Script } from '../kit/index.ts';

const stage = await openStage();
after(() => stage.close());

/** always sends the same bytes to every request, and then ends if told so. */
const always =
  (bytes: string, isEnded = false): Script =>
  async (wire) => {
    for (;;) {
      await wire.request();
      wire.send(bytes);
      if (isEnded) wire.end();
    }
  };

const chunked = (...pieces: string[]) =>
  `${pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('')}0\r\n\r\n`;

const CHUNKED_HEAD = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

describe('request bodies', () => {
  async function seen(bytes: string) {
    stage.server.play(answering());
    const answer = await stage.ask(bytes);
    assert.equal(answer.status, 200);
    stage.clear();
    assert.equal(stage.server.requests().length, 1);
    return stage.server.requests()[0]!;
  }

  test('a length stays a length', async () => {
    const request = await seen('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello');
    assert.equal(request.framing, 'length');
    assert.equal(request.body.toString(), 'hello');
  });

  test('chunks cross with the same bytes in them', async () => {
    const body = chunked('hello', ', ', 'world');
    const request = await seen(`POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${body}`);
    assert.equal(request.framing, 'chunked');
    assert.equal(request.body.toString(), 'hello, world');
  });

  test('Chunked in capitals is chunked', async () => {
    const request = await seen(`POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\n\r\n${chunked('abc')}`);
    assert.equal(request.body.toString(), 'abc');
  });

  for (const method of ['GET', 'DELETE', 'OPTIONS', 'PATCH']) {
    test(`a body on ${method} crosses whole`, async () => {
      const request = await seen(`${method} / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello`);
      assert.equal(request.body.toString(), 'hello');
      const other = await seen(
        `${method} / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunked('hey')}`,
      );
      assert.equal(other.body.toString(), 'hey');
    });
  }

  test('a body that is a request is a body', async () => {
    const hidden = 'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n';
    const request = await seen(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`);
    assert.equal(request.body.toString(), hidden);
  });

  test('a length of zero is a body of nothing', async () => {
    const request = await seen('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n');
    assert.equal(request.body.length, 0);
  });

  test('a length with leading zeroes is read as decimal', async () => {
    const request = await seen('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0010\r\n\r\n0123456789');
    assert.equal(request.body.toString(), '0123456789');
  });

  test('a POST without a length has no body', async () => {
    const request = await seen('POST / HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal(request.body.length, 0);
  });
});

describe('answer bodies', () => {
  const body = 'the quick brown fox';

  test('a length stays a length', async () => {
    stage.server.play(always(ok(body)));
    const answer = await stage.ask('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal(answer.framing, 'length');
    assert.equal(answer.body.toString(), body);
    stage.clear();
  });

  test('chunks cross with the same bytes in them, without extensions', async () => {
    stage.server.play(always(`${CHUNKED_HEAD}3;ext="x"\r\nthe\r\n10\r\n quick brown fox\r\n0;last\r\n\r\n`));
    const answer = await stage.ask('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal(answer.framing, 'chunked');
    assert.equal(answer.body.toString(), body);
    stage.clear();
  });

  test('trailers are forwarded to a client that announces support', async () => {
    const trailed = `HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n`;
    stage.server.play(always(trailed));
    const answer = await stage.ask('GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\n');
    assert.equal(answer.body.toString(), 'abc');
    assert.deepEqual(
      answer.trailers.map(([name, value]) => [name.toLowerCase(), value]),
      [['x-sum', '7']],
    );
    stage.clear();
  });

  for (const name of ['Content-Length', 'Transfer-Encoding']) {
    test(`a trailer named ${name} is dropped`, async () => {
      stage.server.play(always(`${CHUNKED_HEAD}3\r\nabc\r\n0\r\n${name}: 7\r\n\r\n`));
      const answer = await stage.ask('GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\n');
      assert.deepEqual(answer.trailers, []);
      stage.clear();
    });
  }

  test('an HTTP/1.0 client gets a chunked answer without chunks, ended by a close', async () => {
    stage.server.play(always(CHUNKED_HEAD + chunked('the quick', ' brown fox')));
    const client = await stage.client();
    client.send('GET / HTTP/1.0\r\nHost: a\r\n\r\n');
    await client.closed();
    const answer = await client.answer();
    assert.deepEqual(fieldsOf(answer, 'transfer-encoding'), []);
    assert.equal(answer.body.toString(), body);
    stage.clear();
  });

  test('an answer that ends with the connection reaches a 1.1 client whole, and marked so', async () => {
    stage.server.play(always(`HTTP/1.1 200 OK\r\n\r\n${body}`, true));
    const client = await stage.client();
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const answer = await client.answer();
    assert.equal(answer.body.toString(), body);
    assert.ok(answer.framing === 'chunked' || fieldOf(answer, 'connection')?.toLowerCase() === 'close');
    stage.clear();
  });

  test('an answer of HTTP/1.0 that ends with the connection reaches a 1.0 client whole', async () => {
    stage.server.play(always(`HTTP/1.0 200 OK\r\n\r\n${body}`, true));
    const client = await stage.client();
    client.send('GET / HTTP/1.0\r\n\r\n');
    await client.closed();
    assert.equal((await client.answer()).body.toString(), body);
    stage.clear();
  });

  test('an answer of HTTP/1.0 with a length is whole without a close', async () => {
    stage.server.play(always(`HTTP/1.0 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`, true));
    const answer = await stage.ask('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal(answer.version, '1.1', 'the gateway speaks its own version');
    assert.equal(answer.body.toString(), body);
    stage.clear();
  });

  test('an empty answer that ends with the connection is empty', async () => {
    stage.server.play(always('HTTP/1.1 200 OK\r\n\r\n', true));
    const answer = await stage.ask('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal(answer.body.length, 0);
    stage.clear();
  });

  test('bytes cross unchanged, all 256 of them', async () => {
    const bytes = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte));
    stage.server.play(always(ok(bytes)));
    const answer = await stage.ask('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal(answer.body.toString('latin1'), bytes);
    stage.clear();
  });
});

describe('answers without a body', () => {
  const next = 'GET /next HTTP/1.1\r\nHost: a\r\n\r\n';

  async function bodiless(request: string, bytes: string, status: number) {
    stage.server.play(async (wire) => {
      for (;;) {
        const { target } = await wire.request();
        wire.send(target === '/next' ? ok(target) : bytes);
      }
    });
    const client = await stage.client();
    client.send(request + next);
    const answer = await client.answer({ to: request.split(' ')[0]! });
    assert.equal(answer.status, status);
    assert.equal((await client.answer()).body.toString(), '/next', 'the next answer begins where it should');
    stage.clear();
    return answer;
  }

  test('HEAD keeps the length of the body that is not there', async () => {
    const answer = await bodiless(
      'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n',
      200,
    );
    assert.equal(fieldOf(answer, 'content-length'), '99');
  });

  test('HEAD of a chunked answer has no chunks', async () => {
    await bodiless('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n', CHUNKED_HEAD, 200);
  });

  test('HEAD of an answer without a length', async () => {
    await bodiless('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n', 'HTTP/1.1 200 OK\r\nX: y\r\n\r\n', 200);
  });

  test('204', async () => {
    await bodiless('GET / HTTP/1.1\r\nHost: a\r\n\r\n', 'HTTP/1.1 204 No Content\r\n\r\n', 204);
  });

  test('204 with a length of zero loses it', async () => {
    const answer = await bodiless(
      'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
      'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n',
      204,
    );
    assert.equal(fieldOf(answer, 'content-length'), undefined);
  });

  test('304 keeps the length of the body that was not sent', async () => {
    const bytes = 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 99\r\n\r\n';
    const answer = await bodiless('GET / HTTP/1.1\r\nHost: a\r\n\r\n', bytes, 304);
    assert.equal(fieldOf(answer, 'etag'), '"a"');
  });
});

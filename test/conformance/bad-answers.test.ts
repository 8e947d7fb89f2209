/**
 * Servers that answer rubbish: the client gets 502 (or a cut answer, once it has begun), the connection to that server is
 * not used again, and the next requests get their own answers.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { ok, openStage, readAnswerHead, type Script } from '../kit/index.ts';

const stage = await openStage();
after(() => stage.close());

const GET_BAD = 'GET /bad HTTP/1.1\r\nHost: a\r\n\r\n';

/** rubbish answers /bad with these bytes (and then ends, if told so), everything else in order. */
function rubbish(bytes: string, isEnded = false): Script {
  return async (wire) => {
    for (;;) {
      const request = await wire.request();
      if (request.target !== '/bad') wire.send(ok(request.target));
      else if (isEnded) wire.send(bytes).end();
      else wire.send(bytes);
    }
  };
}

/** healthy asserts that other requests, on this client too when it is still open, get their own answers. */
async function healthy(client: Awaited<ReturnType<typeof stage.client>>): Promise<void> {
  await stage.probe();
  if (client.ending === 'open') {
    client.send('GET /next HTTP/1.1\r\nHost: a\r\n\r\n');
    const next = await client.answer().catch((error: Error) => {
      if (client.ending === 'open' || client.pending.length > 0) throw error;
      return null;
    });
    if (next) assert.equal(next.body.toString(), '/next');
  }
  await stage.probe();
}

function refused(cases: readonly (readonly [name: string, bytes: string])[]): void {
  for (const [name, bytes] of cases) {
    test(`${name} gets 502`, async () => {
      stage.server.play(rubbish(bytes));
      const client = await stage.client();
      client.send(GET_BAD);
      const answer = await client.answer();
      assert.equal(answer.status, 502);
      assert.ok(!client.received.includes('poison'), 'nothing of the bad answer reaches the client');
      for (const wire of stage.server.wires) if (wire.received.includes('/bad')) await wire.closed();
      await healthy(client);
      stage.clear();
    });
  }
}

const answer = (...fields: string[]) => `HTTP/1.1 200 OK\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;

describe('status lines', () => {
  refused([
    ['garbage', 'poison\r\n\r\n'],
    ['binary garbage', `${'\xde\xad\xbe\xef'.repeat(10)}poison\r\n\r\n`],
    ['another protocol', 'ICY 200 OK\r\nContent-Length: 6\r\n\r\npoison'],
    ['HTTP/2', 'HTTP/2 200 OK\r\nContent-Length: 6\r\n\r\npoison'],
    ['HTTP/1.2', 'HTTP/1.2 200 OK\r\nContent-Length: 6\r\n\r\npoison'],
    ['HTTP/0.9', '<html>poison</html>\r\n\r\n'],
    ['small letters', 'http/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison'],
    ['two digits', 'HTTP/1.1 20 OK\r\nContent-Length: 6\r\n\r\npoison'],
    ['four digits', 'HTTP/1.1 2000 OK\r\nContent-Length: 6\r\n\r\npoison'],
    ['letters for digits', 'HTTP/1.1 2OO OK\r\nContent-Length: 6\r\n\r\npoison'],
    ['a status below 100', 'HTTP/1.1 099 OK\r\nContent-Length: 6\r\n\r\npoison'],
    ['no blank before the status', 'HTTP/1.1200 OK\r\nContent-Length: 6\r\n\r\npoison'],
    ['a leading blank', ' HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison'],
    ['a NUL in the reason', 'HTTP/1.1 200 O\0K\r\nContent-Length: 6\r\n\r\npoison'],
    ['a bare CR in the reason', 'HTTP/1.1 200 O\rK\r\nContent-Length: 6\r\n\r\npoison'],
    ['a request for an answer', 'GET /poison HTTP/1.1\r\nHost: a\r\n\r\n'],
  ]);
});

describe('fields of answers', () => {
  refused([
    ['a bare LF behind the status line', 'HTTP/1.1 200 OK\nContent-Length: 6\r\n\r\npoison'],
    ['a bare LF behind a field', 'HTTP/1.1 200 OK\r\nX: y\nContent-Length: 6\r\n\r\npoison'],
    ['bare LFs everywhere', 'HTTP/1.1 200 OK\nContent-Length: 6\n\npoison'],
    ['a bare CR in a value', `${answer('X: a\rb', 'Content-Length: 6')}poison`],
    ['a NUL in a value', `${answer('X: a\0b', 'Content-Length: 6')}poison`],
    ['a folded value', `${answer('X: a\r\n b', 'Content-Length: 6')}poison`],
    ['a blank in a name', `${answer('X Y: a', 'Content-Length: 6')}poison`],
    ['an empty name', `${answer(': a', 'Content-Length: 6')}poison`],
    ['no colon', `${answer('poison', 'Content-Length: 6')}poison`],
    ['a head of a megabyte', `HTTP/1.1 200 OK\r\nX: ${'p'.repeat(1 << 20)}\r\nContent-Length: 2\r\n\r\nok`],
    ['ten thousand fields', `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(10_000)}Content-Length: 2\r\n\r\nok`],
  ]);
});

describe('framing of answers', () => {
  refused([
    ['both length and coding', `${answer('Content-Length: 6', 'Transfer-Encoding: chunked')}0\r\n\r\npoison`],
    ['two different lengths', `${answer('Content-Length: 6', 'Content-Length: 0')}poison`],
    ['two equal lengths', `${answer('Content-Length: 6', 'Content-Length: 6')}poison`],
    ['a list of lengths', `${answer('Content-Length: 6, 6')}poison`],
    ['a length with a plus sign', `${answer('Content-Length: +6')}poison`],
    ['a negative length', `${answer('Content-Length: -6')}poison`],
    ['a length of letters', `${answer('Content-Length: six')}poison`],
    ['an empty length', `${answer('Content-Length:')}poison`],
    ['a length of a hundred digits', `${answer(`Content-Length: ${'6'.repeat(100)}`)}poison`],
    ['an unknown coding', `${answer('Transfer-Encoding: xchunked')}6\r\npoison\r\n0\r\n\r\n`],
    ['chunked twice', `${answer('Transfer-Encoding: chunked, chunked')}6\r\npoison\r\n0\r\n\r\n`],
    ['chunked and then identity', `${answer('Transfer-Encoding: chunked, identity')}6\r\npoison\r\n0\r\n\r\n`],
    ['two lines of chunked', `${answer('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked')}0\r\n\r\n`],
    ['a coding with a vertical tab', `${answer('Transfer-Encoding: \x0bchunked')}6\r\npoison\r\n0\r\n\r\n`],
    ['an empty coding beside a length', `${answer('Transfer-Encoding:', 'Content-Length: 6')}poison`],
    ['chunked in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\npoison\r\n0\r\n\r\n'],
    [
      'a 101 that nobody asked for',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\npoison',
    ],
  ]);
});

describe('surplus bytes never become the answer to somebody else', () => {
  const second = ok('poison', 'X-Second: yes');
  const cases: readonly (readonly [name: string, request: string, bytes: string, body: string])[] = [
    ['a second answer behind a first', GET_BAD, ok('good') + second, 'good'],
    ['rubbish behind an answer', GET_BAD, `${ok('good')}poison`, 'good'],
    ['one byte behind an answer', GET_BAD, `${ok('good')}\n`, 'good'],
    [
      'a second answer behind a chunked one',
      GET_BAD,
      `${answer('Transfer-Encoding: chunked')}4\r\ngood\r\n0\r\n\r\n${second}`,
      'good',
    ],
    ['a body behind 204', GET_BAD, `HTTP/1.1 204 No Content\r\n\r\n${second}`, ''],
    ['a body behind 304', GET_BAD, `HTTP/1.1 304 Not Modified\r\nContent-Length: 6\r\n\r\npoison`, ''],
    ['a body in answer to HEAD', GET_BAD.replace('GET', 'HEAD'), ok('poison'), ''],
    [
      'a second answer behind one to HEAD',
      GET_BAD.replace('GET', 'HEAD'),
      `${answer('Content-Length: 6')}${second}`,
      '',
    ],
  ];
  for (const [name, request, bytes, body] of cases) {
    test(`${name}, in the same packet`, async () => {
      stage.server.play(rubbish(bytes));
      const client = await stage.client();
      client.send(request);
      const first = await client.answer({ to: request.split(' ')[0]! });
      assert.equal(first.body.toString(), body);
      await healthy(client);
      assert.ok(!client.received.includes('poison'), 'the client never sees it');
      stage.clear();
    });
  }

  test('bytes on a connection that waits in the pool end that connection', async () => {
    stage.server.play(rubbish(ok('good')));
    const client = await stage.client();
    client.send(GET_BAD);
    await client.answer();
    const [wire] = stage.server.wires;
    wire!.send(second);
    await wire!.closed();
    await healthy(client);
    assert.ok(!client.received.includes('poison'));
    stage.clear();
  });

  test('bytes that race with the next request do not answer it', async () => {
    stage.server.play(rubbish(ok('good')));
    const client = await stage.client();
    for (let round = 0; round < 20; round++) {
      client.send(GET_BAD);
      const first = await client.answer();
      assert.notEqual(first.body.toString(), 'poison');
      stage.server.wires.at(-1)!.send(second);
      client.send('GET /race HTTP/1.1\r\nHost: a\r\n\r\n');
      const raced = await client.answer();
      // The bytes may come when the request is on its way already; then nothing can tell them from its answer.
      if (raced.status === 200 && raced.body.toString() === 'poison') continue;
      assert.ok(raced.status === 502 || raced.body.toString() === '/race', `got ${raced.status} ${raced.body}`);
    }
    stage.clear();
    stage.server.play();
    await stage.probe();
  });
});

describe('answers that stop', () => {
  const cases: readonly (readonly [name: string, bytes: string])[] = [
    ['no answer at all', ''],
    ['an end in the status line', 'HTTP/1.1 20'],
    ['an end in the fields', 'HTTP/1.1 200 OK\r\nContent-Le'],
    ['an end before the empty line', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n'],
    ['an end behind a 100', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ];
  for (const [name, bytes] of cases) {
    test(`${name} gets 502`, async () => {
      stage.server.play(rubbish(bytes, true));
      const client = await stage.client();
      client.send('POST /bad HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n');
      let final = await client.answer();
      while (final.status < 200) final = await client.answer();
      assert.equal(final.status, 502);
      await healthy(client);
      stage.clear();
    });
  }

  const CUT: readonly (readonly [name: string, bytes: string])[] = [
    ['an end inside a body of known length', `${answer('Content-Length: 100')}only ten b`],
    ['an end inside a chunk', `${answer('Transfer-Encoding: chunked')}64\r\nonly ten b`],
    ['an end between chunks', `${answer('Transfer-Encoding: chunked')}a\r\nonly ten b\r\n`],
    ['an end before the last CRLF', `${answer('Transfer-Encoding: chunked')}a\r\nonly ten b\r\n0\r\n`],
    ['a bad chunk size', `${answer('Transfer-Encoding: chunked')}a\r\nonly ten b\r\nxyz\r\n`],
    ['a chunk without its CRLF', `${answer('Transfer-Encoding: chunked')}a\r\nonly ten bXX0\r\n\r\n`],
    ['a chunk size with a bare LF', `${answer('Transfer-Encoding: chunked')}a\r\nonly ten b\r\n0\n\r\n`],
  ];
  for (const [name, bytes] of CUT) {
    test(`${name} cuts the client off, so that it cannot take the answer for whole`, async () => {
      stage.server.play(rubbish(bytes, true));
      const client = await stage.client();
      client.send(GET_BAD);
      await client.closed();
      const { received } = client;
      if (received.length > 0) {
        const head = readAnswerHead(received)!;
        assert.ok(head.status === 200 || head.status === 502);
        if (head.status === 200) assert.ok(!received.toString('latin1').endsWith('0\r\n\r\n'), 'no end of the body');
      }
      await stage.probe();
      stage.clear();
    });
  }

  test('a reset in mid-answer cuts the client off', async () => {
    stage.server.play(async (wire) => {
      const request = await wire.request();
      if (request.target !== '/bad') return void wire.send(ok(request.target));
      wire.send(`${answer('Content-Length: 100')}only ten b`);
      await begun;
      wire.reset();
    });
    const client = await stage.client();
    const begun = client.send(GET_BAD).text('only ten b');
    await begun;
    await client.closed();
    stage.server.play();
    await stage.probe();
    stage.clear();
  });
});

describe('answers in pieces and with 1xx before them', () => {
  test('a 103 and a 100 before the answer cross or are dropped, and the answer is right', async () => {
    const early = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n';
    stage.server.play(async (wire) => {
      for (;;) {
        const request = await wire.request();
        wire.send(`${early}${early}${ok(request.target)}`);
      }
    });
    const client = await stage.client();
    for (const target of ['/one', '/two']) {
      client.send(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
      let final = await client.answer();
      while (final.status < 200) {
        assert.equal(final.status, 103);
        final = await client.answer();
      }
      assert.equal(final.body.toString(), target);
    }
    stage.clear();
  });

  test('an HTTP/1.0 client gets no 1xx', async () => {
    stage.server.play(async (wire) => {
      await wire.request();
      wire.send(`HTTP/1.1 103 Early Hints\r\n\r\n${ok('final')}`);
    });
    const client = await stage.client();
    client.send('GET / HTTP/1.0\r\nHost: a\r\n\r\n');
    const only = await client.answer();
    assert.equal(only.status, 200);
    stage.clear();
  });

  const whole: readonly (readonly [name: string, bytes: string, body: string])[] = [
    ['with a length', ok('0123456789'), '0123456789'],
    [
      'in chunks, with a trailer',
      `${answer('Transfer-Encoding: chunked')}4\r\n0123\r\n6\r\n456789\r\n0\r\nX-Sum: 1\r\n\r\n`,
      '0123456789',
    ],
    ['behind a 103', `HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${ok('0123456789')}`, '0123456789'],
    ['without a body', 'HTTP/1.1 204 No Content\r\nX: y\r\n\r\n', ''],
  ];
  for (const [name, bytes, body] of whole) {
    test(`an answer ${name} is the same when split at any byte`, async () => {
      for (let cut = 1; cut < bytes.length; cut++) {
        stage.server.play(async (wire) => {
          for (;;) {
            const request = await wire.request();
            if (request.target !== '/bad') wire.send(ok(request.target));
            else await wire.sendInPieces(bytes, cut);
          }
        });
        const client = await stage.client();
        client.send(GET_BAD);
        let final = await client.answer();
        while (final.status < 200) final = await client.answer();
        assert.equal(final.body.toString(), body, `cut at ${cut}`);
        client.send('GET /next HTTP/1.1\r\nHost: a\r\n\r\n');
        assert.equal((await client.answer()).body.toString(), '/next', `cut at ${cut}`);
        stage.clear();
      }
    });
  }
});

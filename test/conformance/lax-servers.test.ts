/**
 * Servers whose answers break HTTP's rules in ways that have one reading all the same: what is always fixed, what `servers lax`
 * takes, and what the log says where it is not taken.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createGateway } from 'sluice';
import { connectTo, eventually, fieldsOf, openStage, plainRules, RawServer } from '../kit/index.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const head = (...fields: string[]) => `HTTP/1.1 200 OK\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;

/** CASES by name: what the server answers, and what the client gets of it. */
const CASES: Readonly<Record<string, readonly [answer: string, body: string]>> = {
  'blanks behind chunk sizes': [`${head('Transfer-Encoding: chunked')}5  \r\nhello\r\n0 \r\n\r\n`, 'hello'],
  'a folded field': [`${head('X: a\r\n b', 'Content-Length: 2')}ok`, 'ok'],
  'one length said twice': [`${head('Content-Length: 2', 'Content-Length: 2')}ok`, 'ok'],
};

async function answerTo(answer: string, backend: string) {
  const stage = await openStage('', `retry 0\n  ${backend}`);
  try {
    stage.server.play(async (wire) => {
      for (;;) {
        await wire.request();
        wire.send(answer);
      }
    });
    const client = await stage.client();
    client.send(GET);
    const first = await client.answer().catch(() => null);
    if (first === null || first.status !== 200) return { first, second: null };
    // The connections on both sides go on, so both sides agree on where the answer ended.
    client.send(GET);
    return { first, second: await client.answer() };
  } finally {
    await stage.close();
  }
}

describe('a blank between a name and its colon', () => {
  for (const backend of ['', 'servers lax']) {
    test(`is taken out of an answer and its trailers ${backend === '' ? '' : `with ${backend}`}`, async () => {
      const text = `${head('X-A : b', 'Transfer-Encoding\t: chunked')}2\r\nok\r\n0\r\nX-Sum : 1\r\n\r\n`;
      const { first, second } = await answerTo(text, backend);
      assert.deepEqual(fieldsOf(first!, 'x-a'), ['b']);
      assert.equal(first!.body.toString(), 'ok');
      assert.deepEqual(first!.trailers, [['X-Sum', '1']]);
      assert.equal(second!.body.toString(), 'ok');
    });
  }

  test('frames the answer as the same field without it does', async () => {
    const { first } = await answerTo(`${head('Content-Length : 2', 'Transfer-Encoding : chunked')}ok`, 'servers lax');
    assert.equal(first!.status, 502);
  });
});

describe('servers lax', () => {
  for (const [name, [answer, body]] of Object.entries(CASES)) {
    test(`takes ${name}, which are refused without it`, async () => {
      const { first, second } = await answerTo(answer, 'servers lax');
      assert.equal(first!.body.toString(), body);
      assert.equal(second!.body.toString(), body);
      // The head may have been sent already: then the answer breaks off.
      const strict = await answerTo(answer, '');
      assert.ok(strict.first === null || strict.first.status === 502);
    });
  }

  for (const [name, answer] of Object.entries({
    'bare LF': `HTTP/1.1 200 OK\nContent-Length: 2\n\nok`,
    'two different lengths': `${head('Content-Length: 2', 'Content-Length: 3')}ok`,
    'a length and a coding': `${head('Content-Length: 2', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
    'a fold before the first field': `${head(' X: a', 'Content-Length: 2')}ok`,
  })) {
    test(`still refuses ${name}`, async () => {
      const { first } = await answerTo(answer, 'servers lax');
      assert.equal(first!.status, 502);
    });
  }

  test('the log reports once why a response was rejected', async () => {
    const lines: string[] = [];
    const { default: pino } = await import('pino');
    const server = await RawServer.start(async (wire) => {
      for (;;) {
        await wire.request();
        wire.send(CASES['one length said twice']![0]);
      }
    });
    const rules = plainRules([server.address], '', 'retry 0');
    const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
    const gateway = await createGateway({ rules, threads: 0, logger });
    await gateway.start();
    try {
      for (let count = 0; count < 3; count++) {
        const client = await connectTo(gateway.addresses().web as { host: string; port: number });
        client.send(GET);
        assert.equal((await client.answer()).status, 502);
        client.destroy();
      }
      await eventually('the log', () => lines.length > 0);
      const said = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg.includes('was rejected'));
      assert.equal(said.length, 1);
      assert.match(
        said[0].msg,
        /^a response from server app\/127\.0\.0\.1:\d+ was rejected: it has more than one Content-Length$/,
      );
      assert.equal(said[0].backend, 'app');
    } finally {
      await gateway.stop({ deadline: '1s' });
      await server.stop();
    }
  });
});

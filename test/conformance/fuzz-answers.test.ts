/**
 * Fuzzing from the other side: answers that were valid before something happened to them. Whatever a server sends, the client
 * receives well-formed answers or a cut connection, never a byte behind the answer, and everybody else their own answers.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  chooser,
  eachSeed,
  type HttpAnswer,
  Malformed,
  mutate,
  ok,
  openStage,
  quote,
  readAnswer,
} from '../kit/index.ts';

const stage = await openStage();
after(() => stage.close());

const VALID = [
  ok('hello'),
  ok('', 'X-A: b', 'Set-Cookie: sid=1'),
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x\r\n world\r\n0\r\nX-T: 1\r\n\r\n',
  'HTTP/1.1 204 No Content\r\n\r\n',
  'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno',
  'HTTP/1.0 200 OK\r\n\r\nuntil the end',
  'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok',
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
  '\r\n ',
  'Content-Length: 0\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: +5\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding:\r\n',
  'Transfer-Encoding : chunked\r\n',
  'Transfer-Encoding: gzip, chunked\r\n',
  'Connection: close\r\n',
  'Connection: content-length\r\n',
  'Upgrade: websocket\r\nConnection: Upgrade\r\n',
  '0\r\n\r\n',
  ok('poison'),
  'HTTP/1.1 101 Switching Protocols\r\n',
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.0',
  'HTTP/2.0',
  'ffffffffffffffff\r\n',
  'X: '.padEnd(5000, 'x'),
];

async function run(seed: number): Promise<void> {
  const choice = chooser(seed);
  const bytes = mutate(choice.one(VALID), SPLICES, choice);
  const method = choice.one(['GET', 'GET', 'GET', 'HEAD', 'POST']);
  const pieces = choice.one([1 << 20, 1 << 20, 1, 7]);
  let sent = () => {};
  const isSent = new Promise<void>((resolve) => {
    sent = resolve;
  });
  stage.server.play(async (wire) => {
    for (;;) {
      const { target } = await wire.request();
      if (target !== '/bad') wire.send(ok(target));
      else {
        await wire.sendInPieces(bytes, pieces);
        sent();
      }
    }
  });
  const client = await stage.client();
  client.send(`${method} /bad HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  await isSent;
  // Others ask while the bad answer is there, and again after its connection has ended.
  await stage.probe();
  for (const wire of stage.server.wires) wire.end();
  await client.closed();
  await stage.probe();
  judge(
    client.received,
    method,
    `seed ${seed}: ${method}, the server sent ${quote(bytes, 2000)}\nthe client saw ${quote(client.received.toString('latin1'), 2000)}`,
  );
  stage.clear();
}

function judge(received: Buffer, to: string, what: string): void {
  let at = 0;
  let answer: HttpAnswer | null = null;
  try {
    do {
      answer = readAnswer(received, at, { to, isEnded: true });
      at = answer?.end ?? received.length;
    } while (answer !== null && answer.status < 200 && at < received.length);
  } catch (error) {
    if (error instanceof Malformed) assert.fail(`${error.message}: ${what}`);
    throw error;
  }
  assert.equal(at, received.length, `bytes behind the answer: ${what}`);
}

test('mutated answers never reach a client malformed, and never answer anybody else', () => eachSeed([], 1000, run));

/**
 * A request that is sent again goes to another server, whatever the strategy, unless the rules say otherwise.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { answering, connectTo, freePort, plainRules, RawServer, startGateway } from '../kit/index.ts';

const busy = await RawServer.start(answering(() => 'HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy'));
const good = await RawServer.start(answering(() => 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood'));
after(() => Promise.all([busy.stop(), good.stop()]));

const gone = { host: '127.0.0.1', port: await freePort() };

async function answerOf(servers: readonly { host: string; port: number }[], backend: string): Promise<string> {
  const { address, stop } = await startGateway(plainRules(servers, '', backend));
  const client = await connectTo(address);
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const { status, body } = await client.answer();
  client.destroy();
  await stop();
  return `${status} ${body.toString()}`;
}

for (const balance of ['balance first', 'balance round-robin', 'balance consistent-hash by path']) {
  test(`a busy server is left for another one: ${balance}`, async () => {
    for (const servers of [
      [busy.address, good.address],
      [good.address, busy.address],
    ])
      assert.equal(await answerOf(servers, `${balance}\n  retry 2 on connect-failure, 503`), '200 good');
  });
  test(`a server that is gone is left for another one: ${balance}`, async () => {
    assert.equal(await answerOf([gone, good.address], `${balance}\n  retry 1`), '200 good');
  });
}

test('`using any server` leaves the choice to the strategy', async () => {
  const backend = 'balance first\n  retry 2 on connect-failure, 503 using any server';
  assert.equal(await answerOf([busy.address, good.address], backend), '503 busy');
});

test('a backend of one server asks that again', async () => {
  let count = 0;
  const once = await RawServer.start(
    answering(() =>
      ++count === 1
        ? 'HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n'
        : 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nagain',
    ),
  );
  assert.equal(await answerOf([once.address], 'retry 1 on connect-failure, 503'), '200 again');
  await once.stop();
});

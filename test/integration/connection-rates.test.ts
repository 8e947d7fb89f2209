/**
 * Limits on how fast connections may come.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { answering, connectTo, ok, plainRules, RawServer, startGateway, type Wire } from '../kit/index.ts';

const server = await RawServer.start(answering(() => ok()));
after(() => server.stop());

async function isServed(wire: Wire): Promise<boolean> {
  wire.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  const isAnswered = await wire.answer().then(
    () => true,
    () => false,
  );
  wire.destroy();
  return isAnswered;
}

test('connections that come too fast from one address are closed, and others are served', async (t) => {
  const { address, gateway, stop } = await startGateway(
    plainRules([server.address], 'new connections at most 2/h per ip'),
  );
  t.after(stop);
  const served = [];
  for (let count = 0; count < 4; count++) served.push(await isServed(await connectTo(address)));
  assert.deepEqual(served, [true, true, false, false]);
  assert.ok(await isServed(await connectTo(address, '127.0.0.2')));
  assert.equal(gateway.stats().listeners[0]!.counters.connectionsRefused, 2);
});

test('connections over the total rate are closed, whatever their source', async (t) => {
  const { address, stop } = await startGateway(plainRules([server.address], 'new connections at most 2/h'));
  t.after(stop);
  const served = [];
  for (const from of ['127.0.0.1', '127.0.0.2', '127.0.0.3'])
    served.push(await isServed(await connectTo(address, from)));
  assert.deepEqual(served, [true, true, false]);
});

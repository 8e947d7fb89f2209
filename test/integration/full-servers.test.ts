/**
 * Limits on servers and clients: a full server keeps requests waiting in line, and connections per address are counted.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectTo, startGateway } from '../kit/index.ts';
import { get, startHolding } from './fixtures/holding-server.ts';

const rules = (backend: string, listener = '') => `
  listener web on 127.0.0.1:0 {
    ${listener}
    otherwise send to app
  }
  backend app { ${backend} }
`;

test('requests to a full server wait in line and are sent in their order', async (t) => {
  const server = await startHolding(t);
  const { gateway, address, stop } = await startGateway(rules(`server one ${server.address} max 1`));
  t.after(stop);
  const first = get(address, '/1');
  await server.arrived(1);
  const second = get(address, '/2');
  while (gateway.stats().listeners[0]!.counters.requests < 2) await new Promise((resolve) => setImmediate(resolve));
  const third = get(address, '/3');
  while (gateway.stats().listeners[0]!.counters.requests < 3) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(server.held.length, 1, 'the others wait');
  server.answer(0);
  assert.deepEqual(await first, { status: 200, body: '/1' });
  await server.arrived(2);
  assert.equal(server.held.length, 2, 'one at a time');
  server.answer(1);
  assert.deepEqual(await second, { status: 200, body: '/2' });
  await server.arrived(3);
  server.answer(2);
  assert.deepEqual(await third, { status: 200, body: '/3' });
  assert.equal(gateway.server('app/one').open, 0);
});

test('a request that waits for longer than the queue time gets 503, and the others are not disturbed', async (t) => {
  const server = await startHolding(t);
  const { address, stop } = await startGateway(rules(`server one ${server.address} max 1; timeout queue 100ms`));
  t.after(stop);
  const first = get(address, '/1');
  await server.arrived(1);
  assert.equal((await get(address, '/2')).status, 503);
  server.answer(0);
  assert.equal((await first).status, 200);
  assert.equal(server.held.length, 1);
});

test('a full server is passed over while another has room', async (t) => {
  const [one, two] = [await startHolding(t), await startHolding(t)];
  const { address, stop } = await startGateway(
    rules(`server one ${one.address} max 1; server two ${two.address} max 1; balance first`),
  );
  t.after(stop);
  const first = get(address, '/1');
  await one.arrived(1);
  const second = get(address, '/2');
  await two.arrived(1);
  one.answer(0);
  two.answer(0);
  assert.deepEqual(
    (await Promise.all([first, second])).map(({ body }) => body),
    ['/1', '/2'],
  );
});

test('a client that gives up while it waits leaves the line', async (t) => {
  const server = await startHolding(t);
  const { gateway, address, stop } = await startGateway(rules(`server one ${server.address} max 1`));
  t.after(stop);
  const first = get(address, '/1');
  await server.arrived(1);
  const client = await connectTo(address);
  client.send('GET /gone HTTP/1.1\r\nHost: a\r\n\r\n');
  while (gateway.stats().listeners[0]!.counters.requests < 2) await new Promise((resolve) => setImmediate(resolve));
  client.reset();
  while (gateway.stats().listeners[0]!.counters.connectionsClosed < 1)
    await new Promise((resolve) => setImmediate(resolve));
  const second = get(address, '/2');
  server.answer(0);
  await first;
  await server.arrived(2);
  assert.equal(server.held[1]!.path, '/2');
  server.answer(1);
  assert.equal((await second).status, 200);
});

test('an address over its connection limit is turned away, and let in again once one has gone', async (t) => {
  const server = await startHolding(t);
  const { gateway, address, stop } = await startGateway(
    rules(`server one ${server.address}`, 'connections at most 2 per ip'),
  );
  t.after(stop);
  const counters = () => gateway.stats().listeners[0]!.counters;
  const settled = async (open: number) => {
    while (counters().connections - counters().connectionsClosed !== open) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const clients = [await connectTo(address), await connectTo(address)];
  await settled(2);
  const refused = await connectTo(address);
  await refused.closed();
  assert.equal(counters().connectionsRefused, 1);
  const other = await connectTo(address, '127.0.0.2');
  await settled(3);
  clients[0]!.destroy();
  await settled(2);
  const again = await connectTo(address);
  await settled(3);
  for (const client of [clients[1]!, other, again]) client.destroy();
  await settled(0);
});

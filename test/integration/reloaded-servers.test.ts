/**
 * Servers that a reload adds, renames or exchanges: their check has the first word, and no request is lost over it.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { type Address, connectTo, Load, plainRules, startGateway } from '../kit/index.ts';

const CHECK = 'check GET /healthz every 50ms timeout 5s fall 1';

/** A server whose health is a switch, and that writes down what it is asked, in order. */
async function startServer(isWell = true) {
  const asked: string[] = [];
  const state = { isWell };
  const server = createServer((request, response) => {
    asked.push(request.url!);
    response.statusCode = request.url === '/healthz' && !state.isWell ? 503 : 200;
    response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address: Address = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  return { address, asked, state };
}

async function statusOf(address: Address): Promise<number> {
  const client = await connectTo(address);
  client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  const { status } = await client.answer();
  client.destroy();
  return status;
}

test('a server that a reload adds gets no request before its first probe has passed', async () => {
  const one = await startServer();
  const well = await startServer();
  const unwell = await startServer(false);
  const { gateway, address, stop } = await startGateway(plainRules([one.address], '', CHECK));
  try {
    await gateway.reload({
      rules: plainRules([one.address, well.address, unwell.address], '', CHECK),
    });
    for (let count = 0; count < 20; count++) assert.equal(await statusOf(address), 200);
    assert.equal(well.asked[0], '/healthz');
    assert.ok(well.asked.includes('/'), 'it gets requests after that');
    assert.equal(unwell.asked[0], '/healthz');
    assert.ok(!unwell.asked.includes('/'), unwell.asked.join(' '));
    unwell.state.isWell = true;
    await once(gateway, 'server');
    for (let count = 0; count < 3; count++) assert.equal(await statusOf(address), 200);
    assert.ok(unwell.asked.includes('/'), 'it gets requests once it is well');
  } finally {
    await stop();
  }
});

test('a reload that exchanges all servers of a backend loses no request', async () => {
  const [blue, green] = [await startServer(), await startServer()];
  const { gateway, address, stop } = await startGateway(plainRules([blue.address], '', CHECK), 2);
  const load = new Load(address);
  try {
    await load.more(100);
    for (let turn = 0; turn < 6; turn++) {
      const next = turn % 2 === 0 ? green : blue;
      await gateway.reload({ rules: plainRules([next.address], '', CHECK) });
      await load.more(50);
    }
    await load.stop();
    assert.deepEqual(load.failures, []);
    assert.equal(green.asked[0], '/healthz');
  } finally {
    await load.stop();
    await stop();
  }
});

test('a stopped server that a reload renames stays stopped, and gets no request', async () => {
  const well = await startServer();
  const unwell = await startServer(false);
  const rules = (prefix: string): string => `listener web on 127.0.0.1:0 { otherwise send to app }
backend app {
  server ${prefix}1 127.0.0.1:${well.address.port}
  server ${prefix}2 127.0.0.1:${unwell.address.port}
  ${CHECK}
}
`;
  const { gateway, address, stop } = await startGateway(rules('old'));
  try {
    await once(gateway, 'server');
    unwell.asked.length = 0;
    await gateway.reload({ rules: rules('new') });
    assert.equal(gateway.server('app/new1').state, 'running');
    assert.equal(gateway.server('app/new2').state, 'stopped');
    for (let count = 0; count < 10; count++) assert.equal(await statusOf(address), 200);
    assert.ok(!unwell.asked.includes('/'));
  } finally {
    await stop();
  }
});

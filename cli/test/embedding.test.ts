import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGateway, definePlugin, GatewayError, standard } from 'sluice';

test('createGateway includes the standard words', async () => {
  const gateway = await createGateway({
    rules: 'listener web on 127.0.0.1:0 { otherwise deny 404 }',
    threads: 0,
    logger: false,
  });
  assert.equal(gateway.plan.listeners[0]!.routes[0]!.verb, 'deny');
  assert.equal(standard.length > 5, true);
});

test('plugins are added to the standard ones', async () => {
  const plugin = definePlugin({
    name: 'always-last',
    apiVersion: 1,
    data: import.meta.url,
    components: [
      { kind: 'component', slot: 'balance', name: 'last', doc: 'The last.', example: 'balance last', args: [] },
    ],
  });
  const rules = `
    listener web on 127.0.0.1:0 { otherwise send to app }
    backend app of 127.0.0.1:9 { balance last }
  `;
  const gateway = await createGateway({ rules, plugins: [plugin], logger: false });
  assert.equal(gateway.plan.backends[0]!.balance.name, 'last');
  await assert.rejects(createGateway({ rules, logger: false }), (error: GatewayError) => {
    assert.ok(error instanceof GatewayError);
    assert.equal(error.code, 'SG0201');
    return true;
  });
});

test('a gateway starts and stops on its own event loop, and leaves signals alone', async () => {
  const before = process.listenerCount('SIGTERM') + process.listenerCount('SIGHUP');
  await using gateway = await createGateway({
    rules: 'listener web on 127.0.0.1:0 { otherwise deny 404 }',
    threads: 0,
    logger: false,
  });
  await gateway.start();
  const address = gateway.addresses().web;
  assert.ok(address !== undefined && 'port' in address && address.port > 0);
  const answer = await fetch(`http://127.0.0.1:${address.port}/`, { headers: { connection: 'close' } });
  assert.equal(answer.status, 404);
  assert.match(await answer.text(), /<h1>404 Not Found<\/h1>/);
  assert.equal(process.listenerCount('SIGTERM') + process.listenerCount('SIGHUP'), before);
});

/**
 * The limit on the open connections of the whole gateway.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  type Address,
  answering,
  connectTo,
  eventually,
  ok,
  RawServer,
  startGateway,
  type Wire,
} from '../kit/index.ts';

const server = await RawServer.start(answering(() => ok()));
after(() => server.stop());

const rules = (most: string) => `settings { ${most} }
listener web on 127.0.0.1:0 { otherwise send to app }
listener raw on 127.0.0.1:0 tcp { otherwise send to app }
backend app of 127.0.0.1:${server.address.port}`;

async function ask(wire: Wire): Promise<boolean> {
  wire.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  return wire.answer().then(
    () => true,
    () => false,
  );
}

for (const threads of [0, 2]) {
  test(`connections of all listeners count together, and give their places back (${threads} threads)`, async (t) => {
    const { gateway, address: web, stop } = await startGateway(rules('connections at most 3'), threads);
    t.after(stop);
    const raw = gateway.addresses().raw as Address;
    const wires: Wire[] = [];
    for (const address of [web, raw, web]) {
      const wire = await connectTo(address);
      wires.push(wire);
      assert.equal(await ask(wire), true);
    }
    for (const address of [web, raw]) assert.equal(await ask(await connectTo(address)), false);
    assert.deepEqual(
      gateway.stats().listeners.map(({ counters }) => counters.connectionsRefused),
      [1, 1],
    );
    assert.equal(await ask(wires[0]!), true, 'those that are in stay in');
    wires[1]!.destroy();
    await eventually('there is room', () => gateway.stats().listeners[1]!.openConnections === 0);
    assert.equal(await ask(await connectTo(web)), true);
    await gateway.reload({ rules: rules('connections at most 4') });
    assert.equal(await ask(await connectTo(raw)), true, 'a reload may raise it');
    assert.equal(await ask(await connectTo(web)), false, 'and what is open counts');
  });
}

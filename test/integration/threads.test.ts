/**
 * Data threads that hang or die are replaced, and the gateway goes on.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { createGateway } from 'sluice';
import { type Address, answering, connectTo, eventually, ok, RawServer, temporaryFolder } from '../kit/index.ts';

/** A balancer that does something terrible for one path, and takes the first server for all others. */
const plugin = (terrible: string) => `
export default {
  name: 'terrible',
  apiVersion: 1,
  data: import.meta.url,
  components: [{ kind: 'component', slot: 'balance', name: 'terrible', doc: 'For tests.', example: 'balance terrible', args: [] }],
};
export const balancers = {
  terrible: () => ({
    pick(facts, pool) {
      if (facts.path === '/terrible') { ${terrible} }
      return pool.isUsable(0) ? 0 : -1;
    },
  }),
};
`;

async function stage(terrible: string, options: { beatLimitMs?: number; threads?: number } = {}) {
  const server = await RawServer.start(answering((request) => ok(request.target)));
  const file = join(temporaryFolder(), 'terrible.js');
  writeFileSync(file, plugin(terrible));
  const rules = `
use terrible from "${pathToFileURL(file).href}"
listener web on 127.0.0.1:0 {
  otherwise send to app
}
backend app of ${server.address.host}:${server.address.port} {
  balance terrible
}
`;
  const gateway = await createGateway({ rules, threads: 2, logger: false, ...options });
  await gateway.start();
  const address = gateway.addresses().web as Address;
  return {
    gateway,
    address,
    rules,
    stop: async () => {
      await gateway.stop({ deadline: '1s' });
      await server.stop();
    },
  };
}

for (const [name, terrible] of [
  ['hangs', 'for (;;) {}'],
  ['dies', 'process.exit(7);'],
] as const) {
  test(`a data thread that ${name} is replaced, and its place serves again`, async () => {
    const { gateway, address, stop } = await stage(terrible, { beatLimitMs: 1000 });
    try {
      const lost = once(gateway, 'thread');
      const victim = await connectTo(address);
      victim.send('GET /terrible HTTP/1.1\r\nHost: a\r\n\r\n');
      const [event] = await lost;
      assert.equal(event.event, 'lost');
      await victim.closed();
      const [next] = event.event === 'lost' ? await once(gateway, 'thread') : [event];
      assert.equal(next.event, 'replaced');
      await eventually('both threads to serve', () => gateway.stats().threads.length === 2);
      // A connection goes to whichever thread the kernel picks: a dead one among them would show.
      for (let at = 0; at < 40; at++) {
        const client = await connectTo(address);
        client.send(`GET /${at} HTTP/1.1\r\nHost: a\r\n\r\n`);
        assert.equal((await client.answer()).body.toString(), `/${at}`);
        client.destroy();
      }
    } finally {
      await stop();
    }
  });
}

for (const threads of [2, 1]) {
  const outcome =
    threads === 2
      ? 'takes effect in the others at once, and in the one that replaces it'
      : 'fails where it was the only one';
  test(`a reload while a data thread hangs ${outcome}`, async () => {
    const hung = join(temporaryFolder(), 'hung');
    const { gateway, address, rules, stop } = await stage(
      `process.getBuiltinModule('node:fs').writeFileSync(${JSON.stringify(hung)}, ''); for (;;) {}`,
      { beatLimitMs: 1500, threads },
    );
    try {
      const victim = await connectTo(address);
      victim.send('GET /terrible HTTP/1.1\r\nHost: a\r\n\r\n');
      await eventually('the thread to hang', () => existsSync(hung));
      const reload = gateway.reload({
        rules: rules.replace('otherwise', 'deny 404 when path is /gone\n  otherwise'),
      });
      if (threads === 1) await assert.rejects(reload, { code: 'SG0402' });
      else await reload;
      assert.equal(gateway.stats().generation, threads);
      const replaced = () => gateway.stats().threads.some(({ replaced: times }) => times > 0);
      await eventually('another thread', replaced);
      await eventually('all to serve', () => gateway.stats().threads.every(({ state }) => state === 'serving'));
      for (let at = 0; at < 20; at++) {
        const client = await connectTo(address);
        client.send('GET /gone HTTP/1.1\r\nHost: a\r\n\r\n');
        assert.equal((await client.answer()).status, threads === 2 ? 404 : 200);
        client.destroy();
      }
    } finally {
      await stop();
    }
  });
}

test('a plugin that throws costs its request 503, not its thread', async () => {
  const { gateway, address, stop } = await stage('throw new Error("oh no");');
  try {
    const client = await connectTo(address);
    client.send('GET /terrible HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal((await client.answer()).status, 503);
    client.send('GET /next HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal((await client.answer()).body.toString(), '/next');
    assert.equal(gateway.stats().threads.length, 2);
    client.destroy();
  } finally {
    await stop();
  }
});

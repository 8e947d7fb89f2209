import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createGateway } from 'sluice';

/** Servers that hold what they are asked until the test lets go. */
async function startServers(t: TestContext, count: number) {
  const arrivals = new EventEmitter();
  const held: ServerResponse[][] = [];
  const ports: number[] = [];
  for (let at = 0; at < count; at++) {
    const here: ServerResponse[] = [];
    held.push(here);
    const server = createServer((_asked, response) => {
      here.push(response);
      arrivals.emit('arrival');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close().closeAllConnections());
    ports.push((server.address() as AddressInfo).port);
  }
  const arrived = async (...counts: number[]) => {
    while (held.some((here, at) => here.length < counts[at]!)) await once(arrivals, 'arrival');
    assert.deepEqual(
      held.map((here) => here.length),
      counts,
    );
  };
  return { held, ports, arrived };
}

async function get(port: number): Promise<number> {
  const outgoing = request({ host: '127.0.0.1', port, agent: false }).end();
  const [answer] = await once(outgoing, 'response');
  answer.resume();
  await once(answer, 'end');
  return answer.statusCode;
}

test('servers fill up, then the spare one, then the line; one more is refused, and those in line are served', async (t) => {
  const { held, ports, arrived } = await startServers(t, 3);
  let rules = await readFile(new URL('gateway.sluice', import.meta.url), 'utf8');
  for (const [at, port] of ports.entries()) rules = rules.replace(`127.0.0.1:900${at + 1}`, `127.0.0.1:${port}`);
  const gateway = await createGateway({ rules: rules.replace(':8080', ':0'), threads: 2, logger: false });
  await gateway.start();
  t.after(() => gateway.stop({ deadline: 0 }));
  const { port } = gateway.addresses().web as { port: number };
  const waiting = async (count: number) => {
    while (gateway.stats().backends[0]!.waiting !== count) await new Promise((resolve) => setImmediate(resolve));
  };

  const asked = [get(port), get(port), get(port)];
  await arrived(2, 1, 0);
  asked.push(get(port));
  await arrived(2, 1, 1);
  asked.push(get(port), get(port));
  await waiting(2);
  assert.equal(await get(port), 503);

  held[0]![0]!.end();
  held[1]![0]!.end();
  await waiting(0);
  await arrived(3, 2, 1);
  for (const response of held.flat()) response.end();
  assert.deepEqual(await Promise.all(asked), Array(6).fill(200));
});

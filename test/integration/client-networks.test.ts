/**
 * What counts as one client: an IPv4 address and a /64 of IPv6, or what `per ip /N` says.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { answering, connectTo, ok, plainRules, RawServer, startGateway, type Wire } from '../kit/index.ts';

const server = await RawServer.start(answering(() => ok()));
after(() => server.stop());

type Running = Awaited<ReturnType<typeof startGateway>>;

/** The statuses of one request of each client, as a trusted proxy names them. */
async function statuses({ address }: Running, ...clients: string[]): Promise<number[]> {
  const seen: number[] = [];
  for (const client of clients) {
    const wire = await connectTo(address);
    const field = client === '' ? '' : `X-Forwarded-For: ${client}\r\n`;
    wire.send(`GET / HTTP/1.1\r\nHost: a\r\n${field}\r\n`);
    seen.push((await wire.answer()).status);
    wire.destroy();
  }
  return seen;
}

/** A connection of this client, as a PROXY header names it; null: it was turned away. */
async function introduced({ address }: Running, client: string): Promise<Wire | null> {
  const wire = await connectTo(address);
  const family = client.includes(':') ? 'TCP6' : 'TCP4';
  const to = client.includes(':') ? '::1' : '127.0.0.1';
  wire.send(`PROXY ${family} ${client} ${to} 4711 80\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n`);
  const answer = await wire.answer().catch(() => null);
  return answer === null ? null : wire;
}

async function areLetIn(on: Running, ...clients: string[]): Promise<boolean[]> {
  const wires: (Wire | null)[] = [];
  for (const client of clients) wires.push(await introduced(on, client));
  for (const wire of wires) wire?.destroy();
  return wires.map((wire) => wire !== null);
}

const TRUST = 'client ip from header X-Forwarded-For trust 127.0.0.0/8';
const PROXIES = 'accept proxy from 127.0.0.0/8';

const LIMITED: readonly (readonly [per: string, clients: readonly string[], statuses: readonly number[]])[] = [
  ['per ip', ['2001:db8::1', '2001:db8::2', '2001:db8:0:0:ffff::3', '2001:db8:0:1::1'], [200, 429, 429, 200]],
  ['per ip', ['192.0.2.1', '192.0.2.2', '::ffff:192.0.2.1'], [200, 200, 429]],
  ['per ip /24', ['192.0.2.1', '192.0.2.2', '192.0.3.1', '2001:db8::1', '2001:db8::2'], [200, 429, 200, 200, 429]],
  ['per ip /128', ['2001:db8::1', '2001:db8::2', '2001:db8::1', '192.0.2.1', '192.0.2.2'], [200, 200, 429, 200, 200]],
  ['per ip ipv6 /56', ['2001:db8:0:100::1', '2001:db8:0:1ff::1', '2001:db8:0:200::1'], [200, 429, 200]],
  [
    'per ip /16 ipv6 /32',
    ['192.0.2.1', '192.0.9.1', '2001:db8:1::', '2001:db8:2::', '2001:db9::'],
    [200, 429, 200, 429, 200],
  ],
  ['per header X-Key', ['2001:db8::1', '2001:db8::2', '2001:db8:0:1::1'], [200, 429, 200]],
];

for (const [per, clients, expected] of LIMITED) {
  test(`limit 1/h ${per}: ${clients.join(', ')}`, async (t) => {
    const on = await startGateway(plainRules([server.address], `${TRUST}\n  limit 1/h ${per}`));
    t.after(on.stop);
    assert.deepEqual(await statuses(on, ...clients), expected);
    const { verdict } = await on.gateway.explain({
      request: 'GET http://a/ from 127.0.0.1',
      headers: [['X-Forwarded-For', clients[0]!]],
    });
    assert.deepEqual(verdict.kind === 'answer' && verdict.status, 429, 'explain counts the same clients');
  });
}

test('`connections at most` counts a /64 as one client', async (t) => {
  const on = await startGateway(plainRules([server.address], `${PROXIES}\n  connections at most 2 per ip`));
  t.after(on.stop);
  const clients = ['2001:db8::1', '2001:db8::2', '2001:db8::3', '2001:db8:0:1::1', '192.0.2.1', '192.0.2.2'];
  assert.deepEqual(await areLetIn(on, ...clients), [true, true, false, true, true, true]);
});

test('`connections at most … per ip /N` counts other networks', async (t) => {
  const rules = plainRules([server.address], `${PROXIES}\n  connections at most 1 per ip /24 ipv6 /48`);
  const on = await startGateway(rules);
  t.after(on.stop);
  const clients = ['2001:db8::1', '2001:db8:0:1::1', '2001:db8:1::1', '192.0.2.1', '192.0.2.2', '192.0.3.1'];
  assert.deepEqual(await areLetIn(on, ...clients), [true, false, true, true, false, true]);
});

test('`new connections at most` counts a /64 as one client, or other networks', async (t) => {
  const on = await startGateway(plainRules([server.address], `${PROXIES}\n  new connections at most 1/h per ip`));
  t.after(on.stop);
  const clients = ['2001:db8::1', '2001:db8::2', '2001:db8:0:1::1', '192.0.2.1', '192.0.2.2'];
  assert.deepEqual(await areLetIn(on, ...clients), [true, false, true, true, true]);
  const wide = await startGateway(plainRules([server.address], `${PROXIES}\n  new connections at most 1/h per ip /56`));
  t.after(wide.stop);
  assert.deepEqual(await areLetIn(wide, '2001:db8::1', '2001:db8:0:ff::1', '2001:db8:0:100::1'), [true, false, true]);
});

test('connections are given back under the network they were counted in, although a reload counts others', async (t) => {
  const rules = (networks: string) =>
    plainRules([server.address], `${PROXIES}\n  connections at most 1 per ip ${networks}`);
  const on = await startGateway(rules('/24'));
  t.after(on.stop);
  const wire = await introduced(on, '192.0.2.1');
  await on.gateway.reload({ rules: rules('/32') });
  assert.ok(wire !== null);
  wire.destroy();
  const counters = () => on.gateway.stats().listeners[0]!.counters;
  while (counters().connections !== counters().connectionsClosed) await new Promise((resolve) => setImmediate(resolve));
  await on.gateway.reload({ rules: rules('/24') });
  assert.deepEqual(await areLetIn(on, '192.0.2.2', '192.0.2.3'), [true, false]);
});

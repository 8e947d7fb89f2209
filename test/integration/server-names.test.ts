/**
 * Servers that are written by name: a real DNS server (dnsmasq) whose records change while the gateway runs, and one that is silent.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer as createHttp2Server } from 'node:http2';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pino } from 'pino';
import { createGateway, type Gateway } from 'sluice';
import {
  answering,
  BadDns,
  connectTo,
  Dnsmasq,
  eventually,
  freePort,
  ok,
  RawServer,
  temporaryFolder,
} from '../kit/index.ts';

const SKIP = existsSync('/usr/sbin/dnsmasq') ? false : 'dnsmasq is not installed';

let dns: Dnsmasq;
/** Servers on one port of 127.0.0.11, .12 and .13. */
let port: number;
let servers: RawServer[];

before(async () => {
  if (SKIP !== false) return;
  dns = await Dnsmasq.start({ 'app.internal': ['127.0.0.11'] });
  port = await freePort();
  servers = await Promise.all(
    [11, 12, 13].map((last) =>
      RawServer.start(
        answering(() => ok(String(last))),
        port,
        `127.0.0.${last}`,
      ),
    ),
  );
});

after(async () => {
  await dns?.stop();
  for (const server of servers ?? []) await server.stop();
});

function rulesFor(backend: string, by = dns.address): string {
  return `settings { look up names by ${by} ttl at least 100ms ttl at most 200ms }
listener web on 127.0.0.1:0 { otherwise send to app }
backend app ${backend}
`;
}

async function running(rules: string, threads = 0): Promise<Gateway & AsyncDisposable> {
  const gateway = await createGateway({ rules, threads, logger: false });
  await gateway.start();
  return gateway;
}

/** bodyOf asks on a new connection of the client, and returns the status and the body. */
async function bodyOf(gateway: Gateway): Promise<string> {
  const client = await connectTo(gateway.addresses().web as { host: string; port: number });
  try {
    const answer = await client.send('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n').answer();
    return `${answer.status} ${answer.body.toString('latin1').slice(0, 2)}`;
  } finally {
    client.destroy();
  }
}

for (const threads of [0, 2]) {
  test(`new addresses of a name are used without a reload, and kept connections to old ones are left, with ${threads} threads`, {
    skip: SKIP,
  }, async () => {
    await dns.set({ 'app.internal': ['127.0.0.11'] });
    await using gateway = await running(rulesFor(`of app.internal:${port}`), threads);
    for (let turn = 0; turn < 8; turn++) assert.equal(await bodyOf(gateway), '200 11');
    await dns.set({ 'app.internal': ['127.0.0.12', '127.0.0.13'] });
    await eventually('the old address to be used no more', async () => {
      const bodies = new Set<string>();
      for (let turn = 0; turn < 8; turn++) bodies.add(await bodyOf(gateway));
      return !bodies.has('200 11');
    });
    const [old] = servers;
    await eventually('the connections to the old address to end', () =>
      old!.wires.every(({ ending }) => ending !== 'open'),
    );
    // Kept connections are used again, so only new ones take the addresses in turn.
    for (const [at, server] of servers.entries()) {
      server.play(answering(() => ok(String(11 + at), 'Connection: close')));
    }
    const used = new Set<string>();
    await eventually('both new addresses to be used', async () => {
      used.add(await bodyOf(gateway));
      return used.has('200 12') && used.has('200 13');
    });
    assert.equal(used.has('200 11'), false);
    for (const [at, server] of servers.entries()) server.play(answering(() => ok(String(11 + at))));
  });
}

test('an address of a name that refuses connections costs no request', { skip: SKIP }, async () => {
  await dns.set({ 'app.internal': ['127.0.0.99', '127.0.0.12', '127.0.0.98'] });
  servers[1]!.play(answering(() => ok('12', 'Connection: close')));
  await using gateway = await running(rulesFor(`of app.internal:${port} { retry 0 }`));
  for (let turn = 0; turn < 20; turn++) assert.equal(await bodyOf(gateway), '200 12');
  servers[1]!.play(answering(() => ok('12')));
});

test('HTTP/2 uses the addresses of a name, and abandons a connection to a removed one', {
  skip: SKIP,
}, async () => {
  await dns.set({ 'app.internal': ['127.0.0.99', '127.0.0.21'] });
  const http2Port = await freePort();
  const answers = await Promise.all(
    ['21', '22'].map(async (last) => {
      const server = createHttp2Server((_, answer) => void answer.end(last));
      server.listen(http2Port, `127.0.0.${last}`);
      await once(server, 'listening');
      return server;
    }),
  );
  await using gateway = await running(rulesFor(`of app.internal:${http2Port} { protocol http2 }`));
  for (let turn = 0; turn < 4; turn++) assert.equal(await bodyOf(gateway), '200 21');
  await dns.set({ 'app.internal': ['127.0.0.22'] });
  await eventually('the other server', async () => (await bodyOf(gateway)) === '200 22');
  for (let turn = 0; turn < 4; turn++) assert.equal(await bodyOf(gateway), '200 22');
  await gateway.stop({ deadline: 0 });
  for (const server of answers) server.close();
});

test('relays use the addresses, too', { skip: SKIP }, async () => {
  await dns.set({ 'app.internal': ['127.0.0.99', '127.0.0.12'] });
  await using gateway = await running(rulesFor(`of app.internal:${port}`).replace(':0 {', ':0 tcp {'));
  for (let turn = 0; turn < 4; turn++) assert.equal(await bodyOf(gateway), '200 12');
});

test('a gateway starts although a name does not exist; others serve, and the server joins when its name appears', {
  skip: SKIP,
}, async () => {
  await dns.set({ 'app.internal': ['127.0.0.11'] });
  await using gateway = await running(
    rulesFor(`{
  server one app.internal:${port}
  server two late.internal:${port}
}`),
  );
  const stats = (): { state: string; reason: string } => gateway.stats().backends[0]!.servers[1]!;
  assert.deepEqual([stats().state, stats().reason], ['stopped', 'its name late.internal does not resolve']);
  for (let turn = 0; turn < 6; turn++) assert.equal(await bodyOf(gateway), '200 11');
  const explanation = await gateway.explain('GET http://a.test/');
  assert.match(JSON.stringify(explanation.servers), /its name late\.internal does not resolve/);
  const started = new Promise((resolve) => gateway.once('server', resolve));
  await dns.set({ 'app.internal': ['127.0.0.11'], 'late.internal': ['127.0.0.13'] });
  assert.deepEqual(await started, {
    backend: 'app',
    server: 'two',
    from: 'stopped',
    to: 'running',
    reason: 'its name resolves to 127.0.0.13',
  });
  const bodies = new Set([await bodyOf(gateway), await bodyOf(gateway)]);
  assert.deepEqual([...bodies].sort(), ['200 11', '200 13']);
});

test('a backend of nothing but names that do not exist answers 503, and checks do not start its servers', {
  skip: SKIP,
}, async () => {
  await using gateway = await running(rulesFor(`of none.internal:${port} { check tcp every 50ms }`));
  assert.match(await bodyOf(gateway), /^503/);
  await eventually('a probe', () => gateway.stats().backends[0]!.servers[0]!.lastCheck === 'failed');
  assert.match(await bodyOf(gateway), /^503/);
});

test('checks use the addresses, and a name with one working address passes', { skip: SKIP }, async () => {
  await dns.set({ 'app.internal': ['127.0.0.99', '127.0.0.12'] });
  await using gateway = await running(rulesFor(`of app.internal:${port} { check GET / every 50ms expect 200 }`));
  await eventually('a good probe', () => gateway.stats().backends[0]!.servers[0]!.lastCheck === 'passed');
  assert.equal(await bodyOf(gateway), '200 12');
});

test('when the DNS server dies, the last addresses stay in use, even across reloads', { skip: SKIP }, async () => {
  await dns.set({ 'app.internal': ['127.0.0.11'] });
  const rules = rulesFor(`of app.internal:${port}`);
  const log: string[] = [];
  const logger = pino({ level: 'warn' }, { write: (line) => void log.push(line) });
  await using gateway = await createGateway({ rules, threads: 0, logger });
  await gateway.start();
  await dns.stop();
  await eventually('the look-up to fail', () => log.some((line) => line.includes('its last addresses go on')));
  assert.equal(await bodyOf(gateway), '200 11');
  await gateway.reload({ rules: rules.replace('of app', 'of 127.0.0.1:9, app') });
  assert.equal(gateway.stats().backends[0]!.servers[1]!.state, 'running');
  await dns.serve();
});

test('a silent DNS server blocks neither requests nor file access', async () => {
  const silent = await BadDns.start();
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'index.html'), 'ok from a file');
  const names = Array.from({ length: 20 }, (_, at) => `n${at}.internal:80`).join(', ');
  await using gateway = await running(
    `settings { look up names by ${silent.address} }
listener web on 127.0.0.1:0 { send to app when path under /app; otherwise send to files }
backend app of ${names}
backend files { serve files "${folder}" }
`,
  );
  for (let turn = 0; turn < 10; turn++) assert.equal(await bodyOf(gateway), '200 ok');
  const states = new Set(gateway.stats().backends[0]!.servers.map(({ state }) => state));
  assert.deepEqual([...states], ['stopped']);
  assert.ok(silent.questions > 0);
  silent.stop();
});

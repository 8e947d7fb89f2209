/**
 * Servers that are found: from a file, from DNS (a real server), from an HTTP endpoint. What comes and goes under load loses
 * no request.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Authority, hasOpenssl } from '@sluice/plugin-kit/tls';
import { createGateway, type GatewayOptions } from 'sluice';
import {
  type Address,
  AdminClient,
  BadDns,
  connectTo,
  Dnsmasq,
  eventually,
  Load,
  type NamedServer,
  RawServer,
  refusal,
  skipUnless,
  startNamedServer,
  temporaryFolder,
  type Wire,
} from '../kit/index.ts';
import { get, startHolding } from './fixtures/holding-server.ts';

const servers = await Promise.all(['one', 'two', 'three'].map((name) => startNamedServer(name)));
after(() => Promise.all(servers.map(({ program }) => program.stop())));

const textOf = ({ address }: NamedServer): string => `${address.host}:${address.port}`;
const [one, two, three] = servers.map(textOf) as [string, string, string];

function rulesOf(backend: string): string {
  return `listener web on 127.0.0.1:0 { otherwise send to app }\nbackend app {\n${backend}\n}\n`;
}

async function start(backend: string, options: Partial<GatewayOptions> = {}) {
  const gateway = await createGateway({ rules: rulesOf(backend), threads: 2, logger: false, ...options });
  await gateway.start();
  return {
    gateway,
    address: gateway.addresses().web as Address,
    members: () => gateway.stats().backends[0]!.servers.map(({ name }) => name),
    discovery: () => gateway.stats().backends[0]!.discoveries[0]!,
    [Symbol.asyncDispose]: async () => void (await gateway.stop({ deadline: '1s' })),
  };
}

async function ask(address: Address): Promise<{ status: number; body: string }> {
  const client = await connectTo(address);
  client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  const { status, body } = await client.answer();
  client.destroy();
  return { status, body: body.toString() };
}

/** replace writes a file beside the old one, and then over it. */
function replace(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

async function met(address: Address, ...names: string[]): Promise<void> {
  const seen = new Set<string>();
  await eventually(`answers from ${names.join(', ')}`, async () => {
    seen.add((await ask(address)).body);
    return names.every((name) => seen.has(name));
  });
}

test('servers come and go in a file under load, and no request is lost', async () => {
  const file = join(temporaryFolder(), 'servers.json');
  writeFileSync(file, JSON.stringify([one]));
  await using stage = await start(`servers from file "${file}" every 100ms`);
  const load = new Load(stage.address, { connections: 8 });
  try {
    for (const [names, wanted] of [
      [
        [one, two],
        ['one', 'two'],
      ],
      [
        [two, three],
        ['two', 'three'],
      ],
      [[three], ['three']],
      [
        [one, two, three],
        ['one', 'two', 'three'],
      ],
      [[two], ['two']],
    ] as const) {
      replace(file, JSON.stringify({ servers: names.map((address) => ({ address })) }));
      await eventually(`members ${names}`, () => stage.members().sort().join() === [...names].sort().join());
      await met(stage.address, ...wanted);
      await load.more(100);
    }
  } finally {
    await load.stop();
  }
  assert.deepEqual(load.failures, []);
});

test('changes of members are reported with their reason, and stats and explain show the source of a server', async () => {
  const file = join(temporaryFolder(), 'servers.txt');
  writeFileSync(file, `${one} weight 3 # the first\n\n${two} backup name spare\n`);
  await using stage = await start(`server fixed ${three}\nservers from file "${file}" every 100ms`);
  const { gateway } = stage;
  assert.deepEqual(stage.members(), ['fixed', one, 'spare']);
  const [fixed, first, spare] = gateway.stats().backends[0]!.servers;
  assert.equal(fixed!.source, null);
  assert.equal(first!.source, `file "${file}" every 100ms`);
  assert.equal(first!.weight, 3);
  assert.equal(spare!.isBackup, true);
  const { servers: explained } = await gateway.explain('GET http://a/');
  assert.deepEqual(
    explained.map(({ name, source }) => [name, source === null]),
    [['fixed', true], [one, false], ['spare', false]], // biome-ignore format: a table
  );
  const gone = once(gateway, 'server');
  replace(file, `${two} backup name spare\n`);
  const [event] = await gone;
  assert.deepEqual(
    { ...event, reason: '' },
    { backend: 'app', server: one, from: 'running', to: 'absent', reason: '' },
  );
  assert.match(event.reason, /^no longer in file /);
  const back = once(gateway, 'server');
  replace(file, `${one}\n${two} backup name spare\n`);
  assert.match((await back)[0].reason, /^found by file /);
});

test('an invalid file keeps the last good servers, and the event gives the line', async () => {
  const file = join(temporaryFolder(), 'servers.txt');
  writeFileSync(file, `${one}\n`);
  await using stage = await start(`servers from file "${file}" every 100ms`);
  const failed = once(stage.gateway, 'discovery');
  replace(file, `${one}\n# fine\n${two} wieght 3\n`);
  const [event] = await failed;
  assert.equal(event.isOk, false);
  assert.equal(event.servers, 1);
  assert.match(event.reason, /^line 3: /);
  assert.deepEqual(stage.members(), [one]);
  assert.equal((await ask(stage.address)).body, 'one');
  const healed = once(stage.gateway, 'discovery');
  replace(file, `${one}\n${two}\n`);
  assert.equal((await healed)[0].isOk, true);
  await met(stage.address, 'one', 'two');
});

test('a file that is written piece by piece is taken when it is whole', async () => {
  const file = join(temporaryFolder(), 'servers.txt');
  writeFileSync(file, `${one}\n`);
  await using stage = await start(`servers from file "${file}" every 100ms`);
  const events: unknown[] = [];
  stage.gateway.on('discovery', (event) => events.push(event));
  const changed = once(stage.gateway, 'discovery');
  const text = `${one}\n${two}\n${three}\n`;
  for (let end = 1; end <= text.length; end += 8) {
    writeFileSync(file, text.slice(0, end));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  writeFileSync(file, text);
  await changed;
  await eventually('all members', () => stage.members().length > 1);
  assert.deepEqual(stage.members(), [one, two, three]);
  assert.equal(events.length, 1);
});

test('a request that is on a server which goes ends in order', async () => {
  const file = join(temporaryFolder(), 'servers.json');
  let finish: () => void = () => {};
  const slow = createServer((_request, response) => {
    response.write('begun ');
    finish = () => response.end('ended');
  });
  slow.listen(0, '127.0.0.1');
  await once(slow, 'listening');
  const name = `127.0.0.1:${(slow.address() as AddressInfo).port}`;
  writeFileSync(file, JSON.stringify([name]));
  try {
    await using stage = await start(`servers from file "${file}" every 100ms`);
    const client = await connectTo(stage.address);
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const answer = client.answer();
    await eventually('the request at the server', () => stage.gateway.server(`app/${name}`).open === 1);
    replace(file, JSON.stringify([two]));
    await eventually('another member', () => stage.members().join() === two);
    await met(stage.address, 'two');
    finish();
    assert.equal((await answer).body.toString(), 'begun ended');
    client.destroy();
  } finally {
    slow.close();
    slow.closeAllConnections();
  }
});

for (const threads of [0, 2]) {
  const on = threads === 0 ? 'on one event loop' : 'over two threads';

  test(`${on} requests that wait for a full server go to one that is found`, async (t) => {
    const [full, found] = [await startHolding(t), await startHolding(t)];
    const file = join(temporaryFolder(), 'servers.txt');
    writeFileSync(file, `${full.address} max 1\n`);
    await using stage = await start(`servers from file "${file}" every 100ms; timeout queue 1m`, { threads });
    const { address, gateway } = stage;
    const app = () => gateway.stats().backends[0]!;
    const asked = Array.from({ length: 6 }, (_, at) => get(address, `/${at}`));
    await full.arrived(1);
    await eventually('the others to wait', () => app().waiting === 5);
    replace(file, `${full.address} max 1\n${found.address} max 3\n`);
    await found.arrived(3);
    assert.deepEqual([app().waiting, found.most], [2, 3]);
    found.answerAll();
    await found.arrived(5);
    full.answerAll();
    assert.deepEqual(
      (await Promise.all(asked)).map(({ status }) => status),
      Array(6).fill(200),
    );
    await eventually('all counts to be zero', () => {
      const { open, waiting, servers } = app();
      return open === 0 && waiting === 0 && servers.every((each) => each.open === 0 && each.waiting === 0);
    });
  });

  test(`${on} queued requests keep their order and their server when servers change`, async (t) => {
    const [first, other] = [await startHolding(t), await startHolding(t)];
    const file = join(temporaryFolder(), 'servers.txt');
    const lines = (...more: string[]) => [`${first.address} max 1`, ...more].join('\n');
    writeFileSync(file, lines());
    const stick = 'stick on header X-Client';
    await using stage = await start(`servers from file "${file}" every 100ms; timeout queue 1m; ${stick}`, { threads });
    const { address, gateway } = stage;
    const app = () => gateway.stats().backends[0]!;
    // The client belongs to the first server from here on.
    const known = get(address, '/known', { 'X-Client': 'a' });
    await first.arrived(1);
    first.answer(0);
    assert.equal((await known).status, 200);
    const holding = get(address, '/holding', { 'X-Client': 'b' });
    await first.arrived(2);
    const own = get(address, '/own', { 'X-Client': 'a' });
    await eventually('it to wait', () => app().servers[0]!.waiting === 1);
    replace(file, lines(other.address));
    await eventually('the other server', () => stage.members().length === 2);
    // It went on waiting for its server, which is another generation's now.
    assert.deepEqual([app().waiting, app().servers[0]!.waiting, other.most], [1, 1, 0]);
    first.answer(1);
    await first.arrived(3);
    first.answer(2);
    assert.equal((await own).body, '/own');
    await holding;
    const [busy, waits] = [get(address, '/busy', { 'X-Client': 'a' }), get(address, '/waits', { 'X-Client': 'a' })];
    await first.arrived(4);
    await eventually('one to wait', () => app().servers[0]!.waiting === 1);
    // Its server goes, so that any will do.
    replace(file, other.address);
    await other.arrived(1);
    // Either of the two may have come first.
    other.answerAll();
    first.answerAll();
    assert.deepEqual([(await busy).status, (await waits).status], [200, 200]);
    await eventually('all counts to be zero', () => app().open === 0 && app().waiting === 0);
  });

  test(`${on} a request that is tried again goes to a server that was found meanwhile`, async () => {
    const file = join(temporaryFolder(), 'servers.txt');
    const asked = Promise.withResolvers<Wire>();
    const dying = await RawServer.start(async (wire) => {
      await wire.request();
      asked.resolve(wire);
    });
    writeFileSync(file, `127.0.0.1:${dying.address.port}\n`);
    await using stage = await start(`servers from file "${file}" every 100ms; retry 1`, { threads });
    try {
      const answer = ask(stage.address);
      const wire = await asked.promise;
      replace(file, `${two}\n`);
      await eventually('the other server', () => stage.members().join() === two);
      wire.destroy();
      assert.deepEqual(await answer, { status: 200, body: 'two' });
      await eventually('all counts to be zero', () => stage.gateway.stats().backends[0]!.open === 0);
    } finally {
      await dying.stop();
    }
  });
}

test('what waits over a reload sees new servers if nothing else of its backend has changed', async (t) => {
  const [full, added] = [await startHolding(t), await startHolding(t)];
  const lines = (more = '', words = '') =>
    rulesOf(`server a ${full.address} max 1; timeout queue 1m; ${words}\n${more}`);
  await using stage = await start(`server a ${full.address} max 1; timeout queue 1m`, { threads: 0 });
  const { gateway, address } = stage;
  const waiting = () => gateway.stats().backends[0]!.waiting;
  const asked = [get(address, '/1'), get(address, '/2')];
  await full.arrived(1);
  await eventually('one to wait', () => waiting() === 1);
  await gateway.reload({ rules: lines(`server b ${added.address}`, 'max 9') });
  assert.equal(waiting(), 1, 'it is another backend now');
  full.answer(0);
  await full.arrived(2);
  asked.push(get(address, '/3'), get(address, '/4'));
  await added.arrived(1);
  full.answerAll();
  added.answerAll();
  assert.deepEqual(
    (await Promise.all(asked)).map(({ status }) => status),
    [200, 200, 200, 200],
  );
});

test('a backend that is full, and one server more by reload', async (t) => {
  const [full, added] = [await startHolding(t), await startHolding(t)];
  await using stage = await start(`server a ${full.address} max 1; timeout queue 1m`, { threads: 0 });
  const { gateway, address } = stage;
  const asked = [get(address, '/1'), get(address, '/2')];
  await full.arrived(1);
  await eventually('one to wait', () => gateway.stats().backends[0]!.waiting === 1);
  await gateway.reload({
    rules: rulesOf(`server a ${full.address} max 1; timeout queue 1m; server b ${added.address}`),
  });
  await added.arrived(1);
  full.answerAll();
  added.answerAll();
  for (const { status } of await Promise.all(asked)) assert.equal(status, 200);
});

test('a found server gets its first request after its first good probe', async () => {
  const file = join(temporaryFolder(), 'servers.json');
  let isReady = false;
  let requests = 0;
  const late = createServer((request, response) => {
    if (request.url === '/healthz') response.statusCode = isReady ? 200 : 503;
    else requests++;
    response.end('late');
  });
  late.listen(0, '127.0.0.1');
  await once(late, 'listening');
  const name = `127.0.0.1:${(late.address() as AddressInfo).port}`;
  writeFileSync(file, JSON.stringify([one]));
  try {
    await using stage = await start(`servers from file "${file}" every 100ms\ncheck GET /healthz every 100ms rise 5`);
    const come = once(stage.gateway, 'server');
    replace(file, JSON.stringify([one, name]));
    const [event] = await come;
    assert.deepEqual([event.from, event.to], ['absent', 'stopped']);
    await eventually('a probe', () => stage.gateway.server(`app/${name}`).state === 'stopped');
    for (let turn = 0; turn < 20; turn++) assert.equal((await ask(stage.address)).body, 'one');
    assert.equal(requests, 0);
    isReady = true;
    await met(stage.address, 'one', 'late');
  } finally {
    late.close();
    late.closeAllConnections();
  }
});

test('without any answer a start waits no longer than it may, then answers 503 until there is one', async () => {
  const file = join(temporaryFolder(), 'servers.json');
  await using stage = await start(`servers from file "${file}" every 100ms wait 50ms`);
  assert.deepEqual(stage.members(), []);
  assert.equal(stage.discovery().reason, 'there is no such file');
  assert.equal((await ask(stage.address)).status, 503);
  writeFileSync(file, JSON.stringify([one]));
  await met(stage.address, 'one');
});

test('a reload keeps discovered servers, and a removed line removes its servers', async () => {
  const file = join(temporaryFolder(), 'servers.json');
  writeFileSync(file, JSON.stringify([one, two]));
  const line = `servers from file "${file}" every 100ms`;
  await using stage = await start(line);
  const before = stage.discovery().questions;
  await stage.gateway.reload({ rules: rulesOf(`# moved\n\n${line}\nserver fixed ${three}`) });
  assert.deepEqual(stage.members(), ['fixed', one, two]);
  assert.ok(stage.discovery().questions >= before);
  const events: string[] = [];
  stage.gateway.on('server', ({ server, to, reason }) => events.push(`${server} ${to}: ${reason}`));
  await stage.gateway.reload({ rules: rulesOf(`server fixed ${three}`) });
  assert.deepEqual(stage.members(), ['fixed']);
  assert.deepEqual(
    events,
    [one, two].map((name) => `${name} absent: the rules no longer ask for it`),
  );
  await met(stage.address, 'three');
});

test('a thread that is lost and replaced has the members of now', async () => {
  const file = join(temporaryFolder(), 'servers.json');
  writeFileSync(file, JSON.stringify([one]));
  await using stage = await start(`servers from file "${file}" every 100ms`, {
    rules: `use leaving from "${import.meta.dirname}/fixtures/leaving-word.js"
listener web on 127.0.0.1:0 { deny leaving is yes\n otherwise send to app }
backend app { servers from file "${file}" every 100ms }`,
  });
  replace(file, JSON.stringify([two]));
  await met(stage.address, 'two');
  const replaced = eventually('a replacement', () =>
    stage.gateway.stats().threads.some(({ replaced: times }) => times > 0),
  );
  const client = await connectTo(stage.address);
  client.send('GET /leave HTTP/1.1\r\nHost: a\r\n\r\n');
  await replaced;
  client.destroy();
  await eventually('all threads', () => stage.gateway.stats().threads.every(({ state }) => state === 'serving'));
  for (let turn = 0; turn < 20; turn++) assert.equal((await ask(stage.address)).body, 'two');
  replace(file, JSON.stringify([two, three]));
  await met(stage.address, 'two', 'three');
});

// On the loopback every server has an address of its own in 127.0.0.0/8, and all the same port.
async function siblings(...hosts: string[]): Promise<{ port: number; stop(): Promise<void> }> {
  const answer =
    (host: string): RequestListener =>
    (_request, response) =>
      response.end(host);
  const made: Server[] = [];
  let port = 0;
  for (const host of hosts) {
    const server = createServer(answer(host));
    server.listen(port, host);
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
    made.push(server);
  }
  return {
    port,
    async stop() {
      for (const server of made) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

test(
  'A records are servers; those that come are used, those that go are gone after the grace',
  skipUnless('dnsmasq'),
  async () => {
    const dns = await Dnsmasq.start({ 'app.internal': ['127.0.0.11', '127.0.0.12'] });
    const { port, stop } = await siblings('127.0.0.11', '127.0.0.12', '127.0.0.13');
    try {
      await using stage = await start(
        `servers from dns "app.internal" port ${port} resolver "${dns.address}" grace 500ms ttl at least 100ms`,
      );
      await met(stage.address, '127.0.0.11', '127.0.0.12');
      const load = new Load(stage.address, { connections: 4 });
      await dns.set({ 'app.internal': ['127.0.0.13', '127.0.0.12'] });
      await met(stage.address, '127.0.0.13');
      await eventually('the old one to go', () => !stage.members().includes(`127.0.0.11:${port}`));
      assert.deepEqual(stage.members(), [`127.0.0.12:${port}`, `127.0.0.13:${port}`]);
      // The name is gone: the last good answer stays.
      await dns.set({ 'other.internal': ['127.0.0.11'] });
      await eventually('a failure', () => stage.discovery().reason === 'the name has no addresses');
      await load.more(50);
      assert.equal(stage.members().length, 2);
      // So it does when nobody answers.
      await dns.stop();
      await eventually('another failure', () => /is there|not answer/.test(stage.discovery().reason), 20_000);
      await load.more(50);
      assert.equal(stage.members().length, 2);
      await load.stop();
      assert.deepEqual(load.failures, []);
    } finally {
      await dns.stop();
      await stop();
    }
  },
);

test('SRV records set ports, weights and backups', skipUnless('dnsmasq'), async () => {
  const dns = await Dnsmasq.start(
    { 'a.internal': ['127.0.0.11'], 'b.internal': ['127.0.0.12'], 'c.internal': ['::1'] },
    [
      '_http._tcp.app.internal,a.internal,8001,10,30',
      '_http._tcp.app.internal,b.internal,8002,10,10',
      '_http._tcp.app.internal,c.internal,8003,20,0',
      '_http._tcp.app.internal,nowhere.internal,8004,10,1',
    ],
  );
  try {
    await using stage = await start(`servers from dns srv "_http._tcp.app.internal" resolver "${dns.address}"`);
    assert.deepEqual(
      stage.gateway
        .stats()
        .backends[0]!.servers.map(({ name, weight, isBackup }) => [name, weight, isBackup])
        .sort(),
      [['127.0.0.11:8001', 30, false], ['127.0.0.12:8002', 10, false], ['[::1]:8003', 1, true]], // biome-ignore format: a table
    );
  } finally {
    await dns.stop();
  }
});

test('a DNS server that fails, sends garbage or is silent leaves start-up without servers, with the reason', async () => {
  const dns = await BadDns.start();
  try {
    for (const [answer, reason] of [
      [(question: Buffer) => refusal(question, 2), /SERVFAIL/],
      [(question: Buffer) => refusal(question, 5), /refused/],
      [(question: Buffer) => refusal(question, 3), /^the name has no addresses$/],
      [
        (question: Buffer) => Buffer.concat([refusal(question, 0).subarray(0, 14), Buffer.alloc(40, 0xff)]),
        /DNS server/,
      ],
    ] as const) {
      dns.answer = answer;
      await using stage = await start(
        `servers from dns "app.internal" port 80 resolver "${dns.address}" ipv4 only wait 0s`,
        { threads: 0 },
      );
      await eventually(`a reason like ${reason}`, () => reason.test(stage.discovery().reason), 15_000);
      assert.equal((await ask(stage.address)).status, 503);
    }
  } finally {
    dns.stop();
  }
});

async function endpoint(answer: RequestListener) {
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.headers['if-none-match']);
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/servers`,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

test('an HTTP endpoint is queried with its ETag, and its servers are used', async () => {
  let names = [one];
  await using http = await endpoint((request, response) => {
    const etag = `"${names.length}"`;
    response.setHeader('ETag', etag);
    if (request.headers['if-none-match'] === etag) response.statusCode = 304;
    response.end(response.statusCode === 304 ? '' : JSON.stringify({ servers: names }));
  });
  await using stage = await start(`servers from http "${http.url}" every 100ms`);
  assert.deepEqual(stage.members(), [one]);
  await eventually('a question with the ETag', () => http.asked.includes('"1"'));
  names = [one, two];
  await met(stage.address, 'one', 'two');
  assert.equal(stage.discovery().failures, 0);
});

const BAD_ANSWERS: Readonly<Record<string, readonly [answer: RequestListener, reason: RegExp]>> = {
  'a redirect': [
    (_, out) => out.writeHead(302, { location: '/x' }).end(),
    /^status 302, but redirects are not followed$/,
  ],
  'a status': [(_, out) => out.writeHead(500).end('private'), /^status 500, expected 200$/],
  '304 that was not asked for': [(_, out) => out.writeHead(304).end(), /^status 304/],
  rubbish: [(_, out) => out.end('private rubbish'), /^line 1: this is not JSON$/],
  'two megabytes': [(_, out) => out.end(Buffer.alloc(2_000_000, 32)), /larger than 1048576 bytes$/],
  'megabytes without a length': [
    (_, out) => {
      for (let count = 0; count < 20; count++) out.write(Buffer.alloc(100_000, 32));
      out.end();
    },
    /larger than 1048576 bytes$/,
  ],
  'a port out of range': [(_, out) => out.end('["127.0.0.1:70000"]'), /^line 1: server 1 has a bad `address`/],
  'a weight out of range': [
    (_, out) => out.end('[\n{"address":"127.0.0.1:80","weight":300}]'),
    /^line 2: server 1 has a bad `weight`: it must be <= 256$/,
  ],
  'the same server twice': [
    (_, out) => out.end('["127.0.0.1:80",\n"127.0.0.1:80"]'),
    /^line 2: server 2 has the address/,
  ],
  'a key of its own': [(_, out) => out.end('[{"address":"127.0.0.1:80","private":1}]'), /has a key that is not one/],
  'a socket file': [(_, out) => out.end('["unix:/run/private.sock"]'), /is a socket file/],
  'too many servers': [
    (_, out) => out.end(JSON.stringify(Array.from({ length: 11 }, (_each, at) => `127.0.0.1:${at + 1}`))),
    /^11 servers, at most 10 are allowed/,
  ],
  'an answer that breaks off': [
    (_, out) => {
      out.writeHead(200, { 'content-length': '100' });
      out.write('["127', () => out.destroy());
    },
    /broke off/,
  ],
  'nothing at all': [() => {}, /^no answer within 300 ms$/],
  'half an answer': [(_, out) => void out.write('["127'), /^no answer within 300 ms$|ABORT/],
  'compressed text': [(_, out) => out.writeHead(200, { 'content-encoding': 'gzip' }).end('x'), /compressed/],
  'bytes that are no text': [(_, out) => out.end(Buffer.from([0x22, 0xff, 0x22])), /not UTF-8/],
};

for (const [what, [answer, reason]] of Object.entries(BAD_ANSWERS)) {
  test(`an endpoint that sends ${what} changes nothing, and its answer is not quoted`, async () => {
    let isBad = false;
    await using http = await endpoint((request, response) => {
      if (isBad) answer(request, response);
      else response.end(JSON.stringify([one]));
    });
    await using stage = await start(`servers from http "${http.url}" every 100ms timeout 300ms at most 10`, {
      threads: 0,
    });
    const failed = once(stage.gateway, 'discovery');
    isBad = true;
    const [event] = await failed;
    assert.equal(event.isOk, false);
    assert.match(event.reason, reason);
    assert.doesNotMatch(event.reason, /private|127\.0|70000/);
    assert.deepEqual(stage.members(), [one]);
    assert.equal((await ask(stage.address)).body, 'one');
  });
}

test('an https endpoint is believed when its certificate is right, and asked nothing when it is not', {
  skip: hasOpenssl ? false : 'openssl is not there',
}, async () => {
  const authority = new Authority(temporaryFolder());
  authority.issue('own', ['127.0.0.1']);
  authority.issue('other', ['endpoint.test']);
  let asked = 0;
  const listen = async (name: string) => {
    const pem = authority.read(`${name}.pem`);
    const server = createTlsServer({ key: pem, cert: pem }, (_request, response) => {
      asked++;
      response.end(JSON.stringify({ servers: [one] }));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { server, url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/servers` };
  };
  const [own, other] = [await listen('own'), await listen('other')];
  const ca = `ca "${authority.at('root.crt')}"`;
  try {
    {
      await using stage = await start(`servers from http "${own.url}" ${ca} every 100ms`);
      assert.deepEqual(stage.members(), [one]);
      assert.equal((await ask(stage.address)).body, 'one');
    }
    const before = asked;
    for (const [line, reason] of [
      [`servers from http "${own.url}" every 100ms wait 2s`, /^UNABLE_TO_VERIFY|^UNABLE_TO_GET_ISSUER/],
      [`servers from http "${other.url}" ${ca} every 100ms wait 2s`, /^ERR_TLS_CERT_ALTNAME_INVALID$/],
    ] as const) {
      await using stage = await start(line);
      assert.deepEqual(stage.members(), []);
      assert.match(stage.discovery().reason, reason);
      assert.equal((await ask(stage.address)).status, 503);
    }
    assert.equal(asked, before, 'nothing was said to whoever it was');
  } finally {
    own.server.close();
    other.server.close();
  }
});

test('a backend whose found servers are too few falls back, and comes back when they are found', async () => {
  const file = join(temporaryFolder(), 'servers.txt');
  writeFileSync(file, '');
  const line = `servers from file "${file}" every 100ms\nfall back to spare when healthy below 2\n}\nbackend spare of ${three} {`;
  await using stage = await start(line);
  const { gateway, address } = stage;
  const events: string[] = [];
  gateway.on('fallBack', ({ isActive, healthy }) => events.push(`${isActive} ${healthy}`));
  assert.equal((await ask(address)).body, 'three', 'nobody was found');
  replace(file, `${one}\n`);
  await eventually('the first', () => stage.members().length === 1);
  assert.equal((await ask(address)).body, 'three', 'one is too few');
  replace(file, `${one}\n${two}\n`);
  await eventually('both', () => stage.members().length === 2);
  await met(address, 'one', 'two');
  assert.equal(gateway.stats().backends[0]!.fallsBackTo, null);
  await gateway.server(`app/${two}`).maint();
  await eventually('the other backend', async () => (await ask(address)).body === 'three');
  gateway.server(`app/${two}`).ready();
  await eventually('its own servers', async () => (await ask(address)).body !== 'three');
  replace(file, `${two}\n`);
  await eventually('one to go', () => stage.members().length === 1);
  await eventually('the other backend again', async () => (await ask(address)).body === 'three');
  await eventually('an event for each', () => events.length >= 4);
  assert.deepEqual(events, ['false 2', 'true 1', 'false 2', 'true 1']);
});

test('a found server is drained like any other: its clients stay, and a drain ends when it goes', async () => {
  const file = join(temporaryFolder(), 'servers.txt');
  writeFileSync(file, `${one}\n${two}\n`);
  await using stage = await start(`servers from file "${file}" every 100ms\nstick on header X-Client`, {
    admin: { address: '127.0.0.1:0' },
  });
  const { gateway, address } = stage;
  const as = async (client: string): Promise<string> => {
    const { body } = await get(address, '/', { 'X-Client': client });
    return body;
  };
  const homes = new Map<string, string>();
  for (let client = 0; client < 20; client++) homes.set(`${client}`, await as(`${client}`));
  const drained = gateway.server(`app/${one}`).drain();
  for (const [client, home] of homes) assert.equal(await as(client), home);
  for (let client = 20; client < 40; client++) assert.equal(await as(`${client}`), 'two');
  // By the admin API too, though its name is an address.
  const admin = new AdminClient(gateway.adminAddress!);
  const path = `/v1/backends/app/servers/${encodeURIComponent(one)}`;
  const { json } = await admin.get(path);
  assert.deepEqual([json.name, json.admin, json.source], [one, 'drain', `file "${file}" every 100ms`]);
  const changed = await admin.ask('PATCH', path, { body: { weight: 5 } });
  assert.deepEqual([changed.status, changed.json.weight], [200, 5]);
  replace(file, `${two}\n`);
  assert.equal((await drained).outcome, 'removed');
  for (const client of homes.keys()) assert.equal(await as(client), 'two');
  replace(file, `${one}\n${two}\n`);
  await eventually('it to be back', () => stage.members().length === 2);
  assert.equal(gateway.stats().backends[0]!.servers.find(({ name }) => name === one)!.admin, 'ready');
});

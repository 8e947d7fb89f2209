/**
 * `on down`: what becomes of open requests and tunnels on a server that goes down.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { after, type TestContext, test } from 'node:test';
import {
  type Address,
  connectTo,
  eventually,
  ok,
  RawServer,
  type Script,
  startGateway,
  type Wire,
} from '../kit/index.ts';

const SWITCHED = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

/** Site answers with its name. /hold is never answered by one that `holds`, /long never ends, /tunnel becomes one that echoes. */
class Site {
  readonly server: RawServer;
  isHealthy = true;

  static async start(name: string, holds: boolean): Promise<Site> {
    let site: Site;
    const script: Script = async (wire) => {
      for (;;) {
        const { target } = await wire.request();
        if (target === '/healthz')
          wire.send(site.isHealthy ? ok('well') : 'HTTP/1.1 500 Ill\r\nContent-Length: 0\r\n\r\n');
        else if (target === '/tunnel') {
          wire.send(SWITCHED);
          for (;;) wire.send(await wire.text('!'));
        } else if (target === '/long') {
          wire.send('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf');
          return;
        } else if (target !== '/hold' || !holds) wire.send(ok(name));
      }
    };
    const server = await RawServer.start(script);
    site = new Site(server);
    return site;
  }

  private constructor(server: RawServer) {
    this.server = server;
  }

  get address(): string {
    return `127.0.0.1:${this.server.address.port}`;
  }
}

const [one, spare] = await Promise.all([Site.start('one', true), Site.start('spare', false)]);
after(() => Promise.all([one.server.stop(), spare.server.stop()]));

async function gatewayOf(t: TestContext, lines: string, threads: number, listener = 'listener web on 127.0.0.1:0') {
  one.isHealthy = true;
  const started = await startGateway(
    `${listener} { otherwise send to app }
backend app {
  server one ${one.address}
  server spare ${spare.address} backup
  ${lines}
}`,
    threads,
  );
  t.after(() => started.stop());
  const open = () => started.gateway.server('app/one').open;
  const closed = () => started.gateway.stats().backends[0]!.counters.closedOnDown;
  return { ...started, open, closed };
}

async function send(address: Address, bytes: string): Promise<Wire> {
  return (await connectTo(address)).send(bytes);
}

const request = (line: string, fields = '') => `${line} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
const UPGRADE = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';

async function tunnelTo(address: Address): Promise<Wire> {
  const wire = await send(address, request('GET /tunnel', UPGRADE));
  assert.equal((await wire.answer()).status, 101);
  return wire;
}

async function echoes(wire: Wire): Promise<void> {
  wire.send('hello!');
  assert.equal(await wire.text('!'), 'hello!');
}

for (const threads of [0, 2]) {
  test(`close: what can go elsewhere does, the rest is ended, and other servers are left alone (${threads} threads)`, async (t) => {
    const { gateway, address, open, closed } = await gatewayOf(t, 'on down close', threads);
    gateway.server('app/one').maint();
    const elsewhere = await tunnelTo(address);
    gateway.server('app/one').ready();
    const safe = await Promise.all(Array.from({ length: 4 }, () => send(address, request('GET /hold'))));
    const unsafe = await send(address, `${request('POST /hold', 'Content-Length: 2\r\n')}hi`);
    const unfinished = await send(address, `${request('PUT /hold', 'Content-Length: 5\r\n')}hi`);
    const long = await send(address, request('GET /long'));
    await long.text('half');
    const tunnel = await tunnelTo(address);
    await echoes(tunnel);
    await eventually('eight are open', () => open() === 8);

    gateway.server('app/one').maint();
    for (const wire of safe) assert.equal((await wire.answer()).body.toString(), 'spare');
    assert.equal((await unsafe.answer()).status, 503);
    assert.equal((await unfinished.answer()).status, 503);
    await long.closed();
    assert.equal(long.pending.toString(), '', 'half an answer stays half an answer');
    await tunnel.closed();
    await echoes(elsewhere);
    await eventually('nothing is open there', () => open() === 0);
    assert.equal(closed(), 8);
    // A connection that was answered goes on.
    safe[0]!.send(request('GET /next'));
    assert.equal((await safe[0]!.answer()).body.toString(), 'spare');
  });

  test(`close: a check that fails ends them too (${threads} threads)`, async (t) => {
    const { gateway, address } = await gatewayOf(
      t,
      'check GET /healthz every 50ms fall 1 rise 1; on down close',
      threads,
    );
    await eventually('it has been checked', () => gateway.stats().backends[0]!.servers[0]!.lastCheck === 'passed');
    const tunnel = await tunnelTo(address);
    const held = await send(address, request('GET /hold'));
    one.isHealthy = false;
    await tunnel.closed();
    assert.equal((await held.answer()).body.toString(), 'spare');
  });

  test(`keep, the default: they continue (${threads} threads)`, async (t) => {
    const { gateway, address, open, closed } = await gatewayOf(t, threads === 0 ? '' : 'on down keep', threads);
    const tunnel = await tunnelTo(address);
    gateway.server('app/one').maint();
    const next = await send(address, request('GET /x'));
    assert.equal((await next.answer()).body.toString(), 'spare');
    await echoes(tunnel);
    assert.deepEqual([open(), closed()], [1, 0]);
  });

  test(`close: a draining server keeps its requests until its deadline (${threads} threads)`, async (t) => {
    const { gateway, address } = await gatewayOf(t, 'on down close', threads);
    const tunnel = await tunnelTo(address);
    const drained = once(gateway, 'drained');
    gateway.server('app/one').drain();
    const next = await send(address, request('GET /x'));
    assert.equal((await next.answer()).body.toString(), 'spare');
    await echoes(tunnel);
    gateway.server('app/one').drain({ deadline: '1ms' });
    await tunnel.closed();
    await drained;
  });

  test(`close: relayed connections end with their server (${threads} threads)`, async (t) => {
    const listener = 'listener web on 127.0.0.1:0 tcp';
    const { gateway, address } = await gatewayOf(t, 'on down close', threads, listener);
    const wire = await tunnelTo(address);
    gateway.server('app/one').maint();
    await wire.closed();
    await echoes(await tunnelTo(address));
  });
}

test('close: of one HTTP/2 connection only the streams on that server are moved or ended', async (t) => {
  const { gateway, address, open } = await gatewayOf(t, 'on down close', 0);
  const client = connectHttp2(`http://${address.host}:${address.port}`);
  t.after(() => client.destroy());
  const ask = (path: string) => {
    const stream = client.request({ ':path': path });
    stream.setEncoding('utf8');
    // What is half answered when the gateway stops is broken off.
    stream.on('error', () => {});
    return stream;
  };
  gateway.server('app/one').maint();
  const other = ask('/long');
  await once(other, 'data');
  gateway.server('app/one').ready();
  const held = ask('/hold');
  const long = ask('/long');
  await once(long, 'data');
  await eventually('both are open', () => open() === 2);
  const broken = once(long, 'error');
  const answered = once(held, 'data');
  gateway.server('app/one').maint();
  assert.deepEqual(await answered, ['spare']);
  await broken;
  assert.equal(other.closed, false);
  const next = ask('/next');
  assert.deepEqual(await once(next, 'data'), ['spare']);
});

test('close: without another server the client gets 503, or the fallback if there is one', async (t) => {
  const started = await startGateway(
    `listener web on 127.0.0.1:0 { otherwise send to app }
backend app { server one ${one.address}; on down close; fall back to other }
backend other of ${spare.address}`,
  );
  t.after(() => started.stop());
  const { gateway, address } = started;
  const held = await send(address, request('GET /hold'));
  const unsafe = await send(address, `${request('POST /hold', 'Content-Length: 2\r\n')}hi`);
  await eventually('both are open', () => gateway.server('app/one').open === 2);
  gateway.server('app/one').maint();
  assert.equal((await held.answer()).body.toString(), 'spare');
  assert.equal((await unsafe.answer()).status, 503);
});

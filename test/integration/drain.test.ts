/**
 * Drain and maint with proof: which clients stay, until when, the remaining sessions, and the one event after the last session ends.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { createGateway, type DrainedEvent, type Gateway } from 'sluice';
import {
  type Address,
  connectTo,
  eventually,
  fieldOf,
  ok,
  RawServer,
  type Script,
  temporaryFolder,
} from '../kit/index.ts';

const SWITCHED = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
const UPGRADE = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';

/** Answers with its name; /login sets a cookie, /hold waits until it is let go, /half never ends, /tunnel becomes one. */
class NamedSite {
  readonly name: string;
  readonly server: RawServer;
  #release: () => void = () => {};
  #released = new Promise<void>((resolve) => {
    this.#release = resolve;
  });

  static async start(name: string): Promise<NamedSite> {
    let site: NamedSite;
    const script: Script = async (wire) => {
      for (;;) {
        const { target } = await wire.request();
        if (target.startsWith('/hold')) await site.#released;
        if (target === '/tunnel') {
          wire.send(SWITCHED);
          return;
        }
        if (target === '/half') {
          wire.send('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf');
          return;
        }
        const user = /^\/login\/(.+)$/.exec(target)?.[1];
        wire.send(user === undefined ? ok(name) : ok(name, `Set-Cookie: sid=${user}; Path=/`));
      }
    };
    const server = await RawServer.start(script);
    site = new NamedSite(name, server);
    return site;
  }

  private constructor(name: string, server: RawServer) {
    this.name = name;
    this.server = server;
  }

  /** release lets everything end that is held. */
  release(): void {
    this.#release();
  }
}

interface StageOptions {
  readonly threads?: number;
  /** More lines of the backend. */
  readonly backend?: string;
  readonly head?: string;
  readonly beatLimitMs?: number;
}

async function stage({ threads = 2, backend = '', head = '', ...options }: StageOptions = {}) {
  const sites = await Promise.all(['one', 'two'].map((name) => NamedSite.start(name)));
  const [one, two] = sites.map(({ server }) => `127.0.0.1:${server.address.port}`);
  const rulesWith = (servers: string): string => `${head}
listener web on 127.0.0.1:0 { otherwise send to app }
backend app {
  ${servers}
  ${backend}
}
`;
  const rules = rulesWith(`server one ${one}; server two ${two}`);
  const gateway = await createGateway({ rules, threads, logger: false, ...options });
  await gateway.start();
  const address = gateway.addresses().web as Address;
  const drained: DrainedEvent[] = [];
  gateway.on('drained', (event) => drained.push(event));
  const wires: Awaited<ReturnType<typeof connectTo>>[] = [];
  /** Sends a request whose answer is not waited for. */
  const begin = async (target: string, more = '') => {
    const wire = await connectTo(address);
    wires.push(wire);
    wire.send(`GET ${target} HTTP/1.1\r\nHost: a\r\n${more}\r\n`);
    return wire;
  };
  const ask = async (target: string, more = '') => (await (await begin(target, more)).answer()).body.toString();
  return {
    gateway,
    address,
    sites,
    one: one!,
    two: two!,
    rulesWith,
    drained,
    begin,
    ask,
    async [Symbol.asyncDispose]() {
      for (const wire of wires) wire.destroy();
      for (const site of sites) site.release();
      await gateway.stop({ deadline: 0 });
      await Promise.all(sites.map(({ server }) => server.stop()));
    },
  };
}

/** Leaves one server only. */
function onlyOne(gateway: Gateway): void {
  gateway.server('app/two').weight(0);
}

const opened = (gateway: Gateway, open: number) =>
  eventually(`${open} open on app/one`, () => gateway.server('app/one').open === open);

test('a drain ends, and its event comes once, when the last open request has ended', async () => {
  await using here = await stage();
  const { gateway, sites, begin, ask, drained } = here;
  onlyOne(gateway);
  const held = [await begin('/hold/a'), await begin('/hold/b'), await begin('/hold/c')];
  await opened(gateway, 3);
  gateway.server('app/two').weight(1);
  const result = gateway.server('app/one').drain();
  assert.equal(gateway.server('app/one').draining?.isDone, false);
  for (let round = 0; round < 4; round++) assert.equal(await ask('/'), 'two', 'no new client gets the draining server');
  assert.equal(drained.length, 0);
  sites[0]!.release();
  for (const wire of held) assert.equal((await wire.answer()).body.toString(), 'one', 'what was open is answered');
  const { outcome, isMoved, cut } = await result;
  assert.deepEqual({ outcome, isMoved, cut }, { outcome: 'drained', isMoved: false, cut: 0 });
  assert.equal(drained.length, 1);
  assert.deepEqual([drained[0]!.backend, drained[0]!.server, drained[0]!.admin], ['app', 'one', 'drain']);
  assert.equal(gateway.server('app/one').open, 0);
  assert.equal(gateway.server('app/one').draining?.isDone, true);
});

test('a drain waits for clients that may come back, and its deadline moves them', async () => {
  await using here = await stage({ backend: 'stick on cookie sid' });
  const { gateway, ask, drained } = here;
  onlyOne(gateway);
  assert.equal(await ask('/login/u1'), 'one');
  gateway.server('app/two').weight(1);
  const one = gateway.server('app/one');
  const result = one.drain();
  assert.equal((await one.sessions()).returning, 1);
  for (let round = 0; round < 3; round++) assert.equal(await ask('/', 'Cookie: sid=u1\r\n'), 'one', 'it stays');
  assert.equal(await ask('/'), 'two', 'others go elsewhere');
  assert.equal(drained.length, 0, 'it may come back, so this is not the end');
  const changed = once(gateway, 'admin');
  const again = one.drain({ deadline: '20ms' });
  assert.deepEqual(await changed, [{ backend: 'app', server: 'one', from: 'drain', to: 'maint' }]);
  const { outcome, isMoved } = await again;
  assert.deepEqual({ outcome, isMoved }, { outcome: 'drained', isMoved: true });
  assert.equal(await result, await again, 'one drain has one result');
  assert.equal(drained.length, 1);
  assert.equal(await ask('/', 'Cookie: sid=u1\r\n'), 'two', 'the client was moved');
  one.ready();
  assert.equal(await ask('/', 'Cookie: sid=u1\r\n'), 'two', 'and stays where it is now');
});

test('a drain of a sticky backend ends automatically when its clients’ entries expire', async () => {
  await using here = await stage({ backend: 'stick on cookie sid ttl 1s' });
  const { gateway, ask } = here;
  onlyOne(gateway);
  assert.equal(await ask('/login/u1'), 'one');
  gateway.server('app/two').weight(1);
  const { outcome, isMoved } = await gateway.server('app/one').drain();
  assert.deepEqual({ outcome, isMoved }, { outcome: 'drained', isMoved: false });
});

test('if returning clients cannot be counted, a drain lasts until its deadline, and then they are moved', async () => {
  await using here = await stage({ backend: 'stick with cookie SRV' });
  const { gateway, begin, ask } = here;
  onlyOne(gateway);
  const first = await (await begin('/')).answer();
  const cookie = `Cookie: ${fieldOf(first, 'set-cookie')!.split(';')[0]}\r\n`;
  gateway.server('app/two').weight(1);
  const result = gateway.server('app/one').drain({ deadline: '300ms' });
  assert.equal(await ask('/', cookie), 'one', 'it stays');
  const { outcome, isMoved } = await result;
  assert.deepEqual({ outcome, isMoved }, { outcome: 'drained', isMoved: true });
  assert.equal(await ask('/', cookie), 'two', 'it was moved');
});

test('the remaining sessions of a server are listed: requests and tunnels, oldest first, without queries', async () => {
  await using here = await stage();
  const { gateway, begin } = here;
  onlyOne(gateway);
  const tunnel = await begin('/tunnel', UPGRADE);
  assert.equal((await tunnel.answer()).status, 101);
  await begin('/hold/x?token=very-secret');
  await opened(gateway, 2);
  const { open, returning, sessions } = await gateway.server('app/one').sessions();
  assert.deepEqual({ open, returning }, { open: 2, returning: 0 });
  const seen = sessions.map(({ kind, client, listener, method, path, isSticky }) => ({
    kind,
    client,
    listener,
    method,
    path,
    isSticky,
  }));
  const common = { client: '127.0.0.1', listener: 'web', method: 'GET', isSticky: false };
  assert.deepEqual(seen, [
    { kind: 'tunnel', path: '/tunnel', ...common },
    { kind: 'request', path: '/hold/x', ...common },
  ]);
  assert.ok(sessions[0]!.bytesIn > 0 && sessions[0]!.bytesOut > 0 && sessions[0]!.ageMs >= sessions[1]!.ageMs);
  const fewer = await gateway.server('app/one').sessions({ most: 1 });
  assert.deepEqual([fewer.open, fewer.sessions.length], [2, 1]);
  assert.deepEqual((await gateway.server('app/two').sessions()).sessions, []);
});

for (const threads of [0, 2]) {
  test(`at the deadline, close retries unanswered requests elsewhere, answers the others, and counts what it cuts off (${threads} threads)`, async () => {
    await using here = await stage({ threads });
    const { gateway, sites, begin, drained, address } = here;
    onlyOne(gateway);
    const tunnel = await begin('/tunnel', UPGRADE);
    await tunnel.answer();
    const half = await begin('/half');
    await half.text('half');
    const held = await Promise.all([begin('/hold/a'), begin('/hold/b'), begin('/hold/c')]);
    const unsafe = await connectTo(address);
    unsafe.send('POST /hold/d HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi');
    const unfinished = await connectTo(address);
    unfinished.send('PUT /hold/e HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhi');
    await opened(gateway, 7);
    gateway.server('app/two').weight(1);
    const { outcome, isMoved, cut } = await gateway.server('app/one').drain({ deadline: '10ms', close: true });
    assert.deepEqual({ outcome, isMoved, cut }, { outcome: 'drained', isMoved: true, cut: 4 });
    await tunnel.closed();
    await half.closed();
    assert.equal(half.pending.toString(), '', 'half an answer stays half an answer');
    assert.equal((await unsafe.answer()).status, 503);
    assert.equal((await unfinished.answer()).status, 503);
    sites[1]!.release();
    for (const wire of held) assert.equal((await wire.answer()).body.toString(), 'two');
    assert.deepEqual([drained.length, drained[0]!.cut], [1, 4]);
    for (const wire of [unsafe, unfinished]) wire.destroy();
  });
}

test('close with no other server answers 503, at once with maint', async () => {
  await using here = await stage();
  const { gateway, begin } = here;
  gateway.server('app/two').maint();
  const held = await begin('/hold');
  await opened(gateway, 1);
  const { outcome, cut } = await gateway.server('app/one').maint({ close: true });
  assert.deepEqual({ outcome, cut }, { outcome: 'drained', cut: 1 });
  assert.equal((await held.answer()).status, 503);
});

test('close leaves the streams of an HTTP/2 connection alone that are with other servers', async (t) => {
  await using here = await stage({ threads: 0 });
  const { gateway, address, sites } = here;
  const client = connectHttp2(`http://${address.host}:${address.port}`);
  t.after(() => client.destroy());
  const ask = (path: string) => {
    // What is half answered when the gateway stops is broken off.
    const stream = client.request({ ':path': path }).on('error', () => {});
    return stream.setEncoding('utf8');
  };
  gateway.server('app/one').maint();
  const other = ask('/half');
  await once(other, 'data');
  gateway.server('app/one').ready();
  onlyOne(gateway);
  const held = ask('/hold');
  const half = ask('/half');
  await once(half, 'data');
  await opened(gateway, 2);
  const { open, sessions } = await gateway.server('app/one').sessions();
  assert.deepEqual([open, sessions.map(({ path }) => path)], [2, ['/hold', '/half']], 'each stream is one');
  gateway.server('app/two').weight(1);
  const broken = once(half, 'error');
  const moved = once(held, 'data');
  const { cut } = await gateway.server('app/one').maint({ close: true });
  assert.equal(cut, 1);
  await broken;
  sites[1]!.release();
  assert.deepEqual(await moved, ['two']);
  assert.equal(other.closed, false);
  assert.equal(client.closed, false);
});

test('maint lets open requests finish, and reports when they have', async () => {
  await using here = await stage({ backend: 'stick on cookie sid' });
  const { gateway, sites, begin, ask, drained } = here;
  onlyOne(gateway);
  assert.equal(await ask('/login/u1'), 'one');
  const held = await begin('/hold');
  await opened(gateway, 1);
  gateway.server('app/two').weight(1);
  const result = gateway.server('app/one').maint();
  assert.equal(await ask('/', 'Cookie: sid=u1\r\n'), 'two', 'sticky clients are moved at once');
  assert.equal(drained.length, 0);
  sites[0]!.release();
  await held.answer();
  assert.equal((await result).outcome, 'drained');
  assert.equal(drained[0]!.admin, 'maint');
});

test('ready takes a drain back: no event, and the server is used again', async () => {
  await using here = await stage();
  const { gateway, sites, begin, ask, drained } = here;
  onlyOne(gateway);
  const held = await begin('/hold');
  await opened(gateway, 1);
  const one = gateway.server('app/one');
  const result = one.drain({ deadline: '1h' });
  one.ready();
  assert.equal((await result).outcome, 'cancelled');
  assert.equal(one.draining, null);
  sites[0]!.release();
  await held.answer();
  assert.equal(await ask('/'), 'one');
  assert.equal(drained.length, 0);
});

test('a drain continues across a reload, and ends as removed when the server is removed', async () => {
  await using here = await stage();
  const { gateway, sites, begin, drained, rulesWith, one, two } = here;
  onlyOne(gateway);
  const held = await begin('/hold');
  await opened(gateway, 1);
  const first = gateway.server('app/one').drain();
  const second = gateway.server('app/two').drain();
  assert.equal((await second).outcome, 'drained');
  await gateway.reload();
  assert.equal(gateway.server('app/one').admin, 'drain');
  assert.equal(gateway.server('app/one').draining?.isDone, false);
  sites[0]!.release();
  await held.answer();
  assert.equal((await first).outcome, 'drained');
  assert.equal(drained.length, 2);
  gateway.server('app/two').ready();
  gateway.server('app/two').weight(1);
  const tunnel = await begin('/tunnel', UPGRADE);
  await tunnel.answer();
  const removed = gateway.server('app/two').drain();
  await gateway.reload({ rules: rulesWith(`server one ${one}; server three ${two}`) });
  assert.equal((await removed).outcome, 'removed');
  assert.equal(drained.length, 2, 'its end is not told');
});

test('stopping the gateway ends every drain', async () => {
  await using here = await stage();
  const { gateway, begin } = here;
  onlyOne(gateway);
  await begin('/hold');
  await opened(gateway, 1);
  const result = gateway.server('app/one').drain();
  await gateway.stop({ deadline: 0 });
  assert.equal((await result).outcome, 'stopped');
});

/** Hangs the thread for one path. */
const TERRIBLE = `
export default {
  name: 'terrible', apiVersion: 1, data: import.meta.url,
  components: [{ kind: 'component', slot: 'balance', name: 'terrible', doc: 'For tests.', example: 'balance terrible', args: [] }],
};
export const balancers = {
  terrible: () => ({
    pick(facts, pool) {
      if (facts.path === '/terrible') for (;;) {}
      for (let index = 0; index < pool.size; index++) if (pool.isUsable(index)) return index;
      return -1;
    },
  }),
};
`;

test('the death of a thread gives its sessions back, which may end a drain', async () => {
  const file = join(temporaryFolder(), 'terrible.js');
  writeFileSync(file, TERRIBLE);
  const head = `use terrible from "${pathToFileURL(file).href}"`;
  await using here = await stage({ threads: 1, head, backend: 'balance terrible', beatLimitMs: 1000 });
  const { gateway, begin, drained } = here;
  const held = await begin('/hold');
  await opened(gateway, 1);
  const result = gateway.server('app/one').drain();
  const lost = once(gateway, 'thread');
  await begin('/terrible');
  assert.equal((await lost)[0].event, 'lost');
  assert.equal((await result).outcome, 'drained');
  await held.closed();
  assert.equal(drained.length, 1);
  assert.equal(gateway.server('app/one').open, 0);
});

test('a drain on the caller’s own loop works the same', async () => {
  await using here = await stage({ threads: 0 });
  const { gateway, sites, begin, drained } = here;
  onlyOne(gateway);
  const held = await begin('/hold');
  await opened(gateway, 1);
  assert.equal((await gateway.server('app/one').sessions()).sessions[0]?.path, '/hold');
  const result = gateway.server('app/one').drain();
  sites[0]!.release();
  await held.answer();
  assert.equal((await result).outcome, 'drained');
  assert.equal(drained.length, 1);
});

test('clients that race a drain are answered, and none is on the server once the event has come', async () => {
  await using here = await stage();
  const { gateway, ask } = here;
  for (let round = 0; round < 5; round++) {
    const one = gateway.server('app/one');
    const racing = Array.from({ length: 20 }, () => ask('/'));
    const result = one.drain();
    await result;
    assert.equal(one.open, 0, 'nothing is open, or begins, once the end was told');
    const served = (await Promise.all(racing)).filter((name) => name === 'one' || name === 'two');
    assert.equal(served.length, 20);
    for (let at = 0; at < 5; at++) assert.equal(await ask('/'), 'two');
    one.ready();
  }
});

test('manual weight and max survive reloads until their value in the rules changes', async () => {
  await using here = await stage();
  const { gateway, rulesWith, one, two } = here;
  const now = () => gateway.stats().backends[0]!.servers.map(({ weight, max }) => [weight, max]);
  const changes: unknown[] = [];
  gateway.on('set', (event) => changes.push([event.server, event.what, event.from, event.to]));
  gateway.server('app/one').weight(7);
  gateway.server('app/one').max(9);
  gateway.server('app/one').max(9);
  await null;
  assert.deepEqual(changes, [
    ['one', 'weight', 1, 7],
    ['one', 'max', 0, 9],
  ]);
  await gateway.reload();
  assert.deepEqual(now(), [
    [7, 9],
    [1, 0],
  ]);
  await gateway.reload({ rules: rulesWith(`server one ${one} max 3; server two ${two} weight 2`) });
  assert.deepEqual(now(), [
    [7, 3],
    [2, 0],
  ]);
  assert.throws(() => gateway.server('app/one').max(-1), { code: 'SG0508' });
  assert.throws(() => gateway.server('app/one').weight(257), { code: 'SG0503' });
  assert.throws(() => gateway.server('app/one').drain({ deadline: 'soon' }), { code: 'SG0504' });
  assert.equal(gateway.server('app/one').admin, 'ready', 'a drain that is refused changes nothing');
});

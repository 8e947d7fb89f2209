/**
 * What stickiness does to answers, and what floods, restarts and lost threads do to stickiness.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { createGateway } from 'sluice';
import {
  type Address,
  connectTo,
  eventually,
  fieldOf,
  fieldsOf,
  ok,
  RawServer,
  type Script,
  startGateway,
  temporaryFolder,
} from '../kit/index.ts';

/** Answers with its name; at /login with a cookie of its own; takes every upgrade. */
const site =
  (name: string): Script =>
  async (wire) => {
    for (;;) {
      const { target } = await wire.request();
      if (target === '/socket')
        wire.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
      else wire.send(target === '/login' ? ok(name, 'Set-Cookie: app=1') : ok(name));
    }
  };

async function startServers(t: TestContext, names: readonly string[] = ['one', 'two']) {
  const servers = await Promise.all(names.map((name) => RawServer.start(site(name))));
  t.after(() => Promise.all(servers.map((server) => server.stop())));
  return names.map((name, index) => `server ${name} 127.0.0.1:${servers[index]!.address.port}`);
}

const rulesOf = (servers: readonly string[], backend: string, listener = '', more = '') => `
listener web on 127.0.0.1:0 {
  otherwise send to app
  ${listener}
}
backend app {
  ${servers.join('\n  ')}
  ${backend}
}
${more}`;

async function ask(address: Address, target = '/', fields = '') {
  const client = await connectTo(address);
  client.send(`GET ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
  const answer = await client.answer();
  client.destroy();
  return answer;
}

const pairOf = (setCookie: string): string => setCookie.split(';')[0]!;

test('an inserted cookie is added to the server’s own, and not sent again to a client that has it', async (t) => {
  const { address, stop } = await startGateway(rulesOf(await startServers(t), 'stick with cookie srv'), 0);
  t.after(stop);
  const [own, ours] = fieldsOf(await ask(address, '/login'), 'set-cookie');
  assert.equal(own, 'app=1');
  assert.match(ours!, /^srv=[\w-]{32}; Path=\/; HttpOnly; SameSite=Lax$/);
  const again = await ask(address, '/login', `Cookie: ${pairOf(ours!)}\r\n`);
  assert.deepEqual(fieldsOf(again, 'set-cookie'), ['app=1']);
});

test('with a ttl every answer renews the cookie', async (t) => {
  const { address, stop } = await startGateway(rulesOf(await startServers(t), 'stick with cookie srv ttl 1h'), 0);
  t.after(stop);
  const first = fieldOf(await ask(address), 'set-cookie')!;
  assert.match(first, /; Max-Age=3600;/);
  assert.equal(fieldOf(await ask(address, '/', `Cookie: ${pairOf(first)}\r\n`), 'set-cookie'), first);
});

test('a rule of `on response` that removes or sets Set-Cookie takes the gateway’s cookie out too', async (t) => {
  const listener = `on response {
    remove header Set-Cookie when path under /static
    set header Set-Cookie to "rule=1" when path under /own
    set header X-Other to "1"
  }`;
  const { address, stop } = await startGateway(rulesOf(await startServers(t), 'stick with cookie srv', listener), 0);
  t.after(stop);
  assert.equal(fieldOf(await ask(address, '/static/a.css'), 'set-cookie'), undefined);
  assert.equal(fieldOf(await ask(address, '/own'), 'set-cookie'), 'rule=1');
  assert.match(fieldOf(await ask(address), 'set-cookie')!, /^srv=/);
});

test('an answer of the gateway itself sets no cookie', async (t) => {
  const { gateway, address, stop } = await startGateway(rulesOf(await startServers(t), 'stick with cookie srv'), 0);
  t.after(stop);
  for (const name of ['one', 'two']) gateway.server(`app/${name}`).maint();
  const answer = await ask(address);
  assert.deepEqual([answer.status, fieldOf(answer, 'set-cookie')], [503, undefined]);
});

test('a WebSocket gets the cookie with its 101, and an address is learned from it', async (t) => {
  const servers = await startServers(t);
  const upgrade = 'Connection: Upgrade\r\nUpgrade: x\r\n';
  const byCookie = await startGateway(rulesOf(servers, 'stick with cookie srv'), 0);
  t.after(byCookie.stop);
  const switched = await ask(byCookie.address, '/socket', upgrade);
  assert.equal(switched.status, 101);
  assert.match(fieldOf(switched, 'set-cookie')!, /^srv=/);
  const byAddress = await startGateway(rulesOf(servers, 'stick on ip'), 0);
  t.after(byAddress.stop);
  await ask(byAddress.address, '/socket', upgrade);
  const { server, outcome } = await byAddress.gateway.stickiness('app').find({});
  assert.equal(outcome, 'stays');
  assert.equal((await ask(byAddress.address)).body.toString(), server);
});

test('with a key, cookies hold over a restart and at another gateway; without one they do not', async (t) => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'stick-key'), 'a secret of tests, 32 letters long\n');
  const servers = await startServers(t, ['one', 'two', 'three']);
  const settings = `settings { secrets from "${folder}" }`;
  for (const [stick, holds] of [
    ['stick with cookie srv key secret "stick-key"', true],
    ['stick with cookie srv', false],
  ] as const) {
    const rules = rulesOf(servers, stick, '', settings);
    const first = await startGateway(rules, 0);
    t.after(first.stop);
    const second = await startGateway(rules, 0);
    t.after(second.stop);
    for (let client = 0; client < 3; client++) {
      const answer = await ask(first.address);
      const pair = pairOf(fieldOf(answer, 'set-cookie')!);
      const found = await second.gateway.stickiness('app').find({ headers: [['Cookie', pair]] });
      assert.equal(found.server, holds ? answer.body.toString() : null);
      const there = await ask(second.address, '/', `Cookie: ${pair}\r\n`);
      assert.equal(fieldOf(there, 'set-cookie') === undefined, holds);
      if (holds) assert.equal(there.body.toString(), answer.body.toString());
    }
    assert.equal(second.gateway.stickiness('app').stats().counters.refused, holds ? 0 : 3);
  }
});

test('the key is shown nowhere', async (t) => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'stick-key'), 'top-secret-value-of-the-test-file');
  const stick = 'stick with cookie srv key secret "stick-key"';
  const rules = rulesOf(await startServers(t), stick, '', `settings { secrets from "${folder}" }`);
  const { gateway, stop } = await startGateway(rules, 0);
  t.after(stop);
  const shown = JSON.stringify([
    gateway.plan,
    gateway.stats(),
    await gateway.explain({ request: 'GET http://a/', headers: ['Cookie: srv=x'], listener: 'web' }),
  ]);
  assert.ok(!shown.includes('top-secret'));
});

test('explain shows which server a client belongs to, and that servers do not see the cookie', async (t) => {
  const { gateway, address, stop } = await startGateway(rulesOf(await startServers(t), 'stick with cookie srv'), 0);
  t.after(stop);
  const answer = await ask(address);
  const home = answer.body.toString();
  const pair = pairOf(fieldOf(answer, 'set-cookie')!);
  const explain = (cookie: string) =>
    gateway.explain({ request: 'GET http://a/', headers: [['Cookie', cookie]], listener: 'web' });
  const known = await explain(`a=1; ${pair}`);
  assert.equal(known.sticky?.server, home);
  assert.equal(known.sticky?.outcome, 'stays');
  assert.deepEqual(known.edits, [{ edit: 'set', name: 'Cookie', value: 'a=1' }]);
  gateway.server(`app/${home}`).maint();
  const moving = await explain(pair);
  assert.deepEqual([moving.sticky?.server, moving.sticky?.outcome], [home, 'moves']);
  assert.match(moving.sticky!.why, /in maintenance/);
  const forged = await explain('srv=forged');
  assert.deepEqual([forged.sticky?.server, forged.sticky?.outcome], [null, 'new']);
  assert.match(forged.sticky!.by, /none that this gateway made/);
});

test('a backend without stickiness has none to look into', async (t) => {
  const { gateway, stop } = await startGateway(rulesOf(await startServers(t), ''), 0);
  t.after(stop);
  assert.throws(() => gateway.stickiness('app'), { code: 'SG0509' });
  assert.throws(() => gateway.stickiness('none'), { code: 'SG0509' });
  assert.equal(gateway.stats().backends[0]!.sticky, null);
});

test('an invalid address or header is refused', async (t) => {
  const { gateway, stop } = await startGateway(rulesOf(await startServers(t), 'stick on ip'), 0);
  t.after(stop);
  await assert.rejects(gateway.stickiness('app').find({ ip: 'nobody' }), { code: 'SG0505' });
  await assert.rejects(gateway.stickiness('app').find({ headers: ['no header'] }), { code: 'SG0505' });
});

test('a flood of new clients takes no more memory than the configured size, and is counted', async (t) => {
  const rules = rulesOf(await startServers(t), 'stick on header X-User size 50');
  const { gateway, address, stop } = await startGateway(rules, 0);
  t.after(stop);
  const client = await connectTo(address);
  for (let user = 0; user < 500; user++) {
    client.send(`GET / HTTP/1.1\r\nHost: a\r\nX-User: flood-${user}\r\n\r\n`);
    assert.equal((await client.answer()).status, 200);
  }
  client.destroy();
  const { entries, counters } = gateway.stickiness('app').stats();
  assert.ok(entries <= 104, `${entries} entries`);
  assert.equal(counters.stored, 500);
  assert.equal(counters.evictions, 500 - entries);
});

test('the client of a server that stays full gets 503 after `timeout queue`, and still belongs to it', async (t) => {
  const arrived: (() => void)[] = [];
  const holding = await RawServer.start(async (wire) => {
    for (;;) {
      const { target } = await wire.request();
      if (target === '/hold') await new Promise<void>((resolve) => arrived.push(resolve));
      wire.send(ok('holding'));
    }
  });
  t.after(() => holding.stop());
  const [other] = await startServers(t, ['other']);
  const own = `server holding 127.0.0.1:${holding.address.port} max 1`;
  const backend = 'stick on header X-User\n timeout queue 100ms\n balance first';
  const { gateway, address, stop } = await startGateway(rulesOf([own, other!], backend), 0);
  t.after(stop);
  assert.equal((await ask(address, '/', 'X-User: ann\r\n')).body.toString(), 'holding');
  const held = await connectTo(address);
  held.send('GET /hold HTTP/1.1\r\nHost: a\r\nX-User: ann\r\n\r\n');
  await eventually('the server to be full', () => arrived.length === 1);
  const { outcome } = await gateway.stickiness('app').find({ headers: ['X-User: ann'] });
  assert.equal(outcome, 'waits');
  assert.equal((await ask(address, '/', 'X-User: ann\r\n')).status, 503);
  assert.equal((await ask(address, '/', 'X-User: bob\r\n')).body.toString(), 'other');
  arrived[0]!();
  assert.equal((await held.answer()).body.toString(), 'holding');
  held.destroy();
  assert.equal((await ask(address, '/', 'X-User: ann\r\n')).body.toString(), 'holding');
});

test('a thread that dies takes no client’s place with it', async (t) => {
  const file = join(temporaryFolder(), 'deadly.js');
  writeFileSync(
    file,
    `export default { name: 'deadly', apiVersion: 1, data: import.meta.url,
       components: [{ kind: 'component', slot: 'balance', name: 'deadly', doc: 'For tests.', example: 'balance deadly', args: [] }] };
     let next = 0;
     export const balancers = { deadly: () => ({ pick(facts, pool) {
       if (facts.path === '/die') process.exit(7);
       for (let at = 0; at < pool.size; at++) { next = (next + 1) % pool.size; if (pool.isUsable(next)) return next; }
       return -1;
     } }) };`,
  );
  const servers = await startServers(t, ['one', 'two', 'three']);
  const rules = `use deadly from "${pathToFileURL(file).href}"\n${rulesOf(servers, 'balance deadly\n stick on header X-User')}`;
  const gateway = await createGateway({ rules, threads: 2, logger: false });
  await gateway.start();
  t.after(() => gateway.stop({ deadline: '1s' }));
  const address = gateway.addresses().web as Address;
  const homes = new Map<string, string>();
  const visit = async (user: string) => (await ask(address, '/', `X-User: ${user}\r\n`)).body.toString();
  for (let user = 0; user < 12; user++) homes.set(`u${user}`, await visit(`u${user}`));
  const replaced = new Promise<void>((resolve) => {
    gateway.on('thread', ({ event }) => event === 'replaced' && resolve());
  });
  const victim = await connectTo(address);
  victim.send('GET /die HTTP/1.1\r\nHost: a\r\n\r\n');
  await Promise.all([replaced, victim.closed()]);
  for (const [user, home] of homes) for (let at = 0; at < 3; at++) assert.equal(await visit(user), home, user);
});

test('a client whose server has a full queue gets another, as `find` predicts', async (t) => {
  const held: (() => void)[] = [];
  const holding = await RawServer.start(async (wire) => {
    for (;;) {
      const { target } = await wire.request();
      if (target === '/hold') await new Promise<void>((resolve) => held.push(resolve));
      wire.send(ok('holding'));
    }
  });
  t.after(() => holding.stop());
  const [other] = await startServers(t, ['other']);
  const own = `server holding 127.0.0.1:${holding.address.port} max 1 queue at most 1`;
  const backend = 'stick on header X-User\n balance first';
  const { gateway, address, stop } = await startGateway(rulesOf([own, other!], backend), 0);
  t.after(stop);
  const ann = 'X-User: ann\r\n';
  const find = () => gateway.stickiness('app').find({ headers: ['X-User: ann'] });
  assert.equal((await ask(address, '/', ann)).body.toString(), 'holding');
  const first = await connectTo(address);
  first.send(`GET /hold HTTP/1.1\r\nHost: a\r\n${ann}\r\n`);
  await eventually('the server to be full', () => held.length === 1);
  assert.equal((await find()).outcome, 'waits');
  const second = await connectTo(address);
  second.send(`GET / HTTP/1.1\r\nHost: a\r\n${ann}\r\n`);
  await eventually('the line to be full', async () => (await find()).outcome === 'moves');
  assert.match((await find()).why, /^holding is full, and so is its line, 1 of 1/);
  assert.equal((await ask(address, '/', ann)).body.toString(), 'other');
  assert.equal((await find()).server, 'other');
  held[0]!();
  await first.answer();
  // Who waited is answered too: where the client belongs by then.
  await second.answer();
  for (const client of [first, second]) client.destroy();
});

/**
 * State that a gateway hands over to the next one: clients, limits, health, what was set by hand, TLS sessions.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { certify, makeKey } from '@sluice/plugin-kit/tls';
import { pino } from 'pino';
import { createGateway, type Gateway } from 'sluice';
import {
  type Address,
  answering,
  CHECKED_NAMES,
  connectTo,
  eventually,
  fieldOf,
  RawServer,
  startCheckedServers,
  temporaryFolder,
  Wire,
} from '../kit/index.ts';

const rulesOf = (servers: readonly string[], lines: string, listener = '') => `
listener web on 127.0.0.1:0 {
  ${listener}
  otherwise send to app
}
backend app {
  ${servers.join('\n  ')}
  ${lines}
}
`;

async function start(t: TestContext, rules: string, state?: Uint8Array, threads = 0) {
  const lines: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line) => void lines.push(JSON.parse(line).msg) });
  const logged = (pattern: RegExp) => eventually(`${pattern}`, () => lines.find((line) => pattern.test(line)));
  const gateway = await createGateway({
    rules,
    threads,
    logger,
    ...(state === undefined ? {} : { state }),
  });
  await gateway.start();
  t.after(() => gateway.stop({ deadline: 0 }));
  return { gateway, logged, address: gateway.addresses().web as Address };
}

async function ask(address: Address, fields = '', target = '/') {
  const client = await connectTo(address);
  client.send(`GET ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
  const answer = await client.answer();
  client.destroy();
  return answer;
}

const bodyOf = async (address: Address, user: string) => (await ask(address, `X-User: ${user}\r\n`)).body.toString();

/** handOver ends a gateway once its state has been exported. */
async function handOver(gateway: Gateway): Promise<Uint8Array> {
  const state = await gateway.exportState();
  await gateway.stop({ deadline: 0 });
  return state;
}

for (const threads of [0, 2]) {
  test(`clients stay with their servers over a hand-over (threads: ${threads})`, async (t) => {
    const rules = rulesOf(await startCheckedServers(t), 'stick on header X-User ttl 1h');
    const first = await start(t, rules, undefined, threads);
    const homes = new Map<string, string>();
    for (let user = 0; user < 60; user++) homes.set(`u${user}`, await bodyOf(first.address, `u${user}`));
    assert.equal(new Set(homes.values()).size, 3);
    const second = await start(t, rules, await handOver(first.gateway), threads);
    await second.logged(/state of 0 s ago was restored: .* 60 clients of stick tables/);
    for (const [user, home] of homes) assert.equal(await bodyOf(second.address, user), home, user);
    const { sticky } = second.gateway.stats().backends[0]!;
    assert.equal(sticky!.counters.hits, 60);
  });
}

test('clients of a server that the next rules do not have get another, all others stay', async (t) => {
  const servers = await startCheckedServers(t);
  const first = await start(t, rulesOf(servers, 'stick on header X-User ttl 1h'));
  const homes = new Map<string, string>();
  for (let user = 0; user < 30; user++) homes.set(`u${user}`, await bodyOf(first.address, `u${user}`));
  const state = await handOver(first.gateway);
  const second = await start(t, rulesOf(servers.slice(1), 'stick on header X-User ttl 1h size 1000'), state);
  for (const [user, home] of homes) {
    const now = await bodyOf(second.address, user);
    if (home === 'one') assert.notEqual(now, 'one');
    else assert.equal(now, home);
  }
});

test('a cookie of the gateway’s own is believed by the next one', async (t) => {
  const rules = rulesOf(await startCheckedServers(t), 'stick with cookie srv');
  const first = await start(t, rules);
  const answer = await ask(first.address);
  const cookie = fieldOf(answer, 'set-cookie')!.split(';')[0]!;
  const second = await start(t, rules, await handOver(first.gateway));
  for (let round = 0; round < 6; round++) {
    assert.deepEqual((await ask(second.address, `Cookie: ${cookie}\r\n`)).body, answer.body);
  }
  assert.equal(second.gateway.stats().backends[0]!.sticky!.counters.refused, 0);
});

test('who is limited stays so, under the same rule alone', async (t) => {
  const servers = await startCheckedServers(t);
  const limit = 'limit 2/h per header X-User';
  const first = await start(t, rulesOf(servers, '', limit));
  const statuses = async (address: Address, user: string, count: number) => {
    const met: number[] = [];
    for (let at = 0; at < count; at++) met.push((await ask(address, `X-User: ${user}\r\n`)).status);
    return met;
  };
  assert.deepEqual(await statuses(first.address, 'ann', 3), [200, 200, 429]);
  assert.deepEqual(await statuses(first.address, 'bob', 1), [200]);
  const state = await handOver(first.gateway);
  const second = await start(t, rulesOf(servers, '', limit), state);
  assert.deepEqual(await statuses(second.address, 'ann', 1), [429]);
  assert.deepEqual(await statuses(second.address, 'bob', 2), [200, 429]);
  assert.deepEqual(await statuses(second.address, 'eve', 3), [200, 200, 429]);
  const third = await start(t, rulesOf(servers, '', 'limit 3/h per header X-User'), state);
  assert.deepEqual(await statuses(third.address, 'ann', 4), [200, 200, 200, 429]);
});

test('manual drain, maint, weight and max are kept until the rules change', async (t) => {
  const servers = await startCheckedServers(t);
  const rules = rulesOf(servers, '');
  const first = await start(t, rules);
  void first.gateway.server('app/one').maint();
  void first.gateway.server('app/two').drain({ deadline: '1h' });
  first.gateway.server('app/three').weight(7);
  first.gateway.server('app/three').max(9);
  const state = await handOver(first.gateway);
  const serversOf = (gateway: Gateway) =>
    gateway.stats().backends[0]!.servers.map(({ name, admin, weight, max }) => [name, admin, weight, max]);
  const second = await start(t, rules, state);
  assert.deepEqual(serversOf(second.gateway), [
    ['one', 'maint', 1, 0],
    ['two', 'drain', 1, 0],
    ['three', 'ready', 7, 9],
  ]);
  await second.logged(/^server app\/one: maint, as it was set by hand$/);
  await second.logged(/^server app\/three: weight 7, max 9, as it was set by hand$/);
  for (let round = 0; round < 6; round++) assert.equal((await ask(second.address)).body.toString(), 'three');
  const others = [servers[0]!, servers[1]!, `${servers[2]} weight 3`];
  const third = await start(t, rulesOf(others, ''), state);
  assert.deepEqual(serversOf(third.gateway)[2], ['three', 'ready', 3, 9]);
});

test('an unfinished drain continues with the time left', async (t) => {
  const rules = rulesOf(await startCheckedServers(t), 'stick on header X-User ttl 1h');
  const first = await start(t, rules);
  for (let user = 0; user < 12; user++) await bodyOf(first.address, `u${user}`);
  void first.gateway.server('app/one').drain({ deadline: '200ms' });
  void first.gateway.server('app/two').drain({ deadline: '1h' });
  const second = await start(t, rules, await handOver(first.gateway));
  const [two, one] = [second.gateway.server('app/two'), second.gateway.server('app/one')];
  assert.ok(two.draining!.deadlineInMs! > 3_000_000 && two.draining!.deadlineInMs! <= 3_600_000);
  await eventually('the deadline', () => one.admin === 'maint');
  assert.equal(two.admin, 'drain');
});

test('a server that was down gets no request from the next gateway before a check has passed', async (t) => {
  const sick = new Set(['two']);
  const servers = await startCheckedServers(t, sick);
  const check = (every: string) => `check GET /healthz every ${every} timeout 5s expect 200 fall 2 rise 2`;
  const first = await start(t, rulesOf(servers, check('50ms')));
  await eventually('a server down', () => first.gateway.server('app/two').state === 'stopped');
  await eventually('checks', () => first.gateway.server('app/one').history.length > 0);
  const second = await start(t, rulesOf(servers, check('1h')), await handOver(first.gateway));
  assert.equal(second.gateway.server('app/two').state, 'stopped');
  assert.match(second.gateway.server('app/two').history.at(-1)!.reason, /503/);
  for (let round = 0; round < 12; round++) assert.notEqual((await ask(second.address)).body.toString(), 'two');
  const state = await handOver(second.gateway);
  sick.clear();
  const third = await start(t, rulesOf(servers, check('50ms')), state);
  await eventually('the server', () => third.gateway.server('app/two').state === 'running');
});

test('servers that were all down a while ago are taken on trust', async (t) => {
  const sick = new Set(CHECKED_NAMES);
  const rules = rulesOf(
    await startCheckedServers(t, sick),
    'check GET /healthz every 20ms timeout 5s expect 200 fall 1',
  );
  const first = await start(t, rules);
  await eventually('all down', () =>
    CHECKED_NAMES.every((name) => first.gateway.server(`app/${name}`).state === 'stopped'),
  );
  const state = await handOver(first.gateway);
  sick.clear();
  // Longer than the interval of the checks.
  await new Promise((resolve) => setTimeout(resolve, 50));
  const second = await start(t, rules, state);
  assert.equal((await ask(second.address)).status, 200);
});

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`${version}: a client resumes its session with the next gateway`, async (t) => {
    const folder = temporaryFolder();
    const key = makeKey();
    const site = join(folder, 'site.pem');
    writeFileSync(site, certify('site.test', key).cert + key);
    const rules = rulesOf(await startCheckedServers(t), '', `tls terminate cert "${site}"`);
    const sessions: Buffer[] = [];
    const visit = async (address: Address) => {
      const session = sessions.at(-1);
      const socket: TLSSocket = connect({
        ...address,
        servername: 'site.test',
        rejectUnauthorized: false,
        minVersion: version,
        maxVersion: version,
        ...(session === undefined ? {} : { session }),
      });
      socket.on('session', (given) => sessions.push(given));
      const wire = new Wire(socket);
      assert.equal((await wire.send('GET / HTTP/1.1\r\nHost: site.test\r\n\r\n').answer()).status, 200);
      await eventually('a session', () => sessions.length > 0);
      const isReused = socket.isSessionReused();
      wire.destroy();
      return isReused;
    };
    const first = await start(t, rules);
    assert.equal(await visit(first.address), false);
    const state = await handOver(first.gateway);
    const stranger = await start(t, rules);
    assert.equal(await visit(stranger.address), false);
    sessions.splice(1);
    const second = await start(t, rules, state);
    assert.equal(await visit(second.address), true);
  });
}

test('a server that was added by hand is there again, with its clients, unless the rules have it by now', async (t) => {
  const servers = await startCheckedServers(t);
  const stick = 'stick on header X-User ttl 1h';
  const first = await start(t, rulesOf(servers.slice(0, 2), stick));
  const address = servers[2]!.split(' ')[2]!;
  await first.gateway.addServer('app', { address, name: 'three', weight: 200, max: 50 });
  const homes = new Map<string, string>();
  for (let user = 0; user < 12; user++) homes.set(`u${user}`, await bodyOf(first.address, `u${user}`));
  assert.ok([...homes.values()].includes('three'));
  const state = await handOver(first.gateway);
  const second = await start(t, rulesOf(servers.slice(0, 2), stick), state);
  const { name, weight, max, source } = second.gateway.stats().backends[0]!.servers[2]!;
  assert.deepEqual([name, weight, max, source], ['three', 200, 50, 'by hand']);
  for (const [user, home] of homes) assert.equal(await bodyOf(second.address, user), home, user);
  await second.gateway.removeServer('app', 'three');
  const third = await start(t, rulesOf(servers, stick), state);
  await third.logged(/^a server that was added by hand is not added again: .*there is a server `three` already/);
  assert.equal(third.gateway.stats().backends[0]!.servers[2]!.source, null);
});

test('an ejected server stays out for the rest of its time, and an open circuit stays open', async (t) => {
  const broken = await RawServer.start(answering(() => 'HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n'));
  t.after(() => broken.stop());
  const [one, two] = await startCheckedServers(t);
  const rules = `
listener web on 127.0.0.1:0 {
  send to alone when path is /alone
  otherwise send to app
}
backend app {
  ${one}
  ${two}
  server bad 127.0.0.1:${broken.address.port}
  eject after 1 failures for 1h at most 50% on 500..599
}
backend alone of 127.0.0.1:${broken.address.port} {
  break circuit after 1 failures for 1h on 500..599
}
`;
  const first = await start(t, rules);
  await eventually('an ejection', async () => {
    await ask(first.address);
    return first.gateway.server('app/bad').state === 'stopped';
  });
  await eventually('a circuit', async () => (await ask(first.address, '', '/alone')).status === 503);
  const second = await start(t, rules, await handOver(first.gateway));
  assert.equal(second.gateway.server('app/bad').state, 'stopped');
  for (let round = 0; round < 9; round++) assert.equal((await ask(second.address)).status, 200);
  assert.equal((await ask(second.address, '', '/alone')).status, 503);
});

test('state that is damaged, foreign or of a later release is not used, and said so', async (t) => {
  const rules = rulesOf(await startCheckedServers(t), '');
  const first = await start(t, rules);
  void first.gateway.server('app/one').maint();
  const state = await handOver(first.gateway);
  for (const [bytes, reason] of [
    [state.subarray(0, -1), /not the \d+ that were written/],
    [Buffer.from('hello, world'), /it is not the state of a gateway/],
    [new Uint8Array(0), /it is empty/],
  ] as const) {
    const { gateway, logged } = await start(t, rules, bytes);
    const line = await logged(/^the state of an earlier gateway is not used: /);
    assert.match(line, reason);
    assert.equal(gateway.server('app/one').admin, 'ready');
  }
});

test('a gateway that does not run exports nothing', async (t) => {
  const gateway = await createGateway({ rules: rulesOf(await startCheckedServers(t), ''), threads: 0, logger: false });
  await assert.rejects(gateway.exportState(), { code: 'SG0501' });
});

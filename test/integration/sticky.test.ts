/**
 * Stickiness: the application's own cookie, learned from its answers, holds over connections and data threads.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectTo, eventually, freePort, ok, plainRules, RawServer, type Script, startGateway } from '../kit/index.ts';

/** Logs people in at /login with a cookie that carries their name; answers everything with the server's name. */
const site =
  (name: string): Script =>
  async (wire) => {
    for (;;) {
      const { target } = await wire.request();
      const user = /^\/login\/(.+)$/.exec(target)?.[1];
      wire.send(user === undefined ? ok(name) : ok(name, `Set-Cookie: sid=${user}; Path=/; HttpOnly`));
    }
  };

async function stage(names: readonly string[]) {
  const servers = await Promise.all(names.map((name) => RawServer.start(site(name))));
  const rules = plainRules(
    servers.map((server) => server.address),
    '',
    'stick on cookie sid',
  );
  const gateway = await startGateway(rules, 2);
  const ask = async (target: string, user?: string) => {
    const client = await connectTo(gateway.address);
    const cookie = user === undefined ? '' : `Cookie: theme=dark; sid=${user}\r\n`;
    client.send(`GET ${target} HTTP/1.1\r\nHost: a\r\n${cookie}Connection: close\r\n\r\n`);
    const answer = await client.answer();
    client.destroy();
    assert.equal(answer.status, 200);
    return answer.body.toString();
  };
  const stop = async () => {
    await gateway.stop();
    await Promise.all(servers.map((server) => server.stop()));
  };
  return { ask, servers, stop };
}

test('a client goes back to the server that gave it its cookie, whichever thread it meets', async () => {
  const { ask, stop } = await stage(['one', 'two', 'three']);
  try {
    const homes = new Map<string, string>();
    for (let user = 0; user < 30; user++) homes.set(`u${user}`, await ask(`/login/u${user}`));
    assert.equal(new Set(homes.values()).size, 3, 'logins are spread');
    for (let round = 0; round < 3; round++) {
      for (const [user, home] of homes) assert.equal(await ask('/', user), home, `${user} in round ${round}`);
    }
  } finally {
    await stop();
  }
});

test('clients with unknown cookies are spread, and then stay on the server that answered them', async () => {
  const { ask, stop } = await stage(['one', 'two', 'three']);
  try {
    const homes = new Map<string, string>();
    await eventually('all servers', async () => {
      const stranger = `stranger-${homes.size}`;
      homes.set(stranger, await ask('/', stranger));
      return new Set(homes.values()).size === 3;
    });
    for (const [stranger, home] of homes) assert.equal(await ask('/', stranger), home, stranger);
  } finally {
    await stop();
  }
});

test('when its server is gone the client is taken by another', async () => {
  const { ask, servers, stop } = await stage(['one', 'two']);
  try {
    const home = await ask('/login/u1');
    assert.equal(await ask('/', 'u1'), home);
    await servers[home === 'one' ? 0 : 1]!.stop();
    const other = await ask('/', 'u1');
    assert.notEqual(other, home);
  } finally {
    await stop();
  }
});

test('a server that does not exist yet does no harm', async () => {
  const server = await RawServer.start(site('one'));
  const absent = { host: '127.0.0.1', port: await freePort() };
  const gateway = await startGateway(plainRules([absent, server.address], '', 'stick on cookie sid'), 2);
  try {
    for (let at = 0; at < 10; at++) {
      const client = await connectTo(gateway.address);
      client.send(`GET /login/u${at} HTTP/1.1\r\nHost: a\r\n\r\n`);
      assert.equal((await client.answer()).body.toString(), 'one');
      client.destroy();
    }
  } finally {
    await gateway.stop();
    await server.stop();
  }
});

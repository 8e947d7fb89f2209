/**
 * `fall back to`: requests go to another backend while too few servers take new clients.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { answering, connectTo, fieldsOf, ok, RawServer, startGateway, temporaryFolder } from '../kit/index.ts';

const folder = temporaryFolder();
writeFileSync(join(folder, 'index.html'), 'sorry');
const [one, two, other] = await Promise.all([
  RawServer.start(answering(() => ok('one'))),
  RawServer.start(answering(() => ok('two'))),
  RawServer.start(
    answering((request) =>
      ok(
        `${fieldsOf(request, 'host')[0]} ${fieldsOf(request, 'cookie')[0]} ${fieldsOf(request, 'authorization')[0]} ${request.target}`,
      ),
    ),
  ),
]);
const nobody = await RawServer.start();
await nobody.stop();
after(() => Promise.all([one.stop(), two.stop(), other.stop()]));

const text = (server: RawServer) => `${server.address.host}:${server.address.port}`;

async function gatewayOf(t: TestContext, backends: string) {
  const started = await startGateway(`listener web on 127.0.0.1:0 { otherwise send to app }\n${backends}`);
  t.after(() => started.stop());
  const ask = async (fields = '', method = 'GET') => {
    const client = await connectTo(started.address);
    client.send(`${method} /x?y HTTP/1.1\r\nHost: shop.test\r\n${fields}\r\n`);
    const answer = await client.answer();
    client.destroy();
    return answer;
  };
  return { ...started, ask };
}

const sorry = `backend sorry { serve files "${folder}" status 503 }`;

test('requests fall back while no server takes new clients, and come back with the first that does', async (t) => {
  const { gateway, ask } = await gatewayOf(
    t,
    `backend app {
    server a ${text(one)}
    server b ${text(two)}
    fall back to sorry
  }\n${sorry}`,
  );
  const events: object[] = [];
  gateway.on('fallBack', (event) => events.push(event));
  assert.equal((await ask()).status, 200);
  gateway.server('app/a').maint();
  assert.equal((await ask()).body.toString(), 'two');
  gateway.server('app/b').drain();
  const answer = await ask();
  assert.deepEqual([answer.status, answer.body.toString()], [503, 'sorry']);
  const app = () => gateway.stats().backends.find(({ name }) => name === 'app')!;
  assert.equal(app().fallsBackTo, 'sorry');
  const explained = await gateway.explain({ request: 'GET http://shop.test/x', listener: 'web' });
  assert.deepEqual(
    explained.fallBacks.map(({ from, to, healthy, below, servers }) => [from, to, healthy, below, servers.length]),
    [['app', 'sorry', 0, 1, 2]],
  );
  assert.equal(explained.serve, 'files');
  gateway.server('app/b').ready();
  assert.equal((await ask()).body.toString(), 'two');
  assert.equal(app().fallsBackTo, null);
  assert.equal(app().counters.fallBacks, 1);
  assert.deepEqual(events, [
    { backend: 'app', to: 'sorry', isActive: true, healthy: 0, below: 1 },
    { backend: 'app', to: 'sorry', isActive: false, healthy: 1, below: 1 },
  ]);
});

test('a backend may be given up before its last server is gone', async (t) => {
  const { gateway, ask } = await gatewayOf(
    t,
    `backend app {
    server a ${text(one)}
    server b ${text(two)} backup
    fall back to sorry when healthy below 2
  }\n${sorry}`,
  );
  assert.equal((await ask()).body.toString(), 'one');
  gateway.server('app/a').weight(0);
  assert.equal((await ask()).body.toString(), 'sorry');
});

test('one falls back to the next over several steps', async (t) => {
  const { gateway, ask } = await gatewayOf(
    t,
    `backend app { server a ${text(one)}; fall back to second }
backend second { server b ${text(two)}; fall back to sorry }\n${sorry}`,
  );
  gateway.server('app/a').maint();
  assert.equal((await ask()).body.toString(), 'two');
  gateway.server('second/b').maint();
  assert.equal((await ask()).body.toString(), 'sorry');
});

test('a request that can reach no server falls back before any check has noticed, its body with it', async (t) => {
  const { ask } = await gatewayOf(
    t,
    `backend app { server a ${text(nobody)}; fall back to second }
backend second of ${text(one)}`,
  );
  assert.equal((await ask()).body.toString(), 'one');
  one.play(answering((request) => ok(request.body.toString())));
  const answer = await ask('Content-Length: 5\r\n\r\nhello'.replace(/\r\n$/, ''), 'POST').catch((error) => error);
  assert.equal(String(answer.body), 'hello');
  one.play(answering(() => ok('one')));
});

test('a client of a server that is being drained stays there', async (t) => {
  one.play(answering(() => ok('one', 'Set-Cookie: sid=s1')));
  const { gateway, ask } = await gatewayOf(
    t,
    `backend app { server a ${text(one)}; stick on cookie sid; fall back to sorry }\n${sorry}`,
  );
  await ask();
  gateway.server('app/a').drain();
  assert.equal((await ask('Cookie: sid=s1\r\n')).body.toString(), 'one');
  assert.equal((await ask()).body.toString(), 'sorry');
  gateway.server('app/a').maint();
  assert.equal((await ask('Cookie: sid=s1\r\n')).body.toString(), 'sorry');
  one.play(answering(() => ok('one')));
});

test('a site is asked by its own name, and gets no cookies and no credentials', async (t) => {
  const { ask } = await gatewayOf(
    t,
    `backend app { server a ${text(nobody)}; fall back to site }
backend site { serve site "http://localhost:${other.address.port}" }`,
  );
  const answer = await ask('cookie: sid=secret\r\nAuthorization: Basic c2VjcmV0\r\n');
  assert.equal(answer.body.toString(), `localhost:${other.address.port} undefined undefined /x?y`);
});

test('if the fallback has no server either, the response is 503', async (t) => {
  const { ask } = await gatewayOf(
    t,
    `backend app { server a ${text(nobody)}; fall back to second }
backend second { server b ${text(nobody)} }`,
  );
  assert.equal((await ask()).status, 503);
});

test('what a broken circuit keeps from the servers falls back', async (t) => {
  one.play(answering(() => 'HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n'));
  const { ask } = await gatewayOf(
    t,
    `backend app { server a ${text(one)}; break circuit after 2 failures for 1h; fall back to sorry }\n${sorry}`,
  );
  assert.equal((await ask()).status, 502);
  assert.equal((await ask()).status, 502);
  const answer = await ask();
  assert.deepEqual([answer.status, answer.body.toString()], [503, 'sorry']);
  one.play(answering(() => ok('one')));
});

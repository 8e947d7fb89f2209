import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { Demo, type DemoOptions } from './demo.ts';

/** get asks for a path with a connection of its own. */
async function get(
  url: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: string; headers: NodeJS.Dict<string | string[]> }> {
  const outgoing = request(url, { headers, agent: false }).end();
  const [answer] = await once(outgoing, 'response');
  let body = '';
  for await (const chunk of answer.setEncoding('utf8')) body += chunk;
  return { status: answer.statusCode, body, headers: answer.headers };
}

const serverOf = (body: string) => /^hello from (\w+)/.exec(body)?.[1];

async function holdPort(t: TestContext): Promise<number> {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  t.after(() => holder.close());
  return (holder.address() as AddressInfo).port;
}

async function start(t: TestContext, options: DemoOptions = {}): Promise<Demo> {
  const demo = await Demo.start({ port: 0, backendPorts: [0, 0, 0], restartMs: null, ...options });
  t.after(() => demo.stop());
  return demo;
}

test('the quickstart shows turns, denials, redirects and stickiness', async (t) => {
  const { url } = await start(t);
  const counts: Record<string, number> = {};
  for (let turn = 0; turn < 8; turn++) {
    const { body } = await get(url);
    counts[serverOf(body)!] = (counts[serverOf(body)!] ?? 0) + 1;
  }
  assert.deepEqual(counts, { one: 2, two: 2, three: 4 });

  assert.equal((await get(`${url}/private`)).status, 403);
  assert.equal((await get(`${url}/private/x`)).status, 403);
  assert.equal((await get(`${url}/private/hello`)).status, 200);
  assert.equal((await get(url, { 'X-Forwarded-For': '203.0.113.9' })).status, 403);
  assert.equal((await get(url, { 'X-Forwarded-For': '203.0.114.9' })).status, 200);

  const moved = await get(`${url}/home`);
  assert.deepEqual([moved.status, moved.headers.location], [301, '/']);

  const login = await get(`${url}/login`);
  const cookie = login.headers['set-cookie']![0]!.split(';')[0]!;
  for (let turn = 0; turn < 5; turn++) {
    assert.equal(serverOf((await get(url, { Cookie: cookie })).body), serverOf(login.body));
  }
});

test('a killed backend costs no request, is noticed, and is used again when it is back', async (t) => {
  const demo = await start(t);
  const one = demo.backends[0]!;
  const seen = (state: string) =>
    new Promise<void>((resolve) => {
      demo.gateway.on('server', ({ server, to }) => {
        if (server === 'one' && to === state) resolve();
      });
    });
  const isStopped = seen('stopped');
  process.kill(one.pid, 'SIGKILL');
  for (let turn = 0; turn < 20; turn++) {
    const { status, body } = await get(demo.url);
    assert.equal(status, 200);
    // The signal may take a moment to arrive; whoever answered, somebody did.
    assert.ok(serverOf(body) !== undefined);
  }
  await isStopped;
  const isRunning = seen('running');
  await one.start();
  await isRunning;
  const servers = new Set<string | undefined>();
  for (let turn = 0; turn < 8; turn++) servers.add(serverOf((await get(demo.url)).body));
  assert.ok(servers.has('one'));
});

test('a killed backend is restarted automatically', async (t) => {
  let isBack = () => {};
  const back = new Promise<void>((resolve) => {
    isBack = resolve;
  });
  const said: string[] = [];
  const demo = await start(t, {
    restartMs: 0,
    say(text) {
      said.push(text);
      if (text.startsWith('backend one is back')) isBack();
    },
  });
  const { pid } = demo.backends[0]!;
  process.kill(pid, 'SIGKILL');
  await back;
  assert.ok(said.includes('backend one was killed; it comes back in 0 s'));
  assert.notEqual(demo.backends[0]!.pid, pid);
});

test('a reload reads the rule file again without a request lost', async (t) => {
  const demo = await start(t);
  const before = demo.gateway.stats().generation;
  await demo.reload();
  assert.equal(demo.gateway.stats().generation, before + 1);
  assert.equal((await get(demo.url)).status, 200);
});

test('a port in use is reported in one line, and nothing is left running', async (t) => {
  const port = await holdPort(t);
  await assert.rejects(Demo.start({ port, backendPorts: [0, 0, 0] }), {
    message: new RegExp(`^listener \`web\`: address 127\\.0\\.0\\.1:${port} is in use by another process`),
  });
});

test('a backend whose port is taken goes to another one', async (t) => {
  const port = await holdPort(t);
  const demo = await start(t, { backendPorts: [0, port, 0] });
  assert.notEqual(demo.backends[1]!.port, port);
  const servers = new Set<string | undefined>();
  for (let turn = 0; turn < 8; turn++) servers.add(serverOf((await get(demo.url)).body));
  assert.ok(servers.has('two'));
});

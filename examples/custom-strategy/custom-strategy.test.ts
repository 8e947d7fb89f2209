import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { PluginManifest } from '@sluice/core';
import { tryPlugin, tryStrategy } from '@sluice/plugin-kit';
import { createGateway } from 'sluice';

const folder = new URL('.', import.meta.url);
const pluginOf = async (file: string): Promise<PluginManifest> => (await import(new URL(file, folder).href)).default;
const samePath = await pluginOf('same-path.js');
const longestRested = await pluginOf('longest-rested.js');
const NAMES = ['one', 'two', 'three'] as const;

async function startServer(t: TestContext, name: string): Promise<{ port: number; stop(): void }> {
  const server = createServer((_request, response) => response.end(name)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  t.after(stop);
  return { port: (server.address() as AddressInfo).port, stop };
}

/** get asks with a connection of its own, which the system gives to one data thread or the other. */
async function get(port: number, path: string): Promise<string> {
  const outgoing = request({ host: '127.0.0.1', port, path, agent: false }).end();
  const [answer] = await once(outgoing, 'response');
  assert.equal(answer.statusCode, 200);
  let body = '';
  for await (const chunk of answer.setEncoding('utf8')) body += chunk;
  return body;
}

test('two data threads send each path to the same server, and move only the paths of one that dies', async (t) => {
  const servers = await Promise.all(NAMES.map((name) => startServer(t, name)));
  let rules = await readFile(new URL('gateway.sluice', folder), 'utf8');
  rules = rules
    .replace('./same-path.js', new URL('same-path.js', folder).href)
    .replace('127.0.0.1:8080', '127.0.0.1:0');
  for (const [at, { port }] of servers.entries()) rules = rules.replace(`127.0.0.1:900${at + 1}`, `127.0.0.1:${port}`);

  const gateway = await createGateway({ rules, threads: 2, logger: false });
  await gateway.start();
  t.after(() => gateway.stop({ deadline: 0 }));
  assert.equal(gateway.stats().threads.length, 2);
  const address = gateway.addresses().web;
  assert.ok(address !== undefined && 'port' in address);

  const paths = Array.from({ length: 24 }, (_, at) => `/page/${at}`);
  const homes = new Map<string, string>();
  for (const path of paths) homes.set(path, await get(address.port, path));
  assert.deepEqual([...new Set(homes.values())].sort(), [...NAMES].sort());
  // 96 more connections: both threads answer some of them.
  for (let round = 0; round < 4; round++) {
    for (const path of paths) assert.equal(await get(address.port, path), homes.get(path), path);
  }

  servers[1]!.stop();
  for (const path of paths) {
    const server = await get(address.port, path);
    if (homes.get(path) === 'two') assert.notEqual(server, 'two');
    else assert.equal(server, homes.get(path), path);
  }
});

test('the server that was used longest ago is taken, past those that are full or out of use', async () => {
  await using trial = tryPlugin(longestRested, { backend: 'balance longest-rested', servers: 3 });
  const ask = async (times: number) => {
    const names: string[] = [];
    for (let time = 0; time < times; time++) names.push((await trial.request('GET /')).body);
    return names;
  };
  assert.deepEqual(await ask(6), ['one', 'two', 'three', 'one', 'two', 'three']);
  const gateway = await trial.start();
  gateway.server('app/two').drain();
  assert.deepEqual(await ask(4), ['one', 'three', 'one', 'three']);
  gateway.server('app/two').ready();
  assert.deepEqual(await ask(3), ['two', 'one', 'three']);
});

test('a path stays with its server, and moves only if that one is full', async () => {
  const trial = await tryStrategy(samePath, 'same-path', { weights: [1, 1, 1] });
  const home = trial.pick({ path: '/a' });
  assert.deepEqual(
    [1, 2, 3].map(() => trial.pick({ path: '/a' })),
    [home, home, home],
  );
  trial.pool.setUp(home, false);
  assert.notEqual(trial.pick({ path: '/a' }), home);
});

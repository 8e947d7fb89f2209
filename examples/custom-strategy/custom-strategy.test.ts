import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import type { PluginManifest } from '@sluice/core';
import { FakeServer, tryPlugin, tryStrategy } from '@sluice/plugin-kit';

const folder = new URL('.', import.meta.url);
const pluginOf = async (file: string): Promise<PluginManifest> => (await import(new URL(file, folder).href)).default;
const samePath = await pluginOf('same-path.js');
const longestRested = await pluginOf('longest-rested.js');
const NAMES = ['one', 'two', 'three'] as const;

test('two data threads send each path to the same server, and move only the paths of one that dies', async (t) => {
  const servers = await Promise.all(NAMES.map((name) => FakeServer.start(name)));
  t.after(() => Promise.all(servers.map((server) => server.stop())));
  let rules = await readFile(new URL('gateway.sluice', folder), 'utf8');
  rules = rules
    .replace('./same-path.js', new URL('same-path.js', folder).href)
    .replace('127.0.0.1:8080', '127.0.0.1:0');
  for (const [at, { address }] of servers.entries()) rules = rules.replace(`127.0.0.1:900${at + 1}`, address);

  // The `use` line of the rules loads the plugin.
  await using trial = tryPlugin([], rules, { threads: 2 });
  assert.equal((await trial.start()).stats().threads.length, 2);
  /** Each request has a connection of its own, which the system gives to one data thread or the other. */
  const serverOf = async (path: string): Promise<string> => {
    const { status, body } = await trial.request(`GET ${path}`);
    assert.equal(status, 200);
    return body;
  };

  const paths = Array.from({ length: 24 }, (_, at) => `/page/${at}`);
  const homes = new Map<string, string>();
  for (const path of paths) homes.set(path, await serverOf(path));
  assert.deepEqual([...new Set(homes.values())].sort(), [...NAMES].sort());
  // 96 more connections: both threads answer some of them.
  for (let round = 0; round < 4; round++) {
    for (const path of paths) assert.equal(await serverOf(path), homes.get(path), path);
  }

  await servers[1]!.stop();
  for (const path of paths) {
    const server = await serverOf(path);
    if (homes.get(path) === 'two') assert.notEqual(server, 'two');
    else assert.equal(server, homes.get(path), path);
  }
});

test('the least recently used server is picked, skipping those that are full or unavailable', async () => {
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

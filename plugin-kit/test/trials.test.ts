import assert from 'node:assert/strict';
import { test } from 'node:test';
import serveFiles from '@sluice/serve-files';
import {
  FakeServer,
  freePort,
  tryCheck,
  tryDiscovery,
  tryField,
  tryService,
  tryStickiness,
  tryStrategy,
  tryVerb,
} from '../src/index.ts';
import plugin from './team-plugin.ts';

const RED = { headers: { 'X-Team': 'red' } };

test('a field is read, and checked as live traffic checks it', async () => {
  const team = await tryField(plugin, 'team');
  assert.equal(team(RED), 'red');
  assert.equal(team({ headers: { 'x-team': ['a', 'b'] } })?.toString(), 'a,b');
  assert.equal(team(), undefined);
  const broken = await tryField(plugin, 'broken team');
  assert.throws(() => broken(), /7/);
});

test('a verb changes a request, or answers it', async () => {
  const named = await tryVerb(plugin, 'name team', { header: 'X-For' });
  assert.equal(named.change(RED).header('x-for'), 'red');
  assert.throws(() => named.answer(), /the action is of the kind `change`, so it has no answer/);
  const away = await tryVerb(plugin, 'turn away');
  assert.equal(away.answer()?.status, 418);
  assert.throws(() => away.route(), /so it has no route/);
});

test('a strategy picks from a pool that the test changes', async () => {
  const trial = await tryStrategy(plugin, 'last', { weights: [1, 1, 1] });
  assert.equal(trial.pick(), 2);
  assert.equal(trial.pool.open(2), 1);
  trial.pool.setUp(2, false);
  assert.deepEqual(trial.counts(4), [0, 4, 0]);
  trial.end(2);
  assert.equal(trial.pool.open(2), 0);
  assert.equal(trial.explain()?.picked, 2);
  for (const index of [0, 1]) trial.pool.setUp(index, false);
  assert.equal(trial.pick(), -1);
});

test('the same seed gives a strategy the same chances', async () => {
  const { default: random } = await import('@sluice/random');
  const counts = async (seed: number) => (await tryStrategy(random, 'random', { weights: [1, 3], seed })).counts(100);
  assert.deepEqual(await counts(3), await counts(3));
  assert.notDeepEqual(await counts(3), await counts(4));
});

test('a stickiness finds what it has learned', async () => {
  const trial = await tryStickiness(plugin, 'by team');
  assert.equal(trial.find(RED), -1);
  assert.equal(trial.learn(RED, 2), '');
  assert.equal(trial.find(RED), 2);
  assert.deepEqual([...trial.table.entries], [['red', 102]]);
  assert.equal(trial.tell(RED), 'team red');
  trial.find({ headers: { 'x-team': 'forged' } });
  assert.equal(trial.refused, 1);
});

test('a service’s body is read to its end', async () => {
  const greeting = await tryService(plugin, 'greeting');
  const { status, body } = await greeting.request({ path: '/a', query: 'b', ...RED });
  assert.deepEqual([status, body?.toString()], [200, 'hello red at /a?b']);
  const site = await tryService(serveFiles, 'files', { folder: import.meta.dirname });
  const { body: file, headers } = await site.request({ path: '/team-plugin.ts' });
  assert.match(file!.toString(), /A plugin that has something in every slot/);
  assert.ok(headers.some(([name]) => name.toLowerCase() === 'etag'));
  assert.equal((await site.request({ path: '/none' })).status, 404);
});

test('a check probes a real server', async () => {
  await using server = await FakeServer.start();
  assert.equal((await tryCheck(plugin, 'open', server.port)).status, 'passed');
  assert.equal((await tryCheck(plugin, 'open', await freePort())).status, 'failed');
});

test('a discovery gets back what it stored', async () => {
  const trial = tryDiscovery(plugin, 'counting');
  assert.equal((await trial.find()).servers?.length, 1);
  assert.equal((await trial.find()).servers?.length, 2);
});

test('a name that the plugin does not have is refused with those that it has', async () => {
  await assert.rejects(tryStrategy(plugin, 'first'), /plugin `team` has no `first` in `balancers`: there are `last`/);
  assert.throws(() => tryCheck(plugin, 'tcp', 1), /plugin `team` has no `tcp` in .*check.*: there are `open`/);
  const { data: _, ...without } = plugin;
  await assert.rejects(tryField(without, 'team'), /plugin `team` has no `data`/);
});

test('a data entry that lacks what the manifest declares is refused', async () => {
  const words = [...plugin.words!, { ...plugin.words![0]!, name: 'colour' }] as NonNullable<typeof plugin.words>;
  await assert.rejects(tryField({ ...plugin, words }, 'team'), /colour/);
});

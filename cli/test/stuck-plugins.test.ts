/**
 * Plugins whose promises never come: an error with a message and an exit code, for every command.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { createGateway } from '../dist/index.js';
import { folderOf, sluice } from './sluice.ts';

const RULES = `use stuck from "./stuck.js"\nlistener web on 127.0.0.1:0 { otherwise redirect 302 to "/" }\n`;
const manifest = (more = '') => `export default { name: 'stuck', apiVersion: 1, ${more} };`;

/** Nothing keeps the process alive in these. */
const STUCK = {
  module: `await new Promise(() => {}); ${manifest()}`,
  start: manifest('start: () => new Promise(() => {})'),
  validate: manifest(
    `data: import.meta.url, components: [{ kind: 'component', slot: 'balance', name: 'stuck', doc: 'x', example: 'balance stuck', args: [],
     validate: () => new Promise(() => {}) }]`,
  ).concat('export const balancers = { stuck: () => ({ pick: () => -1 }) };'),
  entry: manifest(`data: new URL('./entry.js', import.meta.url).href`),
};

async function rulesWith(t: TestContext, kind: keyof typeof STUCK): Promise<string> {
  const balanced =
    'use stuck from "./stuck.js"\nlistener web on 127.0.0.1:0 { otherwise send to app }\nbackend app of 127.0.0.1:9 { balance stuck }\n';
  const folder = await folderOf(t, {
    'gateway.sluice': kind === 'validate' ? balanced : RULES,
    'stuck.js': STUCK[kind],
    'entry.js': 'await new Promise(() => {});',
    'package.json': '{ "type": "module" }',
  });
  return join(folder, 'gateway.sluice');
}

/** The limits of the command are longer than a test should take. */
const LIMITS = { loadMs: 200, startMs: 200, stopMs: 200 };

for (const [kind, message] of [
  ['module', /did not finish loading within 200 ms: its module is waiting for something/],
  ['entry', /plugin `stuck`: its data entry cannot be imported: it did not finish loading within 200 ms/],
  ['validate', /balance `stuck`: it has not looked at its options within 200 ms/],
  ['start', /plugin `stuck` did not start within 200 ms: its `start` is waiting for something/],
] as const) {
  test(`a plugin whose ${kind} never resolves fails start-up with a clear error`, async (t) => {
    const file = await rulesWith(t, kind);
    const start = async () => {
      const gateway = await createGateway({ rules: { file }, logger: false, threads: 0, pluginLimits: LIMITS });
      await gateway.start();
      await gateway.stop();
    };
    await assert.rejects(start(), (error: Error) => {
      assert.match(error.message, message);
      return true;
    });
  });
}

test('a plugin that never stops does not keep the gateway from stopping', async (t) => {
  const folder = await folderOf(t, {
    'gateway.sluice': RULES,
    'stuck.js': manifest('stop: () => new Promise(() => {})'),
  });
  const rules = { file: join(folder, 'gateway.sluice') };
  const gateway = await createGateway({ rules, logger: false, threads: 0, pluginLimits: LIMITS });
  await gateway.start();
  await gateway.stop();
});

for (const command of ['check', 'run', 'lint', 'plan', 'test']) {
  test(`\`${command}\` of rules with a plugin that never loads fails with a message`, {
    concurrency: true,
  }, async (t) => {
    const { code, stdout, stderr } = await sluice([command, await rulesWith(t, 'module')]);
    assert.equal(code, 1, stdout + stderr);
    assert.match(stdout + stderr, /plugin `\.\/stuck\.js` did not finish loading within 10000 ms/);
  });
}

for (const command of ['check', 'run']) {
  test(`\`${command}\` with a plugin that calls process.exit(0) fails with a message`, async (t) => {
    const folder = await folderOf(t, { 'gateway.sluice': RULES, 'stuck.js': `process.exit(0); ${manifest()}` });
    const { code, stderr } = await sluice([command, join(folder, 'gateway.sluice')]);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /a plugin has called `process\.exit\(\)`/);
  });
}

test('a command that has nothing left to wait for before its work is done fails with a message', async () => {
  const loop = new URL('../dist/drained-loop.js', import.meta.url).href;
  const run = (then: string) =>
    promisify(execFile)(process.execPath, [
      '--input-type=module',
      '-e',
      `const loop = await import('${loop}'); ${then}`,
    ]);
  await assert.rejects(run('loop.failWhenDrained(); new Promise(() => {}).then(() => {});'), {
    code: 1,
    stderr: /^sluice: it ended before its work was done: something that it waits for/,
  });
  assert.equal((await run('loop.failWhenDrained(); loop.workIsDone();')).stderr, '');
});

test('a plugin that throws late in a command is named with its place', async (t) => {
  const folder = await folderOf(t, {
    'gateway.sluice': RULES,
    'stuck.js': `setImmediate(() => {\n  throw new Error('late');\n}); await new Promise((resolve) => setTimeout(resolve, 500)); ${manifest()}`,
  });
  const { code, stderr } = await sluice(['check', join(folder, 'gateway.sluice')]);
  assert.equal(code, 1);
  assert.match(stderr, /^sluice: a plugin has failed at .*stuck\.js:2:9: late/);
});

/**
 * A plugin that is edited while the gateway runs: its code belongs to a generation, in all threads.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { eventually, PluginStage } from '../kit/index.ts';

const MAIN = `
import { version } from './version.js';
import { services, verbs } from './data.js';
export { services, verbs };
export default {
  name: 'edited', apiVersion: 1, data: new URL('./data.js', import.meta.url).href,
  words: [{ kind: 'verb', name: 'tell version', doc: 'Answers.', example: 'tell version', part: 'guard', phase: 'request',
    takesCondition: true, args: [] }],
  components: [
    { kind: 'component', slot: 'serve', name: 'held', doc: 'Later.', example: 'serve held', args: [] },
    { kind: 'component', slot: 'check', name: 'probed', doc: 'Tells.', example: 'check probed', args: [],
      check: { probe: async () => ({ status: 'failed', reason: 'probed by ' + version }) } },
  ],
  start: ({ log }) => log.info('started ' + version),
};
export const startedVersion = version;
`;
const DATA = `
import { threadId } from 'node:worker_threads';
import { version } from './version.js';
import { named } from '#names';
export const verbs = { 'tell version': () => ({ kind: 'answer', answer(facts) {
  if (facts.header('x-leave') === version) process.exit(7);
  return { status: 200, headers: [], body: version + ' ' + named + ' ' + threadId };
} }) };
export const services = { held: () => ({ async answer() {
  const { existsSync } = process.getBuiltinModule('node:fs');
  while (!existsSync(new URL('./go', import.meta.url))) await new Promise((resolve) => setTimeout(resolve, 5));
  const body = Buffer.from((await import('./later.js')).later + ' ' + version);
  return { status: 200, headers: [], length: body.length, body };
} }) };
`;
const version = (name: string) => `export const version = '${name}';`;
const FILES = {
  'edited.js': MAIN,
  'data.js': DATA,
  'version.js': version('one'),
  'later.js': `import { version } from './version.js'; export const later = 'later ' + version;`,
  'names.js': `export const named = 'same';`,
  'package.json': JSON.stringify({ type: 'module', imports: { '#names': './names.js' } }),
};
const RULES = `
use edited from "./edited.js"
listener web on 127.0.0.1:0 {
  tell version when path is /version
  send to checked when path is /checked
  otherwise send to app
}
backend app { serve held }
backend checked of 127.0.0.1:9 { check probed every 50ms fall 1 }
`;

/** Each connection may come to another thread, so many are asked. */
async function versions(stage: PluginStage): Promise<Map<string, Set<string>>> {
  const seen = new Map<string, Set<string>>();
  for (let count = 0; count < 40; count++) {
    const [name, , thread] = (await stage.ask('/version')).body.split(' ');
    seen.set(name!, (seen.get(name!) ?? new Set()).add(thread!));
  }
  return seen;
}

test('after a reload all threads run the new code of an edited plugin and its imports', async (t) => {
  const stage = await PluginStage.start(t, { files: FILES, rules: RULES, threads: 2 });
  assert.deepEqual([...(await versions(stage)).keys()], ['one']);
  await stage.logged(/^started one$/);
  await stage.logged(/is stopped: probed by one$/);
  stage.write('version.js', version('two'));
  await stage.gateway.reload();
  assert.deepEqual([...(await versions(stage)).keys()], ['two']);
  await stage.logged(/^started two$/);
  await eventually('the new check', () => stage.gateway.stats().backends[1]!.servers[0]!.reason === 'probed by two');
  const port = (stage.gateway.addresses().web as { port: number }).port;
  await stage.gateway.explain(`GET http://127.0.0.1:${port}/version from 127.0.0.1`);
});

test('a thread that is replaced after an edit runs the code of its generation', async (t) => {
  const stage = await PluginStage.start(t, { files: FILES, rules: RULES, threads: 2 });
  stage.write('version.js', version('two'));
  stage.write('data.js', DATA.replace("+ ' ' + named", "+ ' edited'"));
  const replaced = once(stage.gateway, 'thread').then(async ([event]) =>
    event.event === 'lost' ? once(stage.gateway, 'thread') : event,
  );
  await assert.rejects(stage.ask('/version', { 'x-leave': 'one' }));
  await replaced;
  const seen = await versions(stage);
  assert.deepEqual([...seen.keys()], ['one']);
  await stage.gateway.reload();
  assert.deepEqual([...(await versions(stage)).keys()], ['two']);
  assert.match((await stage.ask('/version')).body, /^two edited /);
});

test('a request under way at a reload ends on the code that it began on', async (t) => {
  const stage = await PluginStage.start(t, { files: FILES, rules: RULES });
  const held = stage.ask('/held');
  await eventually('the request', () => stage.gateway.stats().listeners[0]!.openConnections === 1);
  stage.write('version.js', version('two'));
  await stage.gateway.reload();
  assert.match((await stage.ask('/version')).body, /^two /);
  stage.write('go', '');
  assert.match((await held).body, / one$/);
  assert.match((await stage.ask('/held')).body, /^later two two$/);
});

test('a plugin that has not changed is neither imported nor started again', async (t) => {
  const stage = await PluginStage.start(t, { files: FILES, rules: RULES });
  stage.write('gateway.sluice', `${RULES}# another line\n`);
  await stage.gateway.reload();
  stage.write('version.js', FILES['version.js']);
  await stage.gateway.reload();
  assert.equal(stage.lines.filter(({ msg }) => msg.startsWith('started')).length, 1);
});

test('an edit that cannot be loaded keeps the running code', async (t) => {
  const stage = await PluginStage.start(t, { files: FILES, rules: RULES });
  stage.write('data.js', 'export const verbs = {');
  await assert.rejects(stage.gateway.reload(), /edited/);
  assert.match((await stage.ask('/version')).body, /^one /);
  stage.write('data.js', DATA);
  stage.write('version.js', version('three'));
  await stage.gateway.reload();
  assert.match((await stage.ask('/version')).body, /^three /);
});

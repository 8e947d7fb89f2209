/**
 * What plugins throw late, and rejections that nobody handles: blamed on the plugin, and survived where nothing was interrupted.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { eventually, freePort, PluginStage, sluice, temporaryFolder } from '../kit/index.ts';

/** Fails later, as X-Late says; what fails stands in a module beside the plugin. */
const LATE = {
  'late.js': `
import { later } from './helper.js';
export default { name: 'late', apiVersion: 1, data: import.meta.url, words: [{ kind: 'verb', name: 'fail late', doc: 'Later.',
  example: 'fail late', part: 'guard', phase: 'request', takesCondition: true, args: [] }] };
export const verbs = { 'fail late': () => ({ kind: 'answer', answer(facts) {
  later[facts.header('x-late')]();
  return { status: 200, headers: [], body: 'fine' };
} }) };`,
  'helper.js': `
import { connect } from 'node:net';
import { EventEmitter } from 'node:events';
export const later = {
  timer: () => setTimeout(() => { throw new Error('late timer'); }, 1),
  immediate: () => setImmediate(() => { throw new TypeError('late immediate'); }),
  rejection: () => void (async () => { await null; throw new Error('late rejection'); })(),
  reject: () => void Promise.reject('no error'),
  socket: () => void connect(1, '127.0.0.1'),
  event: () => setTimeout(() => new EventEmitter().emit('error', new Error('late event')), 1),
};`,
  'package.json': '{ "type": "module" }',
};
const RULES =
  'use late from "./late.js"\nlistener web on 127.0.0.1:0 { fail late when path is /\n otherwise redirect 302 to "/" }\n';

const WAYS = [
  ['timer', /^plugin late threw outside of any call at .*helper\.js:5:\d+/, 'late timer'],
  ['immediate', /^plugin late threw outside of any call at .*helper\.js:6:\d+/, 'late immediate'],
  ['rejection', /^plugin late left a rejection that nobody handled at .*helper\.js:7:\d+/, 'late rejection'],
  ['reject', /left a rejection that nobody handled/, 'no error'],
  ['socket', /^code outside of the gateway threw outside of any call/, 'ECONNREFUSED'],
  ['event', /^plugin late threw outside of any call at .*helper\.js:10:\d+/, 'late event'],
] as const;

test('a late failure in a data thread is blamed on its plugin and costs no thread', async (t) => {
  const stage = await PluginStage.start(t, { files: LATE, rules: RULES, threads: 1, logLevel: 'debug' });
  const lost: unknown[] = [];
  stage.gateway.on('thread', (event) => lost.push(event));
  for (const [way, message, error] of WAYS) {
    assert.equal((await stage.ask('/', { 'x-late': way })).status, 200);
    const line = await eventually(`a line about ${way}`, () =>
      stage.lines.find((each) => message.test(each.msg) && each.error?.includes(error)),
    );
    if (message.source.startsWith('^plugin')) assert.equal(line.plugin, 'late');
    assert.match(line.msg, /; nothing of the gateway was interrupted$/);
  }
  assert.equal((await stage.ask('/', { 'x-late': 'timer' })).status, 200);
  assert.deepEqual(lost, []);
  assert.match(stage.lines.find(({ error }) => error === 'late timer')!.stack!, /helper\.js\?sluice=\d+:5/);
});

test('a thread that a plugin ends is reported as lost in that plugin', async (t) => {
  const files = { ...LATE, 'helper.js': 'export const later = { leave: () => process.exit(3) };' };
  const stage = await PluginStage.start(t, { files, rules: RULES, threads: 1 });
  await stage.ask('/', { 'x-late': 'leave' }).catch(() => null);
  await stage.logged(/data thread 0 was lost in verb fail late of plugin late/);
});

/** Plugins of the main thread that fail late, each in its own way. */
const MAIN = `
import { connect } from 'node:net';
const fails = () => { setTimeout(() => { throw new Error('late ' + name); }, 1); void Promise.reject(new Error('rejected ' + name)); connect(1, '127.0.0.1'); };
const name = 'main';
const component = (slot, more) => ({ kind: 'component', slot, name: 'failing', doc: 'Fails.', example: slot + ' failing', args: [], ...more });
export default { name, apiVersion: 1, data: import.meta.url, components: [
  component('discovery', { discovery: { async find() { fails(); return { servers: [{ address: { host: '127.0.0.1', port: 9 } }], againMs: 100 }; } } }),
  component('check', { check: { async probe() { fails(); return PROBED; } } }),
] };
`;
const MAIN_RULES = (port: number, check: string) => `use main from "./main.js"
listener web on 127.0.0.1:${port} { redirect 302 to "/" when path is /
  otherwise send to app }
backend app { servers from failing
  check failing every 50ms }
${check}`;

for (const [what, result] of [
  ['fail late', "{ status: 'passed', reason: 'ok' }"],
  ['fail late, and resolve to nothing', 'undefined'],
  ['fail late, and resolve to a status that is none', "{ status: 'fine' }"],
] as const) {
  test(`\`run\` goes on with probes and discoveries that ${what}`, async () => {
    const folder = temporaryFolder();
    const port = await freePort();
    writeFileSync(join(folder, 'main.js'), MAIN.replace('PROBED', result));
    writeFileSync(join(folder, 'package.json'), LATE['package.json']);
    writeFileSync(join(folder, 'gateway.sluice'), MAIN_RULES(port, ''));
    const program = sluice('run', join(folder, 'gateway.sluice'), '--threads', '1');
    await program.printed(/listener web is on/);
    await program.printed(/plugin main threw outside of any call/);
    await program.printed(/plugin main left a rejection that nobody handled/);
    const { status } = await fetch(`http://127.0.0.1:${port}/`, { redirect: 'manual' });
    assert.equal(status, 302);
    assert.equal(program.hasExited, false);
    await program.stop();
  });
}

/** An embedder in a process of its own, with `threads: 0`; prints what it saw. */
async function embedder(t: TestContext, handler: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(LATE)) writeFileSync(join(folder, name), text);
  writeFileSync(join(folder, 'gateway.sluice'), RULES);
  const sluiceModule = import.meta.resolve('sluice');
  writeFileSync(
    join(folder, 'app.mjs'),
    `import { createGateway } from '${sluiceModule}';
const gateway = await createGateway({ rules: { file: '${join(folder, 'gateway.sluice')}' }, threads: 0, logger: false });
await gateway.start();
${handler}
await fetch('http://127.0.0.1:' + gateway.addresses().web.port + '/', { headers: { 'x-late': 'timer' } });
await new Promise((resolve) => setTimeout(resolve, 200));
if (process.argv[2] === 'own') setTimeout(() => { throw new Error('the app itself'); }, 1);
await new Promise((resolve) => setTimeout(resolve, 200));
await gateway.stop();
console.log('went on');`,
  );
  t.diagnostic(folder);
  const run = (...args: string[]) =>
    promisify(execFile)(process.execPath, [join(folder, 'app.mjs'), ...args]).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
    );
  return handler.includes('own') ? run('own') : run();
}

test('an embedder’s process ends as it would without a gateway', async (t) => {
  const { code, stderr } = await embedder(t, '');
  assert.equal(code, 1);
  assert.match(stderr, /Error: late timer/);
});

test('an embedder that calls `contain` continues after a plugin’s failure, and not after its own', async (t) => {
  const handler = `process.on('uncaughtException', (error, origin) => {
    if (gateway.contain(error, origin)) return;
    console.log('not contained: ' + error.message);
    process.exit(9);
  });`;
  const { code, stdout } = await embedder(t, handler);
  assert.deepEqual([code, stdout], [0, 'went on\n']);
  const own = await embedder(t, `${handler} // own`);
  assert.deepEqual([own.code, own.stdout], [9, 'not contained: the app itself\n']);
});

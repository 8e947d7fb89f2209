import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Plan } from '@sluice/dsl/plan';
import { pino } from 'pino';
import { PluginHost } from '../../../src/control/plugins/plugin-host.ts';
import type { PluginManifest } from '../../../src/plugin/index.ts';
import { backend, check, PLACE, plan, server } from '../fixtures/plans.ts';
import { wordsPlugin } from '../fixtures/words.ts';

let folder: string;
const lines: { msg: string; reason?: string }[] = [];
const log = pino({ level: 'debug' }, { write: (line) => void lines.push(JSON.parse(line)) });

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-plugins-'));
  await write('good.mjs', `export default { name: 'good', apiVersion: 1, options: ${JSON.stringify(DEPTH)} }`);
  await write('throws.mjs', `throw new Error('no database here')`);
  await write('named.mjs', `export const name = 'named'`);
  await write('node_modules/@acme/geo/package.json', JSON.stringify({ exports: { '.': { import: './esm.mjs' } } }));
  await write('node_modules/@acme/geo/esm.mjs', `export default { name: 'geo', apiVersion: 1 }`);
  await write('node_modules/plain/package.json', JSON.stringify({ main: 'main.mjs' }));
  await write('node_modules/plain/main.mjs', `export default { name: 'plain', apiVersion: 1 }`);
  await write('node_modules/plain/extra.mjs', `export default { name: 'extra', apiVersion: 1 }`);
});

after(() => rm(folder, { recursive: true }));

const DEPTH = { type: 'object', properties: { depth: { type: 'integer', default: 3 } }, additionalProperties: false };

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), text);
}

function load(from: string, options = {}, baseDir = folder): Promise<{ url: string }> {
  return new PluginHost([], log).load({ name: 'x', from, baseDir, options });
}

/** A plugin that writes down when it starts and stops. */
function noted(name: string, story: string[], more: Partial<PluginManifest> = {}): PluginManifest {
  return {
    name,
    apiVersion: 1,
    start: () => void story.push(`start ${name}`),
    stop: () => void story.push(`stop ${name}`),
    ...more,
  };
}

const EMPTY = plan([], []);

test('a path is relative to the rule file’s folder, and may be absolute or a URL', async () => {
  const url = pathToFileURL(join(folder, 'good.mjs')).href;
  assert.equal((await load('./good.mjs')).url, url);
  assert.equal((await load(join(folder, 'good.mjs'), {}, '/')).url, url);
  assert.equal((await load(url, {}, '/')).url, url);
});

test('a package is looked for from the rule file’s folder upwards, by its exports', async () => {
  await mkdir(join(folder, 'deep/er'), { recursive: true });
  const found = await load('@acme/geo', {}, join(folder, 'deep/er'));
  assert.equal(found.url, pathToFileURL(join(folder, 'node_modules/@acme/geo/esm.mjs')).href);
  assert.match((await load('plain')).url, /plain\/main\.mjs$/);
  assert.match((await load('plain/extra.mjs')).url, /plain\/extra\.mjs$/);
});

test('a plugin that cannot be loaded is reported with the reason', async () => {
  await assert.rejects(load('./none.mjs'), {
    code: 'SG0101',
    message: new RegExp(`\`./none.mjs\` was not found from ${folder}`),
  });
  await assert.rejects(load('@acme/none'), { code: 'SG0101' });
  await assert.rejects(load('./throws.mjs'), { code: 'SG0102', message: /no database here/ });
  await assert.rejects(load('./named.mjs'), { code: 'SG0103' });
  await assert.rejects(load('./good.mjs', { depth: 'deep' }), {
    code: 'SG0108',
    message: 'plugin `good`: option `depth` is "deep", but must be integer',
  });
});

test('a manifest that is no good is refused', () => {
  const refuse = (manifest: object, code: string): void => {
    assert.throws(() => new PluginHost([manifest as PluginManifest], log), { code });
  };
  refuse({ name: 'x', apiVersion: 2 }, 'SG0104');
  refuse({ name: 'X y', apiVersion: 1 }, 'SG0105');
  refuse({ name: 'x', apiVersion: 1, data: './data.js' }, 'SG0113');
  refuse(
    { name: 'x', apiVersion: 1, components: [{ kind: 'component', slot: 'check', name: 'c', args: [] }] },
    'SG0114',
  );
  for (const slot of ['certificates', 'certificate']) {
    refuse({ name: 'x', apiVersion: 1, components: [{ kind: 'component', slot, name: 'c', args: [] }] }, 'SG0119');
  }
});

test('options that are no schema are refused when a plan needs them', async () => {
  const manifest = { name: 'x', apiVersion: 1, options: { type: 'nonsense' } } as unknown as PluginManifest;
  await assert.rejects(new PluginHost([manifest], log).assemble(plan([], [])), { code: 'SG0109' });
  const words = wordsPlugin();
  const components = words.components!.map((component) => ({ ...component, options: { type: 'nonsense' } }));
  const host = new PluginHost([{ ...words, components }], log);
  await assert.rejects(host.assemble(plan([], [backend('app', [server('a', 1)])])), { code: 'SG0109' });
});

test('two plugins with one name, or with the same word, cannot be used together', () => {
  const words = wordsPlugin();
  assert.throws(() => new PluginHost([words, words], log), { code: 'SG0106' });
  const other = { ...words, name: 'other' };
  assert.throws(() => new PluginHost([words, other], log), {
    code: 'SG0107',
    message: 'plugin `other` adds field `path`, which plugin `words` already has: remove one of them',
  });
});

test('component options are checked with their place, and their defaults filled into the plan', async () => {
  const host = new PluginHost([wordsPlugin()], log);
  const withOptions = (options: object): Plan => {
    const probe = { slot: 'check', name: 'scripted', options, place: { ...PLACE, file: 'a.sluice', line: 7 } } as const;
    return plan([], [backend('app', [server('a', 1)], { check: check({ probe: probe as never }) })]);
  };
  const set = await host.assemble(withOptions({}));
  assert.deepEqual(set.plan.backends[0]!.check!.probe.options, { depth: 1 });
  await assert.rejects(host.assemble(withOptions({ depth: 'x' })), {
    code: 'SG0111',
    message: 'a.sluice:7:1: backend `app`: check `scripted`: option `depth` is "x", but must be integer',
  });
  const unknown = plan(
    [],
    [backend('app', [], { balance: { slot: 'balance', name: 'magic', options: {}, place: PLACE } })],
  );
  await assert.rejects(host.assemble(unknown), { code: 'SG0112', message: /no plugin has balance `magic`/ });
});

test('plugins start in order and stop in reverse', async () => {
  const story: string[] = [];
  const host = new PluginHost([noted('a', story), noted('b', story), noted('c', story)], log);
  await host.start(await host.assemble(EMPTY));
  await host.stop();
  assert.deepEqual(story, ['start a', 'start b', 'start c', 'stop c', 'stop b', 'stop a']);
  await host.stop();
  assert.equal(story.length, 6);
});

test('a start that fails half-way stops what had started, the failed one too, in reverse', async () => {
  const story: string[] = [];
  const broken = noted('b', story, { start: () => Promise.reject(new Error('no disk')) });
  const host = new PluginHost([noted('a', story), broken, noted('c', story)], log);
  const set = await host.assemble(EMPTY);
  await assert.rejects(host.start(set), { code: 'SG0110', message: 'plugin `b` could not start: no disk' });
  assert.deepEqual(story, ['start a', 'stop b', 'stop a']);
});

test('a stop that throws is logged and does not keep the others', async () => {
  const story: string[] = [];
  const bad = noted('b', story, {
    stop: () => {
      throw new Error('stuck');
    },
  });
  const host = new PluginHost([noted('a', story), bad, noted('c', story)], log);
  await host.start(await host.assemble(EMPTY));
  lines.length = 0;
  await host.stop();
  assert.deepEqual(story.slice(3), ['stop c', 'stop a']);
  assert.equal(lines[0]!.reason, 'stuck');
});

test('on a change, only new plugins start and only removed ones stop', async () => {
  const story: string[] = [];
  const host = new PluginHost([noted('a', story)], log);
  await write(
    'later.mjs',
    `const story = (globalThis.laterStory = []); export default { name: 'later', apiVersion: 1, start() { story.push('start'); }, stop() { story.push('stop'); } }`,
  );
  const url = pathToFileURL(join(folder, 'later.mjs')).href;
  await host.start(await host.assemble(EMPTY));
  const use = { name: 'later', from: './later.mjs', url, options: {}, place: PLACE };
  await host.start(await host.assemble({ ...EMPTY, plugins: [use] }));
  const later = (globalThis as unknown as { laterStory: string[] }).laterStory;
  assert.deepEqual([story, later], [['start a'], ['start']]);
  await host.settle(await host.assemble(EMPTY));
  assert.deepEqual([story, later], [['start a'], ['start', 'stop']]);
  await host.stop();
});

test('a plugin whose options changed is stopped and started again, and put back when the start fails', async () => {
  const seen: unknown[] = [];
  const manifest = noted('tuned', [], {
    options: DEPTH,
    start: ({ options }) => {
      seen.push(options.depth);
      if (options.depth === 13) throw new Error('unlucky');
    },
    stop: () => void seen.push('stop'),
  });
  await write('tuned.mjs', `export default globalThis.tunedPlugin`);
  Object.assign(globalThis, { tunedPlugin: manifest });
  const url = pathToFileURL(join(folder, 'tuned.mjs')).href;
  const host = new PluginHost([], log);
  const withDepth = (depth: number): Plan => ({
    ...EMPTY,
    plugins: [{ name: 'tuned', from: url, url, options: { depth }, place: PLACE }],
  });
  await host.start(await host.assemble(withDepth(3)));
  await host.start(await host.assemble(withDepth(3)));
  await host.start(await host.assemble(withDepth(4)));
  await assert.rejects(host.start(await host.assemble(withDepth(13))), { code: 'SG0110' });
  await host.stop();
  assert.deepEqual(seen, [3, 'stop', 4, 'stop', 13, 'stop', 4, 'stop']);
});

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { PluginHost } from '../../../src/control/plugins/plugin-host.ts';
import type { PluginManifest } from '../../../src/plugin/index.ts';
import { checkedEntry } from '../../../src/shared/plugins/checked-entry.ts';

const log = pino({ enabled: false });
const field = { kind: 'field', name: 'team', doc: 'The team.', example: 'team is red', phase: 'request', type: 'text' };
const FIELD = { ...field, operators: ['is'], defaultOperator: 'is', index: 'none' };
const VERB = { kind: 'verb', name: 'tag', doc: 'Tags.', example: 'tag', part: 'change', phase: 'request', args: [] };
const BALANCE = { kind: 'component', slot: 'balance', name: 'mine', doc: 'Mine.', example: 'balance mine', args: [] };

function problemsOf(more: object, url = import.meta.url): string {
  try {
    new PluginHost([{ name: 'team', apiVersion: 1, data: url, ...more } as unknown as PluginManifest], log);
  } catch (thrown) {
    const { code, message } = thrown as { code: string; message: string };
    assert.equal(code, 'SG0122', message);
    return message.replace('plugin `team` cannot be used: ', '');
  }
  return '';
}

test('a manifest that is right passes', () => {
  assert.equal(problemsOf({ words: [FIELD, VERB], components: [BALANCE] }), '');
});

const cases: readonly (readonly [name: string, manifest: object, problem: RegExp])[] = [
  [
    'a misspelt slot',
    { components: [{ ...BALANCE, slot: 'blance' }] },
    /^components\[0\]\.slot is "blance": did you mean "balance"\?$/,
  ],
  [
    'a slot like nothing',
    { components: [{ ...BALANCE, slot: 'x' }] },
    /^components\[0\]\.slot is "x", expected one of "balance", "stick"/,
  ],
  ['a missing slot', { components: [{ ...BALANCE, slot: undefined }] }, /`components\[0\]\.slot` is missing/],
  ['a misspelt key', { wrods: [] }, /^there is no `wrods`: did you mean `words`\?$/],
  [
    'a misspelt key of a word',
    { words: [{ ...FIELD, isOptionl: true }] },
    /^there is no `words\[0\]\.isOptionl`: did you mean `isOptional`\?$/,
  ],
  [
    'a thin word',
    { words: [{ kind: 'field', name: 'team' }] },
    /`words\[0\]\.doc` is missing; .*`words\[0\]\.operators` is missing/,
  ],
  ['a word that is text', { words: ['team'] }, /^words\[0\] is text, expected an object$/],
  ['words that are no list', { words: {} }, /^words is an object, expected a list$/],
  [
    'a word of an unknown kind',
    { words: [{ ...FIELD, kind: 'feild' }] },
    /^words\[0\]\.kind is "feild": did you mean "field"\?$/,
  ],
  [
    'an unknown type',
    { words: [{ ...FIELD, type: 'string' }] },
    /^words\[0\]\.type is "string", expected one of "ip", "number", "text"$/,
  ],
  [
    'an unknown operator',
    { words: [{ ...FIELD, operators: ['iz'] }] },
    /^words\[0\]\.operators\[0\] is "iz": did you mean "is"\?$/,
  ],
  [
    'an operator of another type',
    { words: [{ ...FIELD, type: 'ip', operators: ['is', 'under'] }] },
    /has "under", which does not compare a field of type ip$/,
  ],
  [
    'a default that is no operator',
    { words: [{ ...FIELD, defaultOperator: 'in' }] },
    /defaultOperator is "in", which is not among its operators$/,
  ],
  [
    'an unknown phase',
    { words: [{ ...FIELD, phase: 'requst' }] },
    /^words\[0\]\.phase is "requst": did you mean "request"\?$/,
  ],
  ['an unknown part', { words: [{ ...VERB, part: 'gaurd' }] }, /^words\[0\]\.part is "gaurd": did you mean "guard"\?$/],
  [
    'an unknown type of an argument',
    { words: [{ ...VERB, args: [{ name: 'a', type: 'strng', doc: 'x' }] }] },
    /^words\[0\]\.args\[0\]\.type is "strng"/,
  ],
  [
    'a name that no rule can say',
    { words: [{ ...FIELD, name: 'Team!' }] },
    /^words\[0\]\.name is "Team!", expected words of lower-case/,
  ],
  ['an empty doc', { words: [{ ...FIELD, doc: '' }] }, /^words\[0\]\.doc is empty, expected text$/],
  ['a start that is no function', { start: true }, /^start is true, expected a function$/],
  ['options that are no object', { options: 'string' }, /^options is text, expected an object$/],
  [
    'words without a data entry',
    { data: undefined, words: [FIELD] },
    /^`data` is missing, the data entry with the functions of field `team`$/,
  ],
  [
    'a component without a data entry',
    { data: undefined, components: [BALANCE] },
    /`data` is missing.* balance `mine`$/,
  ],
  [
    'a server tls without one for probes',
    { components: [{ ...BALANCE, slot: 'server tls' }] },
    /^`components\[0\]\.serverTls` is missing/,
  ],
  ['data that is no text', { data: 5 }, /^data is the number 5, expected text$/],
];

for (const [name, manifest, problem] of cases) {
  test(`${name} is refused with its place`, () => assert.match(problemsOf(manifest), problem));
}

test('all problems are reported together', () => {
  assert.equal(problemsOf({ words: [{ ...FIELD, type: 'txt' }], strat: () => {} }).split('; ').length, 2);
});

const entries: readonly (readonly [name: string, entry: object, problem: string])[] = [
  [
    'a misspelt export',
    { feilds: { team: () => '' } },
    'has no `fields` function for field `team`, which its manifest declares (exports: `feilds`)',
  ],
  [
    'a misspelt name',
    { fields: { taem: () => '' } },
    'has no `fields` function for field `team`, which its manifest declares (`fields` has: `taem`)',
  ],
  [
    'a section that is a function',
    { fields: () => '' },
    'exports `fields` as a function, expected an object of functions',
  ],
  ['a function that is none', { fields: { team: 'red' } }, 'has text in `fields` for `team`, expected a function'],
];

for (const [name, entry, problem] of entries) {
  test(`${name} in a data entry is refused`, () => {
    assert.throws(() => checkedEntry({ plugin: 'team', words: [FIELD as never] }, entry), {
      message: `plugin \`team\`: its data entry ${problem}`,
    });
  });
}

test('a data entry of a `use` line is checked before any thread sees it', async (t: TestContext) => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-manifest-'));
  t.after(() => rm(folder, { recursive: true }));
  const text = `export default { name: 'team', apiVersion: 1, data: import.meta.url, words: [${JSON.stringify(FIELD)}] }; export const feilds = {};`;
  await writeFile(join(folder, 'team.mjs'), text);
  const host = new PluginHost([], log);
  const { url } = await host.load({ name: 'team', from: './team.mjs', baseDir: folder, options: {} });
  const place = { file: 'x', line: 1, column: 1, length: 1 };
  const plan = {
    plugins: [{ name: 'team', from: './team.mjs', url, options: {}, place }],
    listeners: [],
    backends: [],
    settings: {},
  };
  await assert.rejects(host.assemble(plan as never, true), {
    code: 'SG0123',
    message: /its data entry has no `fields` function for field `team`.*exports: `default`, `feilds`/,
  });
});

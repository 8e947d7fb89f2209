import assert from 'node:assert/strict';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { compile, formatDiagnostic } from '../../src/index.ts';
import { APP, compileFiles, inFolder, toldOf } from '../rule-folder.ts';
import { WORDS } from '../words.ts';

test('files that match are read in the order of their names, and share all names', async () => {
  const { plan, diagnostics } = await compileFiles({
    'edge.sluice': 'include "shared/*.sluice"\nlistener web on :8080 {\n  deny risky\n  otherwise send to app\n}\n',
    'shared/b.sluice': 'backend app of 127.0.0.1:9001',
    'shared/a.sluice': 'define risky = path is /x and inside',
    'shared/c.sluice': 'list unused = ips 10.0.0.0/8\ndefine inside = ip unused',
    'shared/notes.txt': 'this is not a rule file',
    'shared/.hidden.sluice': 'nor is this',
  });
  assert.deepEqual(diagnostics, []);
  assert.deepEqual(plan!.files, ['edge.sluice', 'shared/a.sluice', 'shared/b.sluice', 'shared/c.sluice']);
  assert.equal(plan!.backends[0]!.place.file, 'shared/b.sluice');
});

test('`**` finds files in folders below, `?` one character, and a pattern may name its own file', async () => {
  const deep = await compileFiles({
    'edge.sluice': `include "rules/**/?.sluice"\n${APP}`,
    'rules/a.sluice': '',
    'rules/x/y/b.sluice': 'include optional "*.sluice"',
    'rules/x/y/long.sluice': 'nonsense',
  }).then(toldOf);
  assert.deepEqual(deep, [
    'SL0101 rules/x/y/long.sluice:1:1 unknown word `nonsense` | A file contains: listener, backend, settings, define, use, include, list, map, test',
  ]);
});

test('paths in a file begin at its own folder', async () => {
  const { plan, diagnostics } = await compileFiles({
    'edge.sluice': `include "a/one.sluice"\n${APP}`,
    'a/one.sluice': 'include "b/two.sluice"',
    'a/b/two.sluice': 'include "../three.sluice"',
    'a/three.sluice': '# nothing',
  });
  assert.deepEqual(diagnostics, []);
  assert.deepEqual(plan!.files, ['edge.sluice', 'a/one.sluice', 'a/b/two.sluice', 'a/three.sluice']);
});

test('no match is an error unless it is optional, and gives no echo', async () => {
  const told = await compileFiles({
    'edge.sluice':
      'include "gone/*.sluice"\ninclude "gone.sluice"\ninclude optional "gone.sluice"\nlistener web on :80 { otherwise send to elsewhere }\n',
  }).then(toldOf);
  assert.equal(told.length, 2, told.join('\n'));
  assert.match(
    told[0]!,
    /^SL0714 edge\.sluice:1:9 no file matches `gone\/\*\.sluice` in .* \| Write `include optional …`/,
  );
  assert.match(told[1]!, /^SL0714 edge\.sluice:2:9 /);
});

test('an include cycle is reported with both places', async () => {
  const told = await compileFiles({
    'edge.sluice': `include "a.sluice"\n${APP}`,
    'a.sluice': 'include "b.sluice"',
    'b.sluice': '# on\ninclude "a.sluice"; include "edge.sluice"',
  }).then(toldOf);
  assert.deepEqual(told, [
    'SL0715 b.sluice:2:9 `a.sluice` includes itself, directly or indirectly: first at edge.sluice:1:9 | Remove one of the lines',
    'SL0715 b.sluice:2:29 `edge.sluice` includes itself, directly or indirectly: it is the file that was asked for | Remove one of the lines',
  ]);
});

test('a file that is included twice is reported with both places, however its path is written', async () => {
  const told = await compileFiles({
    'edge.sluice': `include "a.sluice"\ninclude "./x/../a.sluice"\n${APP}`,
    'a.sluice': 'include optional "nothing"',
  }).then(toldOf);
  assert.deepEqual(told, [
    'SL0716 edge.sluice:2:9 `a.sluice` is already included: first at edge.sluice:1:9 | Remove one of the lines, or narrow the pattern',
  ]);
});

test('each file is parsed separately: a block does not continue in the next one', async () => {
  const told = await compileFiles({
    'edge.sluice': `include "a.sluice", "b.sluice"\ninclude "*.part"\n${APP}`,
    'a.part': 'listener two on :81 {\n  otherwise send to app',
    'b.part': '}',
  }).then(toldOf);
  assert.deepEqual(
    told.map((line) => line.split(' ').slice(0, 2).join(' ')),
    ['SL0118 edge.sluice:1:21', 'SL0104 a.part:1:21', 'SL0105 b.part:1:1'],
  );
});

test('a name defined in two files is reported with the other file', async () => {
  const told = await compileFiles({
    'edge.sluice': `include "a.sluice"\n${APP}settings { threads 2 }\n`,
    'a.sluice': '\nbackend app of 127.0.0.1:9002\nlistener web on :8081 { otherwise deny }\nsettings { threads 1 }',
  }).then(toldOf);
  assert.deepEqual(
    told.map((line) => line.split(' | ')[0]),
    [
      'SL0701 a.sluice:2:9 there is already a backend `app`, on line 3 of edge.sluice',
      'SL0701 a.sluice:3:10 there is already a listener `web`, on line 2 of edge.sluice',
      'SL0122 a.sluice:4:1 `settings` is already set, on line 4 of edge.sluice',
    ],
  );
});

test('a problem in an included file shows that file’s line', async () => {
  await inFolder(
    { 'edge.sluice': `include "a.sluice"\n${APP}`, 'a.sluice': '# one\ndefine a = pth is /x' },
    async (folder) => {
      const { diagnostics, sources } = await compile({ file: join(folder, 'edge.sluice') }, { words: WORDS });
      const frame = formatDiagnostic(diagnostics[0]!, sources).replaceAll(`${folder}/`, '');
      assert.match(frame, /^SL0202 a\.sluice:2:12 {3}define a = pth is \/x\n/);
    },
  );
});

test('`**` does not follow links, so that a circle of them ends', async () => {
  await inFolder({ 'edge.sluice': `include "rules/**/*.sluice"\n${APP}`, 'rules/a.sluice': '' }, async (folder) => {
    await symlink(join(folder, 'rules'), join(folder, 'rules/again'));
    const { plan } = await compile({ file: join(folder, 'edge.sluice') }, { words: WORDS });
    assert.equal(plan!.files.length, 2);
  });
});

for (const [line, code] of [
  ['include', 'SL0117'],
  ['include optional', 'SL0117'],
  ['include a.sluice', 'SL0118'],
  ['include ""', 'SL0618'],
  ['include "a" when all', 'SL0118'],
  ['include "a" { }', 'SL0118'],
  ['include "."', 'SL0615'],
] as const) {
  test(`a line that includes nothing: ${line}`, async () => {
    const { diagnostics } = await compileFiles({ 'edge.sluice': `${line}\n${APP}` });
    assert.deepEqual(
      diagnostics.map((found) => found.code),
      [code],
    );
  });
}

import assert from 'node:assert/strict';
import { isAbsolute } from 'node:path';
import { test } from 'node:test';
import { codesOf, compileText, inContext } from '../compile-text.ts';

const compiled = (lines: string) => compileText(inContext('settings', lines));

test('state is kept in the folder that is named, absolute in the plan', async () => {
  const { plan, diagnostics } = await compiled('state in "/var/lib/sluice"');
  assert.deepEqual(diagnostics, []);
  assert.equal(plan!.settings.stateDir, '/var/lib/sluice');
  const relative = (await compiled('state in "state"')).plan!.settings.stateDir!;
  assert.ok(isAbsolute(relative) && relative.endsWith('/state'), relative);
});

test('no state is kept without that line', async () => {
  assert.equal((await compiled('drain 1s')).plan!.settings.stateDir, undefined);
});

for (const [lines, ...codes] of [
  ['state', 'SL0117 6:3'],
  ['state "/var/lib/sluice"', 'SL0117 6:9'],
  ['state in', 'SL0117 6:9'],
  ['state in "/a" "/b"', 'SL0118 6:17'],
  ['state in "/a"\nstate in "/b"', 'SL0122 7:3'],
] as const) {
  test(`${lines.replace('\n', '; ')}: ${codes}`, async () => {
    assert.deepEqual(codesOf((await compiled(lines)).diagnostics), codes);
  });
}

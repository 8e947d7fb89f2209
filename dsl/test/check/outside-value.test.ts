import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CompileResult } from '../../src/index.ts';
import { codesOf, compileText, inContext } from '../compile-text.ts';
import { inFolder } from '../rule-folder.ts';

const ENV = { REGION: 'eu {host} "x"', TWO_LINES: 'a\r\nX-Evil: b', EMPTY: '', SLUICE_SECRET_API_KEY: 'hunter2' };

function compiled(lines: string, more = ''): Promise<CompileResult> {
  return compileText(`${inContext('listener', lines)}${more}`, { env: ENV });
}

test('a variable is inserted after parsing, so nothing in it is syntax', async () => {
  const { plan, diagnostics } = await compiled('set header X-A to env "REGION"\nset header X-B to env "EMPTY"');
  assert.deepEqual(diagnostics, []);
  const [first, second] = plan!.listeners[0]!.changes;
  assert.deepEqual(first!.args.value, { template: ['eu {host} "x"'] });
  assert.deepEqual(second!.args.value, { template: [] });
  assert.equal(first!.text, 'set header X-A to env "REGION"');
});

test('a secret is a name in the plan, and its value is nowhere', async () => {
  const { plan, diagnostics } = await compiled('set header X-Key to secret "api-key"');
  assert.deepEqual(diagnostics, []);
  assert.deepEqual(plan!.listeners[0]!.changes[0]!.args.value, { template: [{ secret: 'api-key' }] });
  assert.doesNotMatch(JSON.stringify(plan), /hunter2/);
});

for (const [line, code, fix] of [
  ['set header X-A to env "REGOIN"', 'SL0630 2:25', 'Did you mean `REGION`?'],
  ['set header X-A to env "TWO_LINES"', 'SL0631 2:25', 'Set it to one line of plain text'],
  ['set header X-A to secret "other-key"', 'SL0632 2:28', null],
  ['set header X-A to secret "../../etc/passwd"', 'SL0704 2:28', null],
] as const) {
  test(`a missing variable or secret is an error: ${line}`, async () => {
    const { plan, diagnostics } = await compiled(line);
    assert.equal(plan, null);
    assert.deepEqual(codesOf(diagnostics), [code]);
    if (fix !== null) assert.equal(diagnostics[0]!.fix, fix);
  });
}

test('with a folder of secrets, only files in it count', async () => {
  await inFolder({ 'secrets/api-key': 'other\n' }, async (folder) => {
    const settings = `settings { secrets from "${folder}/secrets" }`;
    const there = await compiled('set header X-Key to secret "api-key"', settings);
    assert.deepEqual(there.diagnostics, []);
    assert.equal(there.plan!.settings.secretsDir, `${folder}/secrets`);
    const gone = await compiled('set header X-Key to secret "db"', settings);
    assert.deepEqual(codesOf(gone.diagnostics), ['SL0632 2:30']);
  });
});

test('a bare word is just a text', async () => {
  const { plan } = await compiled('set header X-A to env\nset header X-B to secret');
  assert.deepEqual(plan!.listeners[0]!.changes[0]!.args.value, { template: ['env'] });
});

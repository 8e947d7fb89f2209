/** Secrets reach the request and nothing that people read. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Plan } from '@sluice/dsl/plan';
import { readSecrets } from '../../../src/control/plugins/secrets.ts';
import { listener, plan, rule } from '../fixtures/plans.ts';

function planWith(secretsDir: string | null): Plan {
  const value = { template: ['Bearer ', { secret: 'api-key' }] };
  const made = plan(
    [listener('web', { changes: [rule('change', 'mark', { value, whole: { secret: 'other' } })] })],
    [],
  );
  return { ...made, settings: { ...made.settings, secretsDir } };
}

test('secrets come from the environment, or from files whose last line end does not count', async () => {
  const env = { SLUICE_SECRET_API_KEY: 'one', SLUICE_SECRET_OTHER: 'two' };
  assert.deepEqual(await readSecrets(planWith(null), env), { 'api-key': 'one', other: 'two' });
  const folder = await mkdtemp(join(tmpdir(), 'sluice-'));
  try {
    await writeFile(join(folder, 'api-key'), 'three\r\n');
    await writeFile(join(folder, 'other'), 'four');
    assert.deepEqual(await readSecrets(planWith(folder), env), { 'api-key': 'three', other: 'four' });
  } finally {
    await rm(folder, { recursive: true });
  }
});

for (const [what, env, message] of [
  ['missing', {}, 'secret `api-key` cannot be used: the environment has no `SLUICE_SECRET_API_KEY`'],
  ['empty', { SLUICE_SECRET_API_KEY: '' }, 'secret `api-key` cannot be used: it is empty'],
  [
    'of two lines',
    { SLUICE_SECRET_API_KEY: 'hunter2\nx' },
    'secret `api-key` cannot be used: it has more than one line',
  ],
] as const) {
  test(`a secret that is ${what} is refused without showing its value`, async () => {
    await assert.rejects(readSecrets(planWith(null), env), { code: 'SG0203', message });
  });
}

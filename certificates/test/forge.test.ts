/**
 * One module decides what the certificate library does: no other source imports it.
 */
import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import { test } from 'node:test';

const ROOT = new URL('../../', import.meta.url);

test('node-forge is imported by forge.ts alone, and by what the kit makes test certificates with', async () => {
  const found: string[] = [];
  for await (const file of glob('{certificates,cli,core,dsl,plugin-kit,plugins/*}/src/**/*.ts', { cwd: ROOT })) {
    if (/\b(?:from|import\(|\w*[Rr]equire\b.*\()\s*'node-forge/.test(await readFile(new URL(file, ROOT), 'utf8')))
      found.push(file);
  }
  assert.deepEqual(found.sort(), [
    'certificates/src/forge.ts',
    'plugin-kit/src/tls/certificates.ts',
    'plugin-kit/src/tls/client-authority.ts',
  ]);
});

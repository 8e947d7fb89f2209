/**
 * A heartbeat that is entered and not left blames a plugin for what the gateway does later. So the two calls are made in one place, around
 * whatever a plugin's function does.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CALL = /\bheartbeats\w*\.(?:enter|leave)\(/;

test('only the wrapper of plugins’ functions enters and leaves heartbeats', () => {
  const files = globSync('{core,certificates,plugins/*}/src/**/*.ts', { cwd: ROOT });
  assert.ok(files.length > 300, 'the sources are there');
  const callers = files.filter((file) => CALL.test(readFileSync(join(ROOT, file), 'utf8')));
  assert.deepEqual(callers, ['core/src/shared/plugins/watched.ts']);
});

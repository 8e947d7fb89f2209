import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

/** runAt runs a program as a file of a folder, as a plugin's data entry is a file, and returns what it prints. */
function runAt(folder: string, program: string): string {
  const file = fileURLToPath(new URL(`${folder}/example-${process.pid}.mjs`, import.meta.url));
  writeFileSync(file, program);
  try {
    // The example's tests are its own, not a part of this run.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    return execFileSync(process.execPath, ['--test-reporter=tap', file], { encoding: 'utf8', env });
  } finally {
    rmSync(file);
  }
}

test('the example in the README passes unchanged', () => {
  const [, program] = /^```js\n(.*?)^```$/ms.exec(README)!;
  const output = runAt('..', program!);
  assert.match(output, /^# pass 2$/m, output);
  assert.match(output, /^# fail 0$/m, output);
});

test('the example in the page on plugins passes beside the strategy that it tests', () => {
  const page = readFileSync(new URL('../../docs/plugins.md', import.meta.url), 'utf8');
  const programs = [...page.matchAll(/^```js\n(.*?)^```$/gms)].map(([, text]) => text!);
  const [program] = programs.filter((text) => text.includes("from '@sluice/plugin-kit'"));
  assert.equal(runAt('../../examples/custom-strategy', `${program}console.log('passed');`), 'passed\n');
});

test('the README names everything that the package exports', async () => {
  const names = [...Object.keys(await import('../src/index.ts')), ...Object.keys(await import('../src/tls/index.ts'))];
  const known = new Set(['PluginTrial', 'authorityFor', 'makeKey']);
  assert.deepEqual(
    names.filter((name) => !known.has(name) && !README.includes(name)),
    [],
  );
});

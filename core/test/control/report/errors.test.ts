import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { CORE_ERRORS, GatewayError } from '../../../src/control/report/errors.ts';

const SOURCES = new URL('../../../src/', import.meta.url);

test('every code of the table is used, and every code used is in the table', async () => {
  const used = new Set<string>();
  for (const path of await readdir(SOURCES, { recursive: true })) {
    if (!path.endsWith('.ts') || path === 'control/report/errors.ts') continue;
    const text = await readFile(new URL(path, SOURCES), 'utf8');
    for (const [, code] of text.matchAll(/'(SG\d{4})'/g)) used.add(code!);
  }
  assert.deepEqual([...used].sort(), Object.keys(CORE_ERRORS).sort());
});

test('templates are in lower case, without a full stop', () => {
  for (const [code, template] of Object.entries(CORE_ERRORS)) {
    assert.match(code, /^SG\d{4}$/);
    assert.doesNotMatch(template, /^[A-Z]|\.$/, code);
  }
});

test('an error quotes its values, keeps its cause, and what looks like a place in a value stays', () => {
  const cause = new Error('why');
  const error = new GatewayError('SG0110', { plugin: 'geo', message: '{plugin} {{' }, { cause });
  assert.equal(error.message, 'plugin `geo` could not start: {plugin} {{');
  assert.equal(error.code, 'SG0110');
  assert.equal(error.cause, cause);
  assert.deepEqual(error.diagnostics, []);
  assert.match(new GatewayError('SG0103', { from: './x.js' }).message, /definePlugin\(\{ … \}\)/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codesOf, compileText, inContext, planOf } from '../compile-text.ts';

const problems = async (lines: string) =>
  codesOf((await compileText(inContext('backend', lines))).diagnostics).map((code) => code.split(' ')[0]);

test('a backend may speak HTTP/2 to its servers; by default it does not', async () => {
  const { backends } = await planOf(inContext('backend', 'protocol http2'));
  assert.equal(backends.find(({ protocol }) => protocol === 'http2')?.protocol, 'http2');
  const plain = await planOf(inContext('backend', 'protocol http1'));
  assert.ok(plain.backends.every(({ protocol }) => protocol === undefined));
});

test('an unknown, a second and a missing protocol are errors', async () => {
  assert.deepEqual(await problems('protocol http3'), ['SL0614']);
  assert.deepEqual(await problems('protocol http2\nprotocol http1'), ['SL0122']);
  assert.deepEqual(await problems('protocol'), ['SL0117']);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile } from '../../src/check/index.ts';
import { formatDiagnostic } from '../../src/diagnostics/index.ts';

const REASON = `the module waits for \`${'a'.repeat(80)}\`, ${'which does not come, '.repeat(20)}and so it is refused`;

async function diagnosed(text: string, reason = REASON) {
  const { diagnostics, sources } = await compile(
    { text },
    { words: [], loadPlugin: () => Promise.reject(new Error(reason)) },
  );
  const [diagnostic] = diagnostics;
  return { diagnostic: diagnostic!, text: formatDiagnostic(diagnostic!, sources) };
}

test('a reason is whole, in text as in JSON', async () => {
  const { diagnostic, text } = await diagnosed('use geo from "./geo.js"\n');
  assert.ok(diagnostic.message.endsWith(REASON), diagnostic.message);
  assert.ok(JSON.parse(JSON.stringify(diagnostic)).message.endsWith(REASON));
  assert.ok(text.endsWith(REASON));
});

test('a very long reason is truncated in text, with the length of the missing part', async () => {
  const reason = 'x'.repeat(5000);
  const { diagnostic, text } = await diagnosed('use geo from "./geo.js"\n', reason);
  assert.ok(diagnostic.message.endsWith(reason));
  assert.match(text, /x{2000}… \(3000 more characters, see --json\)$/);
});

test('a long quotation loses its middle in text alone', async () => {
  const word = `w${'o'.repeat(100)}rd`;
  const { diagnostic, text } = await diagnosed(`${word}\n`);
  assert.ok(diagnostic.message.includes(word), diagnostic.message);
  assert.ok(text.split('\n').slice(1).join('').includes('…'));
  assert.deepEqual(Object.keys(JSON.parse(JSON.stringify(diagnostic))).sort(), [
    'code',
    'fix',
    'message',
    'place',
    'severity',
  ]);
});

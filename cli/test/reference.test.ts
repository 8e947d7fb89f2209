import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { compile, SETTING_WORDS } from '@sluice/dsl';
import { referenceText } from '../scripts/reference.ts';
import { TEMPLATES } from '../scripts/reference-tables.ts';
import { standardWords } from '../scripts/standard-words.ts';
import { testWordsText } from '../scripts/test-words-text.ts';

const WORDS = standardWords();

test('the reference is the one that the vocabulary gives', async () => {
  const page = await readFile(new URL('../../docs/language/reference.md', import.meta.url), 'utf8');
  assert.equal(page, await referenceText(WORDS), 'run: node cli/scripts/write-reference.ts');
});

test('the reference has every word with its example', async () => {
  const page = await referenceText(WORDS);
  for (const word of WORDS) {
    // Nothing in a rule file chooses the answers of the gateway itself.
    if (word.kind === 'component' && word.slot === 'answer') continue;
    assert.ok(page.includes(`\`${word.example}\``), word.name);
  }
  for (const { name, example } of SETTING_WORDS) assert.ok(page.includes(`\`${example}\``), name);
});

test('every placeholder that the reference names is one', async () => {
  const lines = TEMPLATES.map(
    ([placeholder]) => `  set header X-Test to "${placeholder.replace('NAME', 'x-a')}"\n`,
  ).join('');
  const text = `listener web on :80 {\n${lines}  otherwise deny 404\n}\n`;
  const { diagnostics } = await compile({ text, name: 'placeholders.sluice' }, { words: WORDS });
  assert.deepEqual(diagnostics, []);
});

test('the words in the tests of the language are those of the standard plugins', async () => {
  const written = await readFile(new URL('../../dsl/test/standard-words.json', import.meta.url), 'utf8');
  assert.equal(written, testWordsText(), 'run: node cli/scripts/write-test-words.ts');
});

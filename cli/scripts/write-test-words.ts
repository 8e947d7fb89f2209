/**
 * WriteTestWords writes dsl/test/standard-words.json: the words of the standard plugins, for the tests of the language, which cannot
 * import the plugins. Run after words have changed, in a built checkout:
 *
 *     node cli/scripts/write-test-words.ts
 */
import { writeFile } from 'node:fs/promises';
import { testWordsText } from './test-words-text.ts';

await writeFile(new URL('../../dsl/test/standard-words.json', import.meta.url), testWordsText());

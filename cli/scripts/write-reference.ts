/**
 * WriteReference writes docs/language/reference.md from the vocabulary of the language and the standard plugins. Run after
 * words have changed, in a built checkout:
 *
 *     node cli/scripts/write-reference.ts
 */
import { writeFile } from 'node:fs/promises';
import { referenceText } from './reference.ts';
import { standardWords } from './standard-words.ts';

await writeFile(new URL('../../docs/language/reference.md', import.meta.url), await referenceText(standardWords()));

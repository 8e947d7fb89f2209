/**
 * WriteGrammar writes the VS Code extension's grammar from the vocabulary of the standard plugins. Run after words have
 * changed, in a built checkout:
 *
 *     node cli/scripts/write-grammar.ts
 */
import { writeFile } from 'node:fs/promises';
import { grammarText } from './grammar.ts';
import { standardWords } from './standard-words.ts';

await writeFile(
  new URL('../editors/vscode/syntaxes/sluice.tmLanguage.json', import.meta.url),
  grammarText(standardWords()),
);

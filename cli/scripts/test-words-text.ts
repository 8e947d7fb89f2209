/**
 * TestWordsText: the file with the words of the standard plugins that the tests of the language read.
 */
import { standardWords } from './standard-words.ts';

/** testWordsText is JSON, one word a line, in the order in which the plugins declare them. */
export function testWordsText(): string {
  return `[\n${standardWords()
    .map((word) => `  ${JSON.stringify(word)}`)
    .join(',\n')}\n]\n`;
}

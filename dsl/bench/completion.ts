/**
 * Prints what an editor waits for in a large file: `node dsl/bench/completion.ts [LINES]`. Reading is the file's text after a
 * key was pressed; completion is what may follow, with nothing kept from before.
 */
import { completeAt, RuleDocument, RuleProject } from '../src/editor/index.ts';
import { createVocabulary } from '../src/vocabulary/index.ts';
import { WORDS } from '../test/words.ts';

const LINES = Number(process.argv[2] ?? 5_000);
const PASSES = 20;

const lines = (line: (n: number) => string): string => Array.from({ length: LINES }, (_, n) => line(n)).join('');
const KINDS: Record<string, { definitions: string; rules: string }> = {
  rules: { definitions: '', rules: lines((n) => `  deny path under /p${n} and ip 10.0.0.0/8\n`) },
  definitions: { definitions: lines((n) => `define d${n} = path under /p${n} and ip 10.0.0.0/8\n`), rules: '' },
};

const vocabulary = createVocabulary(WORDS);
console.log(`${LINES} lines of    reading ms   completion ms   proposals`);
for (const [kind, { definitions, rules }] of Object.entries(KINDS)) {
  const text = `${definitions}listener web on :80 {\n${rules}  deny \n  otherwise send to app\n}\nbackend app of a:1\n`;
  const at = text.indexOf('deny \n') + 5;
  let reading = Number.POSITIVE_INFINITY;
  let completion = Number.POSITIVE_INFINITY;
  let proposals = 0;
  for (let pass = 0; pass < PASSES; pass++) {
    const start = performance.now();
    const document = new RuleDocument('bench.sluice', text);
    const read = performance.now();
    ({ length: proposals } = completeAt(new RuleProject(vocabulary, [document]), document, at).proposals);
    reading = Math.min(reading, read - start);
    completion = Math.min(completion, performance.now() - read);
  }
  const columns = [reading.toFixed(1), completion.toFixed(1), String(proposals)];
  console.log(`${kind.padEnd(14)} ${columns[0]!.padStart(12)} ${columns[1]!.padStart(15)} ${columns[2]!.padStart(11)}`);
}

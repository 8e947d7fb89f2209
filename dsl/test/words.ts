/**
 * The words that the language's own tests use: those of the standard plugins, as they declare them, and a few made up for
 * what no standard plugin has.
 */
import { readFileSync } from 'node:fs';
import type { ComponentWord, FieldWord, Word } from '../src/vocabulary/index.ts';

/** Written by cli/scripts/write-test-words.ts, and held up to date by a test. */
const STANDARD: readonly Word[] = JSON.parse(readFileSync(new URL('standard-words.json', import.meta.url), 'utf8'));

function teamField(name: string, knownFrom: 'handshake' | 'proxy'): FieldWord {
  return {
    kind: 'field',
    name,
    doc: 'the team of the client',
    example: `${name} blue`,
    phase: 'connection',
    type: 'text',
    operators: ['is', 'in', 'starts', 'ends', 'contains', 'like', 'matches'],
    defaultOperator: 'is',
    isOptional: true,
    knownFrom,
    index: 'text',
  };
}

const BY_TEAM: ComponentWord = {
  kind: 'component',
  slot: 'balance',
  name: 'by-team',
  doc: 'a strategy with an argument that is any text',
  example: 'balance by-team named blue',
  args: [{ name: 'team', type: 'text', before: 'named', doc: 'the team' }],
  isDefault: false,
  needsRequest: false,
};

/** Left out, so that there is a slot that no plugin fills. */
function isDiscovery(word: Word): boolean {
  return word.kind === 'component' && word.slot === 'discovery';
}

/** WORDS are the test vocabulary. */
export const WORDS: readonly Word[] = [
  ...STANDARD.filter((word) => !isDiscovery(word)),
  teamField('team cert', 'handshake'),
  teamField('proxy team', 'proxy'),
  BY_TEAM,
];

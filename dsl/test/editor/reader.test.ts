import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EXPECTED_FORMS, GIVEN_FORMS } from '../../src/check/sections/test/test-forms.ts';
import { SETTING_WORDS } from '../../src/check/settings/settings.ts';
import { completeAt, hoverAt, RuleDocument, RuleProject } from '../../src/editor/index.ts';
import { readLine } from '../../src/editor/line-reading.ts';
import { createVocabulary } from '../../src/vocabulary/index.ts';
import type { Word } from '../../src/vocabulary/word.ts';
import { compileText } from '../compile-text.ts';
import { WORDS } from '../words.ts';
import { proposed } from './marked.ts';
import { acceptedAt, corpus, type Place, placesOf } from './places.ts';

/** Every so many places are tried in a normal run, all of them with eight times the runs: each costs some four hundred candidates. */
const STRIDE = Math.max(1, Math.ceil(8 / Number(process.env.SLUICE_PROPERTY_RUNS ?? 1)));

/** A word that means nothing: where the checker takes it, it takes any. */
const ANY = 'zzqq';
const ANY_NUMBER = '123';

/** words are all words of the language, and what is left of those that are several. */
function words(): readonly string[] {
  const all = new Set<string>();
  const add = (phrase: string): void => {
    const parts = phrase.split(' ');
    for (let from = 0; from < parts.length; from++) all.add(parts.slice(from).join(' '));
  };
  for (const word of [...WORDS, ...SETTING_WORDS]) {
    add(word.name);
    if ('operators' in word) {
      for (const operator of word.operators) add(operator);
      for (const value of word.values ?? []) add(value);
    }
    if (!('args' in word)) continue;
    for (const arg of word.args) {
      if (arg.before !== undefined) add(arg.before);
      if (arg.behind !== undefined) add(arg.behind);
      for (const choice of arg.choices ?? []) add(String(choice));
    }
  }
  for (const word of 'and or not all every anycase when present absent otherwise on response of tcp http'.split(' '))
    add(word);
  for (const word of 'listener backend settings define list map test given expect from refresh else to ipv6'.split(
    ' ',
  )) {
    add(word);
  }
  for (const word of 'ips hosts paths texts numbers text number header cookie ip sni alpn allow send deny by'.split(
    ' ',
  )) {
    add(word);
  }
  return [...all];
}

/** needy are the words before arguments that mean nothing without another: the checker says so once they have a value. */
function needy(): readonly string[] {
  return [...WORDS, ...SETTING_WORDS].flatMap((word) =>
    'args' in word
      ? word.args.flatMap(({ before, needs }) => (before !== undefined && needs !== undefined ? [before] : []))
      : [],
  );
}

/** isRelation: the words of the line do not all go together, and it is open which of them has to change. */
function isRelation(shown: string): boolean {
  return /: (?:send proxy <name>|paths .*(?:keep|refuse|strip|merge) \w+( \w+)?) ‸/.test(shown);
}

test('every proposal is accepted, and every accepted word is proposed, at every place of every rule file', async () => {
  const universe = words();
  const unoffered = new Set(['anycase', ...needy()]);
  const all = placesOf(await corpus(), createVocabulary(WORDS));
  const places = all.filter((_, index) => index % STRIDE === 0);
  const wrong: string[] = [];
  let tried = 0;
  let offered = 0;
  for (const place of places) {
    const labels = offeredAt(place);
    offered += labels.length;
    const accepted = await acceptedAt(place, [...new Set([...labels, ...universe, ANY, ANY_NUMBER, ''])]);
    // A page may show a line that is wrong.
    if (place.before.length > 0 && !accepted.has('')) continue;
    tried++;
    for (const label of labels)
      if (!accepted.has(label) && !isRelation(place.shown)) wrong.push(`${place.shown} offers ${label}`);
    if (accepted.has(ANY)) continue;
    for (const word of universe) {
      if (
        !accepted.has(word) ||
        unoffered.has(word) ||
        labels.some((label) => word === label || word.startsWith(`${label} `))
      )
        continue;
      if (/^\d/.test(word) && accepted.has(ANY_NUMBER)) continue;
      const missing = accepted.get(word)!;
      // Where a value is missing, the checker says so, and no more of the `not` there.
      if (word === 'not' && missing.includes('SL0207')) continue;
      if (missing === '' || missing !== accepted.get('')) wrong.push(`${place.shown} lacks ${word}`);
    }
  }
  assert.deepEqual(wrong, []);
  assert.ok(tried > 600 / STRIDE && offered > 5000 / STRIDE, `${tried} places, ${offered} proposals`);
});

function offeredAt({ project, document, line, before }: Place): readonly string[] {
  const { expected } = readLine(document.sourceText, before, line.parent, project.names(), line.headEnd);
  return expected.map(({ label }) => label);
}

test('lines of random words, in any section, are read without an error', () => {
  const vocabulary = createVocabulary(WORDS);
  const word = fc.constantFrom(
    ...words().flatMap((each) => each.split(' ')),
    '=',
    ',',
    '(',
    ')',
    '"a"',
    'r"b"',
    '"',
    '10s',
    '/x',
    ';',
  );
  const head = fc.constantFrom(
    '',
    'listener web on :80',
    'listener',
    'backend app',
    'backend',
    'settings',
    'test "a"',
    'test',
    'use x from "y"',
    'x',
  );
  fc.assert(
    fc.property(head, fc.array(word, { maxLength: 9 }), fc.boolean(), (section, line, isClosed) => {
      const text = `${section === '' ? '' : `${section} {\n  `}${line.join(' ')} ${section !== '' && isClosed ? '\n}' : ''}`;
      const document = new RuleDocument('test.sluice', text);
      const project = new RuleProject(vocabulary, [document]);
      for (let at = 0; at <= text.length; at += 5) completeAt(project, document, at);
      for (const { role } of project.uses()) assert.ok(role.name !== '');
    }),
    { numRuns: 300 * Number(process.env.SLUICE_PROPERTY_RUNS ?? 1) },
  );
});

test('a word that a plugin adds is offered, explained and read without a change in the editor', () => {
  const verb = {
    ...WORDS.find(({ name }) => name === 'limit')!,
    name: 'hold back',
    doc: 'slows a client down',
  } as Word;
  const text = 'listener web on :80 {\n  hold back 10/s per ip \n}\n';
  const document = new RuleDocument('test.sluice', text);
  const project = new RuleProject(createVocabulary([...WORDS, verb]), [document]);
  const labels = (at: number): string[] => completeAt(project, document, at).proposals.map(({ label }) => label);
  assert.ok(labels(text.indexOf('hold')).includes('hold back'));
  assert.ok(labels(text.indexOf('back 10')).includes('back'));
  assert.ok(labels(text.indexOf('\n}')).includes('burst'));
  assert.match(hoverAt(project, document, text.indexOf('back 10'))!.text, /slows a client down/);
});

/** Something for each kind of value in an item of a test. */
const SAMPLES: Readonly<Record<string, string>> = {
  '<address>': '192.0.2.1',
  '<listener>': 'web',
  '<backend>': 'app',
  '<header>': 'X-A',
  '<cookie>': 'sid',
  '<text>': '"a"',
  '<method>': 'GET',
  '<token>': 'purge',
  '<target>': '/a',
  '<url>': '/a',
  '<version>': 'HTTP/1.1',
  '<word>': ':80',
  '<name>': 'a.example',
  '<protocols>': 'h2',
  '<status>': '404',
  '<rule>': 'scanner',
  '<location>': '"/b"',
};

for (const [word, forms] of [
  ['given', GIVEN_FORMS],
  ['expect', EXPECTED_FORMS],
] as const) {
  for (const form of Object.values<readonly string[]>(forms).flat()) {
    test(`\`${word} ${form}\` is accepted, and offered word by word`, async () => {
      const parts = form.split(' ');
      const isConnection = /^(?:tcp|sni|alpn)/.test(form);
      const isRequest = parts[0] === '<method>' || parts[0] === '<token>';
      const written = parts.map((part) => SAMPLES[part] ?? part);
      const isWhole = isRequest || form.startsWith('tcp');
      const rest =
        word === 'expect'
          ? 'given GET /a'
          : isWhole
            ? 'expect allow'
            : `given ${isConnection ? 'tcp' : 'GET /a'}; expect allow`;
      const textOf = (item: string): string =>
        `define scanner = path is /a\nlistener web on :80 {\n  deny scanner\n  otherwise send to app\n}\nbackend app of a:1\ntest "a" { ${rest}\n${word} ${item}\n}\n`;
      assert.deepEqual((await compileText(textOf(written.join(' ')))).diagnostics, []);
      for (const [index, part] of parts.entries()) {
        if (
          part.startsWith('<') &&
          !['<listener>', '<backend>', '<header>', '<method>', '<status>', '<rule>'].includes(part)
        )
          continue;
        const labels = proposed(textOf(`${written.slice(0, index).join(' ')} <|>`));
        const wanted = part === '<header>' ? 'User-Agent' : written[index]!;
        assert.ok(labels.includes(wanted), `no \`${wanted}\` among ${labels.join(', ')}`);
      }
    });
  }
}

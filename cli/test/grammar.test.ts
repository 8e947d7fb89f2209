import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { SETTING_WORDS } from '@sluice/dsl';
import { type GrammarRule, grammarOf, grammarText } from '../scripts/grammar.ts';
import { standardWords } from '../scripts/standard-words.ts';

const FOLDER = new URL('../editors/vscode/', import.meta.url);
const WORDS = standardWords();
const GRAMMAR = grammarOf(WORDS);

/** scopesOf colours one line as an editor would: at each place the first rule that fits. */
function scopesOf(line: string, rules: readonly GrammarRule[] = GRAMMAR.patterns): Map<string, string> {
  const scopes = new Map<string, string>();
  for (let at = 0; at < line.length; ) {
    const found = firstAt(line, at, rules);
    if (found === null) break;
    const { rule, match } = found;
    if (rule.begin !== undefined) {
      const end = new RegExp(rule.end!, 'g');
      end.lastIndex = match.index + match[0].length;
      const to = end.exec(line)!.index + 1;
      scopes.set(line.slice(match.index, to), rule.name!);
      for (const [text, scope] of scopesOf(line.slice(match.index + 1, to - 1), rule.patterns)) scopes.set(text, scope);
      at = to;
      continue;
    }
    if (rule.name !== undefined) scopes.set(match[0], rule.name);
    for (const [index, capture] of Object.entries(rule.captures ?? {})) {
      if (match[Number(index)] !== undefined) scopes.set(match[Number(index)]!, capture.name);
    }
    at = match.index + Math.max(1, match[0].length);
  }
  return scopes;
}

function firstAt(line: string, at: number, rules: readonly GrammarRule[]) {
  let best: { rule: GrammarRule; match: RegExpExecArray } | null = null;
  for (const rule of rules) {
    const expression = new RegExp(rule.match ?? rule.begin!, 'g');
    expression.lastIndex = at;
    const match = expression.exec(line);
    if (match !== null && (best === null || match.index < best.match.index)) best = { rule, match };
  }
  return best;
}

test('the extension’s grammar is the one that the vocabulary gives', async () => {
  const text = await readFile(new URL('syntaxes/sluice.tmLanguage.json', FOLDER), 'utf8');
  assert.equal(text, grammarText(WORDS), 'run: node cli/scripts/write-grammar.ts');
});

test('every verb and setting is coloured at the head of its example, every field in its own', () => {
  for (const word of WORDS) {
    const scopes = scopesOf(word.kind === 'component' ? word.name : word.example);
    if (word.kind === 'verb') assert.equal(scopes.get(word.name), 'support.function.verb.sluice', word.example);
    else if (word.kind === 'field') assert.ok(scopesOf(`deny ${word.example}`).has(word.name), word.example);
    else assert.ok(scopes.size > 0, word.name);
  }
  for (const { name, example } of SETTING_WORDS) {
    assert.match(scopesOf(`  ${example}`).get(name) ?? '', /setting|verb/, example);
  }
});

test('a line has the colours of its parts', () => {
  const scopes = scopesOf('  deny 404 when not ip 10.0.0.0/8 and path under /admin # no "string"');
  assert.equal(scopes.get('deny'), 'support.function.verb.sluice');
  assert.equal(scopes.get('404'), 'constant.numeric.sluice');
  assert.equal(scopes.get('when'), 'keyword.operator.logical.sluice');
  assert.equal(scopes.get('10.0.0.0/8'), 'constant.numeric.address.sluice');
  assert.equal(scopes.get('path'), 'variable.language.field.sluice');
  assert.equal(scopes.get('under'), 'keyword.operator.comparison.sluice');
  assert.equal(scopes.get('# no "string"'), 'comment.line.number-sign.sluice');
});

test('heads of sections, strings, placeholders, expressions, addresses, units', () => {
  const head = scopesOf('listener web on :8080 {');
  assert.equal(head.get('listener'), 'keyword.control.section.sluice');
  assert.equal(head.get('web'), 'entity.name.section.sluice');
  assert.equal(head.get(':8080'), 'constant.numeric.address.sluice');
  const redirect = scopesOf('otherwise redirect 308 to "https://{host}{header.x-a}"');
  assert.equal(redirect.get('otherwise'), 'keyword.control.sluice');
  assert.equal(redirect.get('{host}'), 'variable.other.placeholder.sluice');
  assert.equal(redirect.get('{header.x-a}'), 'variable.other.placeholder.sluice');
  assert.equal(scopesOf('deny path matches r"^/a\\"b"').get('r"^/a\\"b"'), 'string.regexp.sluice');
  assert.equal(scopesOf('  timeout idle 60s').get('60s'), 'constant.numeric.sluice');
  assert.equal(scopesOf('deny ip 2001:db8::/32').get('2001:db8::/32'), 'constant.numeric.address.sluice');
});

test('a word inside of another is not coloured', () => {
  const scopes = scopesOf('  send to path-server when host is deny.example.com');
  assert.ok(!scopes.has('path'));
  assert.ok(!scopes.has('deny'));
});

test('the files of the extension are those listed in its manifest', async () => {
  const manifest = JSON.parse(await readFile(new URL('package.json', FOLDER), 'utf8'));
  const [language] = manifest.contributes.languages;
  const [grammar] = manifest.contributes.grammars;
  assert.equal(grammar.scopeName, GRAMMAR.scopeName);
  assert.equal(grammar.language, language.id);
  for (const path of [language.configuration, grammar.path, manifest.main]) {
    assert.notEqual(await readFile(new URL(path, FOLDER), 'utf8'), '', path);
  }
  JSON.parse(await readFile(new URL(language.configuration, FOLDER), 'utf8'));
  const own = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
  assert.equal(manifest.version, own.version);
});

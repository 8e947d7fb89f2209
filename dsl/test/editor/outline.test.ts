import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldsOf, outlineOf, quickFixes, RuleDocument } from '../../src/editor/index.ts';
import { compileText } from '../compile-text.ts';
import { REALISTIC } from '../realistic.ts';

test('an outline has the sections, and the servers in their backends', () => {
  const outline = outlineOf(new RuleDocument('a', REALISTIC)).map(({ kind, name, children }) =>
    [kind, name, ...children.map((child) => child.name)].join(' '),
  );
  assert.deepEqual(outline, [
    'use geo',
    'list office',
    'define admin',
    'define apicall',
    'define scanner',
    'listener plain',
    'listener edge',
    'backend app web1 web2 spare',
    'backend api',
    'listener db',
    'backend postgres',
    'settings settings',
  ]);
});

test('a section that is not closed ends where the next begins', () => {
  const text = 'listener a on :80 {\n  deny all\n\nbackend b of 127.0.0.1:1\n';
  const [first, second] = outlineOf(new RuleDocument('a', text));
  assert.equal(text.slice(first!.whole.start, first!.whole.end).trimEnd(), 'listener a on :80 {\n  deny all');
  assert.equal(second!.name, 'b');
});

test('blocks and rows of comments fold', () => {
  const text = '# one\n# two\nlistener a on :80 { # three\n  deny all\n  # four\n}\nbackend b { balance first }\n';
  const folds = foldsOf(new RuleDocument('a', text)).map(
    ({ start, end, kind }) => `${kind} ${text.slice(start, end).split('\n').length}`,
  );
  assert.deepEqual(folds, ['block 4', 'comment 2']);
});

test('a fix that is a replacement becomes an edit', async () => {
  const text = 'listener web on :80 {\n  dney ip 10.0.0.0/8\n  otherwise send to apq\n}\nbackend app of 127.0.0.1:1\n';
  const { diagnostics } = await compileText(text);
  assert.deepEqual(
    diagnostics.map((diagnostic) => quickFixes(diagnostic).map((fix) => fix.text)),
    [['deny'], ['app']],
  );
});

test('a fix that only explains is no edit', () => {
  const place = { file: 'a', line: 1, column: 1, length: 1 };
  const diagnostic = { code: 'SL0120', severity: 'error', message: 'x', place } as const;
  assert.deepEqual(quickFixes({ ...diagnostic, fix: null }), []);
  assert.deepEqual(quickFixes({ ...diagnostic, fix: 'Add `{ otherwise send to … }`' }), []);
  assert.deepEqual(quickFixes({ ...diagnostic, fix: 'Write `settings { … }`' }), []);
});

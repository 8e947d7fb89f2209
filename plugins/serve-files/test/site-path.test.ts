import assert from 'node:assert/strict';
import { test } from 'node:test';
import { segmentsOf } from '../src/site-path.ts';

for (const [path, wanted] of [
  ['/', ['']],
  ['/a/b.css', ['a', 'b.css']],
  ['/docs/', ['docs', '']],
  ['/caf%C3%A9.html', ['café.html']],
  ['/.well-known/acme', ['.well-known', 'acme']],
] as const) {
  test(`${path} is a file or a folder`, () => assert.deepEqual(segmentsOf(path), wanted));
}

for (const path of [
  '*',
  '',
  'a',
  '//evil.example',
  '/a//b',
  '/..',
  '/../etc/passwd',
  '/a/%2e%2e/b',
  '/a/.%2E/b',
  '/.',
  '/%2fetc',
  '/a%2f..%2fb',
  '/a%5c..%5cb',
  '/a%00.html',
  '/a%0a',
  '/a%7f',
  '/%ff',
  '/%',
  '/.git/config',
  '/.env',
  '/a/.htpasswd',
  '/a/.well-known',
  `/${'x'.repeat(256)}`,
  `/${'a/'.repeat(100)}`,
]) {
  test(`${path.slice(0, 40)} is nothing`, () => assert.equal(segmentsOf(path), null));
}

import assert from 'node:assert/strict';
import { STATUS_CODES } from 'node:http';
import { test } from 'node:test';
import { errorAnswers } from '../src/data.ts';

const answerOf = errorAnswers.plain!({});

test('every status has a small page of its own that names it', () => {
  for (const code of Object.keys(STATUS_CODES).map(Number)) {
    if (code < 300) continue;
    const answer = answerOf(code);
    assert.equal(answer.status, code);
    assert.ok(answer.body!.includes(`<h1>${code} ${STATUS_CODES[code]}</h1>`));
    assert.ok(answer.body!.length < 500, `the page of ${code} has ${answer.body!.length} characters`);
  }
});

test('a status without a name is named after its class', () => {
  assert.ok(answerOf(499).body!.includes('<h1>499 Client Error</h1>'));
  assert.ok(answerOf(599).body!.includes('<h1>599 Server Error</h1>'));
});

test('pages load nothing, run nothing, and do not identify the gateway', () => {
  for (const status of [301, 400, 403, 404, 500, 502, 503, 504]) {
    assert.doesNotMatch(answerOf(status).body!, /<script|<link|<img|https?:|sluice|node/i);
  }
});

test('errors are not for caches, redirections are', () => {
  assert.deepEqual(answerOf(403).headers, [
    ['Content-Type', 'text/html; charset=utf-8'],
    ['Cache-Control', 'no-store'],
  ]);
  assert.deepEqual(answerOf(301).headers, [['Content-Type', 'text/html; charset=utf-8']]);
});

test('a 405 lists the allowed methods', () => {
  assert.equal(
    answerOf(405).headers.find(([name]) => name === 'Allow')?.[1],
    'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
  );
});

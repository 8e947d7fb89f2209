import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeFacts, fakeLinker } from '@sluice/plugin-kit';
import { fields, verbs } from '../src/data.ts';
import plugin from '../src/index.ts';

const linker = fakeLinker();

test('ip and port read the client and the port it came to', () => {
  const facts = fakeFacts({ port: 8443 });
  assert.equal(fields.ip!(facts, null), facts.ip);
  assert.equal(fields.port!(facts, null), 8443);
});

test('deny answers with its status and leaves the page to the standard answers', () => {
  const action = verbs.deny!({ status: 404 }, linker);
  assert.ok(action.kind === 'answer');
  assert.deepEqual(action.answer(fakeFacts()), { status: 404, headers: [], body: null });
});

test('deny without a status answers 403', () => {
  const action = verbs.deny!({}, linker);
  assert.ok(action.kind === 'answer');
  assert.equal(action.answer(fakeFacts()).status, 403);
});

for (const status of [200, 302, 399, 600, 404.5, 'x']) {
  test(`deny refuses the status ${status}`, () => {
    assert.throws(() => verbs.deny!({ status }, linker), {
      message: `deny can have a status from 400 to 599, not ${JSON.stringify(status)}`,
    });
  });
}

test('allow ends the guards', () => {
  assert.deepEqual(verbs.allow!({}, linker), { kind: 'pass' });
});

test('every declared word has a function, and vice versa', () => {
  const declared = (kind: string) => plugin.words!.filter((word) => word.kind === kind).map((word) => word.name);
  assert.deepEqual(declared('field'), Object.keys(fields));
  assert.deepEqual(declared('verb'), Object.keys(verbs));
});

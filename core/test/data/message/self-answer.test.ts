import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FieldEdits } from '../../../src/data/message/field-edits.ts';
import { selfAnswer } from '../../../src/data/message/self-answer.ts';
import type { Answer } from '../../../src/plugin/data-entry.ts';

const STANDARD: Answer = { status: 403, headers: [['Content-Type', 'text/plain']], body: 'standard' };

function render(
  answer: Partial<Answer>,
  isHead = false,
  connection = '',
): { line: string; fields: string[]; body: string } {
  const text = selfAnswer(
    { status: 403, headers: [], body: null, ...answer },
    STANDARD,
    isHead,
    connection,
    new FieldEdits(),
  );
  const at = text.indexOf('\r\n\r\n');
  const [line, ...fields] = text.slice(0, at).split('\r\n');
  return { line: line!, fields: fields.filter((field) => !field.startsWith('Date: ')), body: text.slice(at + 4) };
}

test('an answer without a body gets the standard one with its type', () => {
  assert.deepEqual(render({}), {
    line: 'HTTP/1.1 403 Forbidden',
    fields: ['Content-Type: text/plain', 'Content-Length: 8'],
    body: 'standard',
  });
});

test('a body of its own is sent as UTF-8, and its length counts bytes', () => {
  const { fields, body } = render({ body: '€', headers: [['X', 'y']] });
  assert.deepEqual(fields, ['X: y', 'Content-Length: 3']);
  assert.equal(Buffer.from(body, 'latin1').toString('utf8'), '€');
});

test('a response to HEAD has the length but no body', () => {
  const { fields, body } = render({}, true);
  assert.deepEqual([fields.includes('Content-Length: 8'), body], [true, '']);
});

test('204 and 304 have no body and no length, whatever they are given', () => {
  for (const status of [204, 304]) {
    for (const body of [null, '', 'HTTP/1.1 200 OK\r\n\r\n']) {
      const rendered = render({ status, body });
      assert.equal(rendered.body, '');
      assert.deepEqual(
        rendered.fields.filter((field) => field.startsWith('Content-Length')),
        [],
      );
    }
  }
});

test('nobody else frames the message', () => {
  const headers: [string, string][] = [
    ['Content-Length', '1'],
    ['transfer-encoding', 'chunked'],
    ['CONNECTION', 'close'],
    ['Trailer', 'x'],
    ['Upgrade', 'x'],
  ];
  assert.deepEqual(render({ headers, body: 'ab' }, false, 'Connection: keep-alive\r\n').fields, [
    'Content-Length: 2',
    'Connection: keep-alive',
  ]);
});

test('values cannot end their line, and names must be names', () => {
  assert.deepEqual(render({ headers: [['Location', '/\r\nSet-Cookie: a\0']], body: '' }).fields, [
    'Location: /  Set-Cookie: a ',
    'Content-Length: 0',
  ]);
  for (const name of ['', 'a b', 'a\r\nb', 'a:']) {
    assert.throws(() => render({ headers: [[name, 'x']] }), /no header name/, JSON.stringify(name));
  }
});

test('every answer has a date, and a status without a name has a line', () => {
  const text = selfAnswer({ status: 499, headers: [], body: '' }, STANDARD, false, '', new FieldEdits());
  assert.match(text, /^HTTP\/1\.1 499 [\x20-\x7e]*\r\nDate: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [\d:]{8} GMT\r\n/);
});

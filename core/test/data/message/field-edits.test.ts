import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FieldEdits, toFieldValue } from '../../../src/data/message/field-edits.ts';

test('values cannot end their line', () => {
  const edits = new FieldEdits();
  edits.set('X-A', 'a\r\nEvil: 1\0\x7f');
  edits.add('X-B', 'b\n\n');
  assert.equal(edits.lines(), 'X-A: a  Evil: 1  \r\nX-B: b  \r\n');
});

test('characters that turn into CR or LF as bytes cannot end a line either', () => {
  // U+010D and U+010A lose their high byte when they are written as latin1.
  for (const text of ['a\u010d\u010aEvil: 1', '\u{10d0a}', '\u560d\u560a', '\u2028']) {
    const value = toFieldValue(text);
    assert.match(value, /^[\t\x20-\x7e\x80-\xff]*$/);
    assert.doesNotMatch(Buffer.from(value, 'latin1').toString('latin1'), /[\r\n\0]/);
  }
  assert.equal(Buffer.from(toFieldValue('naïve €'), 'latin1').toString('utf8'), 'naïve €');
});

test('names that are no names are refused, and so are those that frame messages', () => {
  const edits = new FieldEdits();
  for (const name of ['', 'a b', 'a:', 'a\r\nb', 'a\r\nEvil: 1\r\nc', 'ä', 'a\0']) {
    assert.throws(() => edits.set(name, 'x'), /no header name/, JSON.stringify(name));
    assert.throws(() => edits.add(name, 'x'), /no header name/);
    assert.throws(() => edits.remove(name), /no header name/);
  }
  for (const name of ['Content-Length', 'transfer-encoding', 'CONNECTION', 'Upgrade', 'TE', 'Trailer', 'Keep-Alive']) {
    assert.throws(() => edits.set(name, 'x'), /cannot be changed/, name);
    assert.throws(() => edits.add(name, 'x'), /cannot be changed/, name);
    assert.throws(() => edits.remove(name), /cannot be changed/, name);
  }
  assert.deepEqual([edits.isEmpty, edits.lines()], [true, '']);
});

test('the last set wins over earlier ones, add adds, remove takes both away', () => {
  const edits = new FieldEdits();
  edits.set('X-A', '1');
  edits.set('x-a', '2');
  edits.add('X-A', '3');
  assert.equal(edits.lines(), 'x-a: 2\r\nX-A: 3\r\n');
  assert.equal(edits.isHidden('x-a'), true);
  edits.remove('x-A');
  assert.equal(edits.lines(), '');
  assert.equal(edits.isHidden('x-a'), true);
  edits.add('x-b', '1');
  assert.equal(edits.isHidden('x-b'), false, 'add leaves what the head has');
  edits.clear();
  assert.deepEqual([edits.isEmpty, edits.lines(), edits.isHidden('x-a')], [true, '', false]);
});

test('names that objects have are only names', () => {
  const edits = new FieldEdits();
  edits.set('__proto__', 'a');
  edits.add('constructor', 'b');
  assert.equal(edits.lines(), '__proto__: a\r\nconstructor: b\r\n');
});

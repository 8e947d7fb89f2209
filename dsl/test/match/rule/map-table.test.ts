import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileMap, parseIp } from '../../../src/match/index.ts';

for (const [from, entries, answers] of [
  [
    'host',
    { 'a.example': 'one', '*.example': 'two', '*.deep.example': 'three' },
    {
      'a.example': 'one',
      'b.example': 'two',
      'x.y.example': 'two',
      'x.deep.example': 'three',
      'deep.example': 'two',
      example: 'else',
      '': 'else',
    },
  ],
  [
    'path',
    { '/': 'root', '/a': 'one', '/a/b/': 'two' },
    { '/': 'root', '/a': 'one', '/a/x': 'one', '/ab': 'root', '/a/b': 'one', '/a/b/c': 'two', '*': 'else' },
  ],
  [
    'ip',
    { '10.0.0.0/8': 'wide', '10.1.0.0/16': 'narrow', '::1': 'six' },
    { '10.2.0.1': 'wide', '10.1.0.1': 'narrow', '::1': 'six', '192.0.2.1': 'else', nonsense: 'else' },
  ],
  [
    'text',
    { blue: 'one', '*': 'two' },
    { blue: 'one', Blue: 'else', '*': 'two', __proto__: 'else', constructor: 'else' },
  ],
] as const) {
  test(`a map of ${from}s answers with the nearest key`, () => {
    const look = compileMap({ from, entries: Object.entries(entries), otherwise: 'else' });
    for (const [key, value] of Object.entries(answers)) assert.equal(look(key), value, key);
    assert.equal(look(undefined), 'else');
    assert.equal(look([]), 'else');
  });
}

test('an address is looked up as it is, and of several values the first', () => {
  const look = compileMap({ from: 'ip', entries: [['10.0.0.0/8', 1]], otherwise: 0 });
  assert.equal(look(parseIp('10.9.9.9')!), 1);
  assert.equal(look(['10.0.0.1', '192.0.2.1']), 1);
});

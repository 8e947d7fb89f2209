import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listMembers } from '../src/list-members.ts';

const CASES: readonly (readonly [name: string, values: string | readonly string[] | undefined, members: unknown])[] = [
  ['nothing', undefined, undefined],
  ['one', 'gzip', ['gzip']],
  ['several, blanks around them', ' gzip ,\tbr,deflate ', ['gzip', 'br', 'deflate']],
  ['several fields', ['a, b', 'c'], ['a', 'b', 'c']],
  ['empty members do not count', ', a,, ,b,', ['a', 'b']],
  ['nothing but commas is nothing', ' , ,', undefined],
  ['commas in quotes do not split', 'a, "b, c", d', ['a', '"b, c"', 'd']],
  ['an escaped quote ends nothing', '"a\\", b", c', ['"a\\", b"', 'c']],
  ['a quote that is never closed hides nothing', 'a, "b, c', ['a', '"b', 'c']],
  ['nor does one escaped at the end', '"a, b\\', ['"a', 'b\\']],
];
for (const [name, values, members] of CASES) {
  test(name, () => assert.deepEqual(listMembers(values), members));
}

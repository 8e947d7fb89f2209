import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { watchOf } from '../../../src/shared/plugins/watched.ts';
import { createSharedMemory } from '../../../src/shared/tables/create-shared-memory.ts';
import { Heartbeats, HeartbeatWatch } from '../../../src/shared/tables/heartbeats.ts';

const WORD = 42;

function watched() {
  const memory = createSharedMemory({ threads: 1 });
  const pulses = new HeartbeatWatch(memory);
  return { watch: watchOf(new Heartbeats(memory, 0), WORD), word: () => pulses.pulse(0).wordId };
}

test('a word is named while its function runs, and no longer when that has returned or thrown', () => {
  const { watch, word } = watched();
  const returning = watch((one: number, two: number) => [word(), one, two]);
  assert.deepEqual(returning(1, 2), [WORD, 1, 2]);
  assert.equal(word(), 0);
  const throwing = watch(() => {
    assert.equal(word(), WORD);
    throw new Error('broken');
  });
  assert.throws(throwing, /broken/);
  assert.equal(word(), 0);
});

test('an asynchronous function is not named while it waits', async () => {
  const { watch, word } = watched();
  const later = watch(async () => {
    await null;
    throw new Error('later');
  });
  const going = later();
  assert.equal(word(), 0);
  await assert.rejects(going, /later/);
  assert.equal(word(), 0);
});

test('four arguments get through', () => {
  const { watch } = watched();
  const all = watch((one: number, two: number, three: number, four: number) => [one, two, three, four]);
  assert.deepEqual(all(1, 2, 3, 4), [1, 2, 3, 4]);
});

test('nothing else enters or leaves a word', () => {
  const source = new URL('../../../src/', import.meta.url).pathname;
  const files = globSync('**/*.ts', { cwd: source });
  const others = files.filter((file) => /[bB]eats\.(?:enter|leave)\(/.test(readFileSync(source + file, 'utf8')));
  assert.ok(files.length > 200);
  assert.deepEqual(others, ['shared/plugins/watched.ts']);
});

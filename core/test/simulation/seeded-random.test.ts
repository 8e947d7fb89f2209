import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../src/simulation/seeded-random.ts';

const draw = (random: SeededRandom, count: number): number[] => Array.from({ length: count }, () => random.next());

test('the same seed and stream give the same numbers; another seed or stream gives others', () => {
  const numbers = draw(new SeededRandom(1, 'a'), 5);
  assert.deepEqual(draw(new SeededRandom(1, 'a'), 5), numbers);
  assert.notDeepEqual(draw(new SeededRandom(2, 'a'), 5), numbers);
  assert.notDeepEqual(draw(new SeededRandom(1, 'b'), 5), numbers);
});

test('numbers are spread evenly from 0 up to 1', () => {
  const random = new SeededRandom('spread', 'even');
  const counts = new Array<number>(20).fill(0);
  for (let at = 0; at < 100_000; at++) counts[Math.floor(random.next() * 20)]!++;
  for (const count of counts) assert.ok(Math.abs(count - 5000) < 350, `${counts}`);
});

test('times have the requested mean and median', () => {
  const random = new SeededRandom(3, 'times');
  let sum = 0;
  const middle: number[] = [];
  for (let at = 0; at < 50_000; at++) {
    sum += random.exponential(20);
    middle.push(random.lognormal(20, 0.5));
  }
  middle.sort((one, other) => one - other);
  assert.ok(Math.abs(sum / 50_000 - 20) < 0.5);
  assert.ok(Math.abs(middle[25_000]! - 20) < 0.5);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProgressBar } from '../../src/replay/progress-bar.ts';

function fakeStream(isTTY: boolean) {
  const written: string[] = [];
  const write = (text: string): boolean => written.push(text) > 0;
  return { stream: { isTTY, write } as never, written };
}

test('a bar is drawn on a terminal, no more often than somebody can see, and cleared', () => {
  let nowMs = 0;
  const { stream, written } = fakeStream(true);
  const bar = new ProgressBar(stream, () => nowMs);
  bar.show(0.5, 1234);
  bar.show(0.6, 2000);
  nowMs = 1000;
  bar.show(1, 4000);
  bar.clear();
  assert.equal(written.length, 3);
  assert.match(written[0]!, /^\r█{12}░{12} {2}50 % {2}1,234 lines/);
  assert.match(written[1]!, /100 %/);
});

test('nothing is drawn into a pipe', () => {
  const { stream, written } = fakeStream(false);
  const bar = new ProgressBar(stream);
  bar.show(0.5, 1);
  bar.clear();
  assert.deepEqual(written, []);
});

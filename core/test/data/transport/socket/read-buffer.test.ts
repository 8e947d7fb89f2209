import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReadBuffer } from '../../../../src/data/transport/socket/read-buffer.ts';

test('connections share one small buffer until an answer fills it', () => {
  const [one, other] = [new ReadBuffer(), new ReadBuffer()];
  assert.equal(one.current(), other.current());
  assert.equal(one.isShared, true);
  one.filled(100);
  assert.equal(one.isShared, true);
  one.filled(one.current().length);
  assert.equal(one.isShared, false);
  assert.notEqual(one.current(), other.current());
});

test('a large buffer is read into again until a write still needs it', () => {
  const buffer = new ReadBuffer();
  buffer.filled(buffer.current().length);
  const large = buffer.current();
  buffer.filled(large.length);
  assert.equal(buffer.current(), large);
  buffer.leave();
  assert.notEqual(buffer.current(), large);
});

test('a full small buffer is followed by a large one, and a read that would fit the small one by the small one', () => {
  const buffer = new ReadBuffer();
  const small = buffer.current();
  buffer.filled(small.length);
  const large = buffer.current();
  assert.ok(large.length > small.length);
  buffer.filled(large.length);
  assert.equal(buffer.current(), large);
  buffer.filled(small.length - 1);
  assert.equal(buffer.current(), small);
});

test('two connections never have the same large buffer, whatever is left and given back', () => {
  const buffers = Array.from({ length: 6 }, () => new ReadBuffer());
  let seed = 1;
  for (let round = 0; round < 5000; round++) {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    const buffer = buffers[(seed >>> 8) % buffers.length]!;
    switch ((seed >>> 16) % 4) {
      case 0:
        buffer.filled(buffer.current().length);
        break;
      case 1:
        buffer.filled(1);
        break;
      case 2:
        buffer.leave();
        break;
      case 3:
        buffer.release();
        break;
    }
    const own = buffers.filter((each) => !each.isShared).map((each) => each.current());
    assert.equal(new Set(own).size, own.length, `round ${round}`);
  }
});

test('memory that was left is never handed out again', () => {
  const left = new Set<Buffer>();
  for (let round = 0; round < 200; round++) {
    const buffer = new ReadBuffer();
    buffer.filled(buffer.current().length);
    assert.equal(left.has(buffer.current()), false);
    if (round % 2 === 0) {
      left.add(buffer.current());
      buffer.leave();
    }
    buffer.release();
  }
});

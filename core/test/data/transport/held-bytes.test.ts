import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HeldBytes } from '../../../src/data/transport/held-bytes.ts';

test('held bytes are delivered unchanged, however they are split', () => {
  const piece = fc.uint8Array({ maxLength: 40_000 });
  const step = fc.oneof(
    fc.record({ add: piece, skip: fc.nat(5) }),
    fc.record({ take: fc.nat(50_000) }),
    fc.constant({ clear: true as const }),
    fc.constant({ all: true as const }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const held = new HeldBytes();
      let wanted = Buffer.alloc(0);
      for (const one of steps) {
        if ('add' in one) {
          const bytes = Buffer.concat([Buffer.alloc(one.skip), one.add, Buffer.alloc(3)]);
          held.add(bytes, one.skip, one.skip + one.add.length);
          // The buffer is lent.
          bytes.fill(0xee);
          wanted = Buffer.concat([wanted, one.add]);
        } else if ('take' in one) {
          const first = held.first();
          const count = Math.min(one.take, first.length);
          assert.ok(first.subarray(0, count).equals(wanted.subarray(0, count)));
          held.take(count);
          wanted = wanted.subarray(count);
        } else if ('all' in one) {
          assert.ok(held.all().equals(wanted));
          wanted = Buffer.alloc(0);
        } else {
          held.clear();
          wanted = Buffer.alloc(0);
        }
        assert.equal(held.length, wanted.length);
        assert.equal(held.first().length === 0, wanted.length === 0);
      }
      const rest: Buffer[] = [];
      while (held.length > 0) {
        rest.push(Buffer.from(held.first()));
        held.take(held.first().length);
      }
      assert.ok(Buffer.concat(rest).equals(wanted));
    }),
    { numRuns: 200 },
  );
});

test('single bytes are held in few blocks', () => {
  const held = new HeldBytes();
  const octet = Buffer.of(7);
  for (let at = 0; at < 100_000; at++) held.add(octet, 0, 1);
  let blocks = 0;
  for (; held.length > 0; blocks++) held.take(held.first().length);
  assert.ok(blocks < 10, String(blocks));
});

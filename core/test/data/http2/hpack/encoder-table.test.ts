/**
 * Table sizes (RFC 7541 section 4.2): what our encoder says of its own, read by a decoder that insists on all of it; and what our decoder makes of an
 * encoder that uses its table to the full and changes its size at will.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ENTRY_BYTES } from '../../../../src/data/http2/hpack/dynamic-table.ts';
import { EncoderTable } from '../../../../src/data/http2/hpack/encoder-table.ts';
import type { Field } from '../../../../src/data/http2/hpack/field.ts';
import { HpackDecoder } from '../../../../src/data/http2/hpack/hpack-decoder.ts';
import { STATIC_COUNT } from '../../../../src/data/http2/hpack/static-table.ts';

function integer(value: number, mask: number, pattern: number): number[] {
  if (value < mask) return [pattern | value];
  const octets = [pattern | mask];
  let rest = value - mask;
  for (; rest >= 128; rest = Math.floor(rest / 128)) octets.push((rest % 128) | 128);
  return [...octets, rest];
}

/** sizesIn reads the table size updates that a block begins with. */
function sizesIn(block: Uint8Array): number[] {
  const sizes: number[] = [];
  let at = 0;
  while (at < block.length) {
    assert.equal(block[at]! & 0xe0, 0x20, 'an update');
    let size = block[at++]! & 0x1f;
    for (let shift = 0; size >= 0x1f; shift += 7) {
      const octet = block[at++]!;
      size += (octet & 0x7f) * 2 ** shift;
      if (octet < 128) break;
    }
    sizes.push(size);
  }
  return sizes;
}

const updates = (table: EncoderTable) => (table.isDue ? sizesIn(table.update()) : []);

test('a table size of 4096 or more changes nothing', () => {
  const table = new EncoderTable();
  for (const size of [4096, 65_536, 0xffffffff]) {
    table.allow(size);
    assert.deepEqual(updates(table), []);
  }
});

test('a smaller table is announced once, at the beginning of the next block', () => {
  const table = new EncoderTable();
  table.allow(0);
  assert.deepEqual(updates(table), [0]);
  assert.deepEqual(updates(table), []);
  table.allow(100);
  assert.deepEqual(updates(table), [100]);
});

test('of several changes the smallest is announced, and then the last', () => {
  const table = new EncoderTable();
  for (const size of [1000, 64, 2000]) table.allow(size);
  assert.deepEqual(updates(table), [64, 2000]);
  for (const size of [2000, 10, 2000]) table.allow(size);
  assert.deepEqual(updates(table), [10, 2000]);
  for (const size of [500, 300]) table.allow(size);
  assert.deepEqual(updates(table), [300]);
});

test('a decoder that insists on every update is content with all of them', () => {
  const sizes = fc.array(fc.oneof(fc.integer({ min: 0, max: 5000 }), fc.constantFrom(0, 4096, 0xffffffff)), {
    maxLength: 5,
  });
  fc.assert(
    fc.property(fc.array(sizes, { maxLength: 8 }), (intervals) => {
      const table = new EncoderTable();
      let used = 4096;
      for (const allowed of intervals) {
        for (const size of allowed) table.allow(size);
        const told = updates(table);
        assert.ok(told.length <= 2, 'two updates at most');
        const least = Math.min(...allowed, Number.POSITIVE_INFINITY);
        if (least < used)
          assert.ok(told.length > 0 && told[0]! <= least, `${used} has to come down to ${least}: ${told}`);
        used = told.at(-1) ?? used;
        const limit = allowed.at(-1);
        if (limit !== undefined) assert.ok(used <= limit, `${used} is within ${limit}`);
      }
    }),
  );
});

/** TableEncoder puts every field in its table, and takes it from there again; its entries are written with its own arithmetic. */
class TableEncoder {
  #entries: [string, string][] = [];
  #most = 4096;

  #fit(): void {
    const size = () => this.#entries.reduce((sum, [name, value]) => sum + name.length + value.length + ENTRY_BYTES, 0);
    while (size() > this.#most) this.#entries.pop();
  }

  block(sizes: readonly number[], fields: readonly (readonly [string, string])[]): Buffer {
    const octets: number[] = [];
    for (const size of sizes) {
      octets.push(...integer(size, 0x1f, 0x20));
      this.#most = size;
      this.#fit();
    }
    const text = (value: string) => octets.push(...integer(value.length, 0x7f, 0), ...Buffer.from(value, 'latin1'));
    for (const [name, value] of fields) {
      const pair = this.#entries.findIndex((entry) => entry[0] === name && entry[1] === value);
      const named = this.#entries.findIndex((entry) => entry[0] === name);
      if (pair !== -1) {
        octets.push(...integer(pair + STATIC_COUNT + 1, 0x7f, 0x80));
        continue;
      }
      octets.push(...integer(named === -1 ? 0 : named + STATIC_COUNT + 1, 0x3f, 0x40));
      if (named === -1) text(name);
      text(value);
      this.#entries.unshift([name, value]);
      this.#fit();
    }
    return Buffer.from(octets);
  }
}

test('an encoder may change the size of its table before every block, within the limit', () => {
  const field = fc.tuple(fc.constantFrom('x-a', 'x-b', 'x-longer-name', 'x-c'), fc.stringMatching(/^[a-z]{1,60}$/));
  const block = fc.tuple(
    fc.array(fc.integer({ min: 0, max: 4096 }), { maxLength: 2 }),
    fc.array(field, { maxLength: 12 }),
  );
  fc.assert(
    fc.property(fc.array(block, { maxLength: 10 }), (blocks) => {
      const encoder = new TableEncoder();
      const decoder = new HpackDecoder();
      for (const [sizes, fields] of blocks) {
        const bytes = encoder.block(sizes, fields);
        const got: Field[] = [];
        assert.ok(decoder.decode(bytes, 0, bytes.length, { field: (each) => got.push(each) }));
        assert.deepEqual(
          got.map(({ name, value }) => [name, value]),
          fields,
        );
      }
    }),
  );
});

test('an encoder may not have a larger table than ours allows', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 8192 }), fc.integer({ min: 0, max: 10_000 }), (most, size) => {
      const bytes = Buffer.from(integer(size, 0x1f, 0x20));
      const isTaken = new HpackDecoder(most).decode(bytes, 0, bytes.length, { field: () => {} });
      assert.equal(isTaken, size <= most);
    }),
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BACKEND_SETTINGS } from '../../../src/check/settings/backend/index.ts';
import { planOf } from '../../../src/check/settings/draft.ts';
import { GATEWAY_SETTINGS } from '../../../src/check/settings/gateway/index.ts';
import { LISTENER_SETTINGS, newListenerDraft } from '../../../src/check/settings/listener/index.ts';
import { defaultsOf, settingOf } from '../../../src/check/settings/setting-row.ts';

interface Draft {
  size: number;
  mode: 'a' | 'b' | undefined;
}

const rowOf = settingOf<Draft>('backend');
const size = rowOf({
  name: 'size',
  doc: 'how large',
  example: 'size 4',
  args: [{ name: 'count', type: 'number', doc: 'how large' }],
  defaults: () => ({ size: 1 }),
  why: 'one is enough',
  read: ({ args }) => ({ size: args.count }),
});
const mode = rowOf({
  name: 'mode',
  doc: 'which',
  example: 'mode a',
  args: [{ name: 'which', type: 'name', doc: 'which', choices: ['a', 'b'] }],
  defaults: () => ({ mode: undefined }),
  why: 'none is needed',
  read: ({ args }) => ({ mode: args.which }),
});

test('a field of the plan belongs to one row', () => {
  for (const rows of [LISTENER_SETTINGS, BACKEND_SETTINGS, GATEWAY_SETTINGS]) {
    const owners = new Map<string, string>();
    for (const { name, section, defaults } of rows) {
      for (const field of Object.keys(defaults())) {
        assert.equal(owners.get(field), undefined, `${section}: ${field} belongs to ${owners.get(field)} and ${name}`);
        owners.set(field, name);
      }
    }
    assert.ok(owners.size > 0);
  }
});

test('every default has a reason', () => {
  for (const { name, why } of [...LISTENER_SETTINGS, ...BACKEND_SETTINGS, ...GATEWAY_SETTINGS]) {
    assert.match(why, /\S{3}/, name);
  }
});

test('a field without a row, and a value of another type, do not compile', () => {
  const all: Draft = defaultsOf([size, mode] as const);
  assert.deepEqual(all, { size: 1, mode: undefined });
  // @ts-expect-error: no row owns `mode`
  const some: Draft = defaultsOf([size] as const);
  assert.deepEqual(some, { size: 1 });
  const words = { name: 'size', doc: '', example: '', why: 'a test', args: [] } as const;
  // @ts-expect-error: the plan has no such field
  rowOf({ ...words, defaults: () => ({ length: 1 }), read: () => ({}) });
  // @ts-expect-error: the field is a number
  rowOf({ ...words, defaults: () => ({ size: 1 }), read: () => ({ size: 'large' }) });
  // @ts-expect-error: the field belongs to another row
  rowOf({ ...words, defaults: () => ({ size: 1 }), read: () => ({ mode: 'a' }) });
  // @ts-expect-error: there is no such argument
  rowOf({ ...words, defaults: () => ({ size: 1 }), read: ({ args }) => ({ size: args.count }) });
});

test('fields of timeouts and limits are put together, and undefined ones left out', () => {
  const plan = planOf<Record<string, unknown>>({ ...newListenerDraft(), backlog: 5, 'limits.connections': 7 });
  assert.deepEqual(plan.timeouts, { headerMs: 10_000, idleMs: 60_000, bodyMs: 30_000, clientMs: 30_000 });
  assert.equal((plan.limits as Record<string, unknown>).connections, 7);
  assert.equal(plan.backlog, 5);
  assert.ok(!('socketMode' in plan) && !('certificates' in plan) && !('paths' in plan));
});

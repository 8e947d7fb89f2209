/**
 * Capacity: how much a backend takes, and in which order. Main thread.
 */
import { backendSetting } from './backend-setting.ts';

const DAY = 86_400_000;

export const max = backendSetting({
  name: 'max',
  doc: 'the maximum number of concurrent requests on all its servers',
  example: 'max 500',
  args: [{ name: 'count', type: 'number', doc: 'requests', min: 1, max: 10_000_000 }],
  defaults: () => ({ max: 0 }),
  why: 'servers have limits of their own',
  read: ({ args }) => ({ max: args.count }),
});

export const queueAtMost = backendSetting({
  name: 'queue at most',
  doc: 'the maximum number of requests that are queued while all servers are full',
  example: 'queue at most 100',
  args: [{ name: 'count', type: 'number', doc: 'requests; 0: no queue', min: 0, max: 1_000_000 }],
  defaults: () => ({ queue: 4096 }),
  why: 'a longer line means answers that come too late',
  read: ({ args }) => ({ queue: args.count }),
});

export const slowStart = backendSetting({
  name: 'slow start',
  doc: 'how long a recovering server takes to reach its full share of requests',
  example: 'slow start 30s',
  args: [{ name: 'time', type: 'duration', doc: 'until it has its full share', min: 1000, max: DAY }],
  defaults: () => ({ slowStartMs: 0 }),
  why: 'most servers have nothing to warm up',
  read: ({ args }) => ({ slowStartMs: args.time }),
});

export const balance = backendSetting({
  name: 'balance',
  doc: 'how a server is picked',
  example: 'balance round-robin',
  slot: 'balance',
  args: [],
  defaults: () => ({ balance: null }),
  why: 'round-robin: it needs to know nothing of servers or requests',
  read: ({ use }) => ({ balance: use }),
});

export const stick = backendSetting({
  name: 'stick',
  doc: 'session persistence: keeps a client on the same server',
  example: 'stick on cookie sid',
  slot: 'stick',
  args: [],
  defaults: () => ({ stick: null }),
  why: 'servers without state of their own need no stickiness',
  read: ({ use }) => ({ stick: use }),
});

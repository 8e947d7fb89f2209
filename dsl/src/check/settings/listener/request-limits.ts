/**
 * RequestLimits: how long the parts of a request may be. Main thread.
 */
import { listenerSetting } from './listener-setting.ts';

export const bodyAtMost = listenerSetting({
  name: 'body at most',
  doc: 'the maximum size of a request body',
  example: 'body at most 10MiB',
  isHttpOnly: true,
  args: [{ name: 'size', type: 'size', doc: 'bytes', min: 1 }],
  defaults: () => ({ 'limits.bodyBytes': 0 }),
  why: 'bodies are streamed, so that their length costs no memory',
  read: ({ args }) => ({ 'limits.bodyBytes': args.size }),
});

export const headAtMost = listenerSetting({
  name: 'head at most',
  doc: 'the maximum size of a request head',
  example: 'head at most 16KiB',
  isHttpOnly: true,
  args: [{ name: 'size', type: 'size', doc: 'bytes', min: 256, max: 1_048_576 }],
  defaults: () => ({ 'limits.headBytes': 16 * 1024 }),
  why: 'twice what servers usually take',
  read: ({ args }) => ({ 'limits.headBytes': args.size }),
});

export const targetAtMost = listenerSetting({
  name: 'target at most',
  doc: 'the maximum length of a request target',
  example: 'target at most 8KiB',
  isHttpOnly: true,
  args: [{ name: 'size', type: 'size', doc: 'bytes', min: 64, max: 1_048_576 }],
  defaults: () => ({ 'limits.targetBytes': 8 * 1024 }),
  why: 'RFC 9110 4.1 asks for 8000 bytes',
  read: ({ args }) => ({ 'limits.targetBytes': args.size }),
});

export const headersAtMost = listenerSetting({
  name: 'headers at most',
  doc: 'the maximum number of header fields in a request',
  example: 'headers at most 100',
  isHttpOnly: true,
  args: [{ name: 'count', type: 'number', doc: 'fields', min: 1, max: 10_000 }],
  defaults: () => ({ 'limits.headerCount': 100 }),
  why: 'what servers usually take',
  read: ({ args }) => ({ 'limits.headerCount': args.count }),
});

/**
 * Timeouts: how long a client may take. Main thread.
 */
import { timeLimit } from '../time-limit.ts';
import { listenerSetting } from './listener-setting.ts';

export const timeout = listenerSetting({
  name: 'timeout',
  doc: 'time limits for clients',
  example: 'timeout header 10s, idle 60s',
  isRepeatable: true,
  args: [
    timeLimit('header', 'from the first byte of a request head to its end; also a TLS hello and a PROXY header'),
    timeLimit('idle', 'a connection between two requests'),
    timeLimit('body', 'a request body that stalls'),
    timeLimit('client', 'a response that the client has stopped reading'),
  ],
  defaults: () => ({
    'timeouts.headerMs': 10_000,
    'timeouts.idleMs': 60_000,
    'timeouts.bodyMs': 30_000,
    'timeouts.clientMs': 30_000,
  }),
  why: 'long enough for slow networks, and short enough for slow attacks',
  counts: 'argument',
  read: ({ args }) => ({
    'timeouts.headerMs': args.header,
    'timeouts.idleMs': args.idle,
    'timeouts.bodyMs': args.body,
    'timeouts.clientMs': args.client,
  }),
});

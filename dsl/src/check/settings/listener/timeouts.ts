/**
 * Timeouts: how long a client may take. Main thread.
 */
import { timeLimit } from '../time-limit.ts';
import { listenerSetting } from './listener-setting.ts';

export const timeout = listenerSetting({
  name: 'timeout',
  doc: 'how long the client may take',
  example: 'timeout header 10s, idle 60s',
  isRepeatable: true,
  args: [
    timeLimit(
      'header',
      'from the first byte of a head to its end; for a TLS hello that is read, and for a PROXY header',
    ),
    timeLimit('idle', 'a connection between two requests'),
    timeLimit('body', 'a body that has stopped moving'),
    timeLimit('client', 'an answer that the client has stopped reading'),
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

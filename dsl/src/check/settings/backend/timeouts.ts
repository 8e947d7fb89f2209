/**
 * Timeouts: how long servers may take. Main thread.
 */
import { timeLimit } from '../time-limit.ts';
import { backendSetting } from './backend-setting.ts';

export const timeout = backendSetting({
  name: 'timeout',
  doc: 'how long the servers may take',
  example: 'timeout connect 5s, response 30s',
  isRepeatable: true,
  args: [
    timeLimit('connect', 'until a connection stands'),
    timeLimit('response', 'until the answer’s head, and between two pieces of it'),
    timeLimit('idle', 'a pooled connection with nothing to do'),
    timeLimit('tunnel', 'a tunnel in which nothing moves'),
    timeLimit('queue', 'waiting for a full server'),
  ],
  defaults: () => ({
    'timeouts.connectMs': 5_000,
    'timeouts.responseMs': 30_000,
    'timeouts.idleMs': 30_000,
    'timeouts.tunnelMs': 3_600_000,
    'timeouts.queueMs': 5_000,
  }),
  why: 'longer than a healthy server takes, and shorter than people wait',
  counts: 'argument',
  fitsServe: true,
  read: ({ args }) => ({
    'timeouts.connectMs': args.connect,
    'timeouts.responseMs': args.response,
    'timeouts.idleMs': args.idle,
    'timeouts.tunnelMs': args.tunnel,
    'timeouts.queueMs': args.queue,
  }),
});

/**
 * Timeouts: how long servers may take. Main thread.
 */
import { timeLimit } from '../time-limit.ts';
import { backendSetting } from './backend-setting.ts';

export const timeout = backendSetting({
  name: 'timeout',
  doc: 'time limits for servers',
  example: 'timeout connect 5s, response 30s',
  isRepeatable: true,
  args: [
    timeLimit('connect', 'establishing a connection'),
    timeLimit('response', 'from the end of the request to the response head, and between two parts of the response'),
    timeLimit('idle', 'an idle pooled connection'),
    timeLimit('tunnel', 'an idle tunnel'),
    timeLimit('queue', 'the wait in the queue while all servers are full'),
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

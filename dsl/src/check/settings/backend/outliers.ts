/**
 * Outliers: what failing requests do to a server and to the backend. Main thread.
 */

import { backendSetting } from './backend-setting.ts';
import { FAILURE_ARGS, failuresOf, failureWords } from './failures.ts';

const DAY = 86_400_000;

export const eject = backendSetting({
  name: 'eject',
  doc: 'ejects a server for a while when real requests to it fail',
  example: 'eject after 5 failures for 10s at most 50%',
  args: [
    ...FAILURE_ARGS,
    {
      name: 'time',
      type: 'duration',
      before: 'for',
      doc: 'the duration of the first ejection; the second in a row is twice as long, and so on',
      default: 10_000,
      min: 100,
      max: DAY,
    },
    {
      name: 'longest',
      type: 'duration',
      before: 'up to',
      doc: 'the maximum duration',
      default: 300_000,
      min: 100,
      max: DAY,
    },
    {
      name: 'most',
      type: 'percent',
      before: 'at most',
      doc: 'the share of the servers that may be out of service at the same time, for any reason',
      default: 50,
      min: 1,
      max: 100,
    },
  ],
  defaults: () => ({ eject: null }),
  why: 'how many failures are too many depends on the service',
  requestWords: failureWords,
  read: ({ args }) => ({
    eject: { ...failuresOf(args), timeMs: args.time, mostMs: args.longest, mostShare: args.most / 100 },
  }),
});

export const breakCircuit = backendSetting({
  name: 'break circuit',
  doc: 'sends no requests to the backend for a while when too many of them fail',
  example: 'break circuit over 50% errors of 20 in 10s for 5s',
  args: [
    ...FAILURE_ARGS,
    {
      name: 'time',
      type: 'duration',
      before: 'for',
      doc: 'the time until a trial request',
      default: 5000,
      min: 100,
      max: DAY,
    },
  ],
  defaults: () => ({ circuit: null }),
  why: 'how many failures are too many depends on the service',
  requestWords: failureWords,
  read: ({ args }) => ({ circuit: { ...failuresOf(args), openMs: args.time } }),
});

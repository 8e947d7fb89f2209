/**
 * Outliers: what failing requests do to a server and to the backend. Main thread.
 */

import { backendSetting } from './backend-setting.ts';
import { FAILURE_ARGS, failuresOf, failureWords } from './failures.ts';

const DAY = 86_400_000;

export const eject = backendSetting({
  name: 'eject',
  doc: 'takes a server out for a while when real requests to it fail',
  example: 'eject after 5 failures for 10s at most 50%',
  args: [
    ...FAILURE_ARGS,
    {
      name: 'time',
      type: 'duration',
      before: 'for',
      doc: 'how long the first time; the second time in a row twice as long, and so on',
      default: 10_000,
      min: 100,
      max: DAY,
    },
    {
      name: 'longest',
      type: 'duration',
      before: 'up to',
      doc: 'the longest time',
      default: 300_000,
      min: 100,
      max: DAY,
    },
    {
      name: 'most',
      type: 'percent',
      before: 'at most',
      doc: 'the share of the servers that may be out, whatever put them there',
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
  doc: 'leaves the whole backend alone for a while when requests to it fail',
  example: 'break circuit over 50% errors of 20 in 10s for 5s',
  args: [
    ...FAILURE_ARGS,
    {
      name: 'time',
      type: 'duration',
      before: 'for',
      doc: 'how long, until one request is tried',
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

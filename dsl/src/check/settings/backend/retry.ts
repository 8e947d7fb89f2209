/**
 * Retry: when a request is sent again. Main thread.
 */
import type { RetryPolicy } from '../../../plan/plan.ts';
import { backendSetting } from './backend-setting.ts';

const RETRY: RetryPolicy = { times: 2, on: ['connect-failure'], isAnotherServer: true, share: 0.2, perSecond: 10 };

/** A rate counts its events in a time of so many milliseconds. */
function perSecondOf([count, perMs]: readonly number[]): number {
  return (count! * 1000) / perMs!;
}

export const retry = backendSetting({
  name: 'retry',
  doc: 'retries a failed request if that is safe',
  example: 'retry 3 on connect-failure, 503 using another server at most 20%',
  args: [
    { name: 'times', type: 'number', doc: 'the maximum number of retries', min: 0, max: 20 },
    {
      name: 'on',
      type: 'causes',
      before: 'on',
      doc: '`connect-failure`, the default, or statuses',
      isOptional: true,
    },
    {
      name: 'another',
      type: 'flag',
      before: 'using another server',
      doc: 'a server that has not had the request yet, if there is one; the default',
      isOptional: true,
    },
    {
      name: 'any',
      type: 'flag',
      before: 'using any server',
      doc: 'any server that the strategy picks, including one already tried',
      isOptional: true,
    },
    {
      name: 'share',
      type: 'percent',
      before: 'at most',
      doc: 'the share of recent requests that may be retried; 20% by default',
      isOptional: true,
      min: 0,
      max: 100,
    },
    {
      name: 'least',
      type: 'rate',
      before: 'at least',
      doc: 'the retries that are always allowed, however few requests there are; 10/s by default',
      isOptional: true,
    },
  ],
  defaults: () => ({ retry: RETRY }),
  why: 'what no server has seen may be sent again, and a fifth more requests do not bring servers down',
  requestWords({ args, spans }) {
    const status = (args.on ?? []).find((each) => typeof each === 'number');
    return status === undefined ? [] : [[`retry … on ${status}`, spans.get('on')!]];
  },
  read({ scope, args, spans }) {
    const { on, times, share, least } = args;
    // What is written takes the place of the default.
    if (on !== undefined && !on.includes('connect-failure') && times !== 0) scope.error('SL0672', spans.get('on')!);
    return {
      retry: {
        times,
        on: on ?? RETRY.on,
        isAnotherServer: !args.any,
        share: share === undefined ? RETRY.share : share / 100,
        perSecond: least === undefined ? RETRY.perSecond : perSecondOf(least),
      },
    };
  },
});

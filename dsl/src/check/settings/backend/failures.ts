/**
 * Failures: what `eject` and `break circuit` count. Main thread.
 */
import type { FailurePlan } from '../../../plan/plan.ts';
import type { Span } from '../../../source/source-text.ts';
import type { BaseArg } from '../../../vocabulary/setting-word.ts';
import type { ArgsOf, RowLine } from '../setting-row.ts';

const DAY = 86_400_000;

/** What `eject` and `break circuit` count. */
export const FAILURE_ARGS = [
  {
    name: 'failures',
    type: 'number',
    before: 'after',
    behind: 'failures',
    doc: 'the number of consecutive failures',
    isOptional: true,
    min: 1,
    max: 100_000,
  },
  {
    name: 'share',
    type: 'percent',
    before: 'over',
    behind: 'errors',
    doc: 'the share of recent requests that may fail',
    isOptional: true,
    min: 1,
    max: 99,
  },
  {
    name: 'requests',
    type: 'number',
    before: 'of',
    doc: 'the minimum number of recent requests for a decision; 20 by default',
    isOptional: true,
    needs: 'share',
    min: 1,
    max: 1_000_000,
  },
  {
    name: 'window',
    type: 'duration',
    before: 'in',
    doc: 'the time window for recent requests; 10 s by default',
    isOptional: true,
    needs: 'share',
    min: 100,
    max: DAY,
  },
  {
    name: 'statuses',
    type: 'statuses',
    before: 'on',
    doc: 'statuses that count as failures, in addition to missing and invalid responses; 502..504 by default',
    isOptional: true,
  },
] as const satisfies readonly BaseArg[];

/** failuresOf: servers that are down or overloaded answer 502 to 504, and 20 requests in 10 s are the fewest that say anything. */
export function failuresOf(args: ArgsOf<typeof FAILURE_ARGS>): FailurePlan {
  return {
    failures: args.failures ?? 0,
    errorShare: (args.share ?? 0) / 100,
    requests: args.requests ?? 20,
    windowMs: args.window ?? 10_000,
    statuses: args.statuses ?? ['502..504'],
  };
}

/** failureWords: connections that are passed on unread have no statuses. */
export function failureWords({
  setting,
  args,
  spans,
}: Pick<RowLine<typeof FAILURE_ARGS, undefined>, 'setting' | 'args' | 'spans'>): readonly (readonly [string, Span])[] {
  if (args.statuses === undefined) return [];
  return [[`${setting.name} … on ${String(args.statuses).split(',')[0]}`, spans.get('statuses')!]];
}

/**
 * The data entry of limit. Data threads; hot path. Must not import the manifest.
 */
import type { DataEntry, VerbFactory } from '@sluice/core/plugin';
import { CLIENT_NETWORKS, compileKey } from '@sluice/dsl/match';

/** limit asks the table of all threads, which counts each limit separately. */
const limit: VerbFactory = (args, linker) => {
  const [count = 1, periodMs = 1000] = args.rate as readonly number[];
  const intervalMs = periodMs / count;
  const burst = typeof args.burst === 'number' ? args.burst : count;
  const read = compileKey(args.key as readonly string[], CLIENT_NETWORKS);
  const { rates, scope } = linker;
  return {
    kind: 'check',
    check(facts) {
      const waitMs = rates.take(scope, read(facts), intervalMs, burst);
      if (waitMs === 0) return null;
      return { status: 429, headers: [['Retry-After', String(Math.max(1, Math.ceil(waitMs / 1000)))]], body: null };
    },
  };
};

export const verbs: NonNullable<DataEntry['verbs']> = { limit };

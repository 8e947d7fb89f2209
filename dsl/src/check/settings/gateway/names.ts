/**
 * Names: how the names of servers are resolved. Main thread.
 */
import { gatewaySetting } from './gateway-setting.ts';

const DAY = 86_400_000;

export const lookUpNames = gatewaySetting({
  name: 'look up names',
  doc: 'the DNS servers that resolve hostnames of servers, and bounds for the TTL of answers',
  example: 'look up names by 10.0.0.53, 10.0.1.53 ttl at most 30s',
  args: [
    {
      name: 'servers',
      type: 'resolvers',
      before: 'by',
      doc: 'DNS servers, tried in turn; by default the system’s',
      isOptional: true,
    },
    {
      name: 'least',
      type: 'duration',
      before: 'ttl at least',
      doc: '1 s by default',
      isOptional: true,
      min: 100,
      max: DAY,
    },
    {
      name: 'most',
      type: 'duration',
      before: 'ttl at most',
      doc: '60 s by default',
      isOptional: true,
      min: 100,
      max: DAY,
    },
  ],
  defaults: () => ({ names: undefined }),
  why: 'the system knows its DNS servers',
  read({ scope, span, spans, args: { servers = [], least = 1_000, most = 60_000 } }) {
    if (least > most) return scope.error('SL0663', spans.get('least') ?? span, {});
    return { names: { servers, leastMs: least, mostMs: most } };
  },
});

/**
 * Names: how the names of servers are resolved. Main thread.
 */
import { gatewaySetting } from './gateway-setting.ts';

const DAY = 86_400_000;

export const lookUpNames = gatewaySetting({
  name: 'look up names',
  doc: 'which DNS servers resolve the names of servers, and how long answers are kept whatever their ttl',
  example: 'look up names by 10.0.0.53, 10.0.1.53 ttl at most 30s',
  args: [
    {
      name: 'servers',
      type: 'resolvers',
      before: 'by',
      doc: 'DNS servers, tried in turn; by default those of the system',
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

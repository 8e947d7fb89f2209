/**
 * The manifest of limit: `limit 20/s burst 40 per ip`. Main thread only.
 */
import { definePlugin } from '@sluice/core/plugin';

export default definePlugin({
  name: 'limit',
  apiVersion: 1,
  data: new URL('../dist/data.js', import.meta.url).href,
  words: [
    {
      kind: 'verb',
      name: 'limit',
      doc: 'Rate limit: answers 429 to clients that send too many requests; all others continue with the next guard.',
      example: 'limit 20/s burst 40 per ip when path under /api/login',
      part: 'guard',
      phase: 'request',
      isPartial: true,
      args: [
        { name: 'rate', type: 'rate', doc: 'The average rate: `20/s`, `300/m`, `1000/h`.' },
        {
          name: 'burst',
          type: 'number',
          before: 'burst',
          doc: 'The number of requests that may arrive at once. Default: the number in the rate.',
          isOptional: true,
          min: 1,
          max: 1_000_000_000,
        },
        {
          name: 'key',
          type: 'key',
          before: 'per',
          doc: 'The key to count by: `ip` (an IPv6 /64 is one client; `ip /24 ipv6 /56` sets other prefixes), `host`, `path`, `header NAME`, `cookie NAME`, or `global` for a single count.',
          takesNetworks: true,
          choices: ['ip', 'host', 'path', 'global', 'header', 'cookie'],
        },
      ],
    },
  ],
});

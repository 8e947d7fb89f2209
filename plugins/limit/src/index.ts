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
      doc: 'Answers 429 to clients that send too many requests; all others continue with the next guard.',
      example: 'limit 20/s burst 40 per ip when path under /api/login',
      part: 'guard',
      phase: 'request',
      isPartial: true,
      args: [
        { name: 'rate', type: 'rate', doc: 'How often on average: `20/s`, `300/m`, `1000/h`.' },
        {
          name: 'burst',
          type: 'number',
          before: 'burst',
          doc: 'How many may come at once. Default: as many as the rate names.',
          isOptional: true,
          min: 1,
          max: 1_000_000_000,
        },
        {
          name: 'key',
          type: 'key',
          before: 'per',
          doc: 'What is counted apart: `ip` (a /64 of IPv6 is one client; `ip /24 ipv6 /56` are other networks), `host`, `path`, `header NAME`, `cookie NAME`, or nothing: `global`.',
          takesNetworks: true,
          choices: ['ip', 'host', 'path', 'global', 'header', 'cookie'],
        },
      ],
    },
  ],
});

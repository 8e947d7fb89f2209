/**
 * The manifest of stick-header: `stick on header NAME`. Main thread only.
 */
import { definePlugin } from '@sluice/core/plugin';

const HOUR_MS = 3_600_000;

export default definePlugin({
  name: 'stick-header',
  apiVersion: 1,
  data: new URL('../dist/data.js', import.meta.url).href,
  components: [
    {
      kind: 'component',
      slot: 'stick',
      name: 'on header',
      needsRequest: true,
      doc: 'Session persistence by the value of a request header.',
      example: 'stick on header X-User-Id ttl 1h',
      args: [
        { name: 'header', type: 'header', doc: 'The name of the header. Case-insensitive.' },
        {
          name: 'ttl',
          type: 'duration',
          before: 'ttl',
          doc: 'How long a client is remembered after its last request. Default 8h.',
          isOptional: true,
          default: 8 * HOUR_MS,
          min: 1000,
          max: 8760 * HOUR_MS,
        },
        {
          name: 'size',
          type: 'number',
          before: 'size',
          doc: 'How many clients are remembered; beyond that, the least recent are forgotten. Default 65536.',
          isOptional: true,
          default: 65536,
          min: 1,
          max: 10_000_000,
        },
      ],
    },
  ],
});

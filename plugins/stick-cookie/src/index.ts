/**
 * The manifest of stick-cookie: `stick on cookie NAME [ttl DURATION]`. Main thread only.
 */
import { definePlugin } from '@sluice/core/plugin';

const HOUR_MS = 3_600_000;

export default definePlugin({
  name: 'stick-cookie',
  apiVersion: 1,
  data: new URL('./data.js', import.meta.url).href,
  components: [
    {
      kind: 'component',
      slot: 'stick',
      name: 'on cookie',
      doc: "Sends a client back to the server that it had, known by a cookie of the application's own.",
      example: 'stick on cookie sid ttl 8h',
      args: [
        { name: 'cookie', type: 'cookie', doc: 'The name of the cookie. Case matters.' },
        {
          name: 'ttl',
          type: 'duration',
          before: 'ttl',
          doc: 'How long a client that does not come back is remembered. Default 8h.',
          isOptional: true,
          default: 8 * HOUR_MS,
        },
      ],
    },
  ],
});

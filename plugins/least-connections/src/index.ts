/**
 * The manifest of least-connections: the strategy `balance least-connections`. Main thread only.
 */
import { definePlugin } from '@sluice/core/plugin';

export default definePlugin({
  name: 'least-connections',
  apiVersion: 1,
  data: new URL('../dist/data.js', import.meta.url).href,
  components: [
    {
      kind: 'component',
      slot: 'balance',
      name: 'least-connections',
      doc: 'The server with the fewest open requests relative to its weight, counted across all data threads.',
      example: 'balance least-connections',
      args: [],
    },
  ],
});

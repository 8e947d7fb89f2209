/**
 * The manifest of least-response-time: the strategy `balance least-response-time`. Main thread only.
 */
import { definePlugin } from '@sluice/core/plugin';

export default definePlugin({
  name: 'least-response-time',
  apiVersion: 1,
  data: new URL('../dist/data.js', import.meta.url).href,
  components: [
    {
      kind: 'component',
      slot: 'balance',
      name: 'least-response-time',
      doc: 'The server that is likely to respond first, by its mean response time over the last ten seconds and its open requests.',
      example: 'balance least-response-time',
      args: [],
    },
  ],
});

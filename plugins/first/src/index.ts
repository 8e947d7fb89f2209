/**
 * The manifest of first: the strategy `balance first`. Main thread only.
 */
import { definePlugin } from '@sluice/core/plugin';

export default definePlugin({
  name: 'first',
  apiVersion: 1,
  data: new URL('../dist/data.js', import.meta.url).href,
  components: [
    {
      kind: 'component',
      slot: 'balance',
      name: 'first',
      doc: 'The first server in written order, up to its `max`; then the next one.',
      example: 'balance first',
      args: [],
    },
  ],
});

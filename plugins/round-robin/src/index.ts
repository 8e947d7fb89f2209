/**
 * The manifest of round-robin: the strategy `balance round-robin`. Main thread only.
 */
import { definePlugin } from '@sluice/core/plugin';

export default definePlugin({
  name: 'round-robin',
  apiVersion: 1,
  data: new URL('../dist/data.js', import.meta.url).href,
  components: [
    {
      kind: 'component',
      slot: 'balance',
      name: 'round-robin',
      doc: 'Each server in turn, in proportion to its weight and evenly spread. Each data thread counts its own turns.',
      example: 'balance round-robin',
      isDefault: true,
      args: [],
    },
  ],
});

/**
 * The manifest of random: the strategy `balance random`. Main thread only.
 */
import { definePlugin } from '@sluice/core/plugin';

export default definePlugin({
  name: 'random',
  apiVersion: 1,
  data: new URL('../dist/data.js', import.meta.url).href,
  components: [
    {
      kind: 'component',
      slot: 'balance',
      name: 'random',
      doc: 'The less busy of two servers drawn at random, in proportion to their weights.',
      example: 'balance random',
      args: [],
    },
  ],
});

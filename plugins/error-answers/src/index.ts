/**
 * The manifest of error-answers: the gateway's own answers. Main thread only.
 */
import { definePlugin } from '@sluice/core/plugin';

export default definePlugin({
  name: 'error-answers',
  apiVersion: 1,
  data: new URL('../dist/data.js', import.meta.url).href,
  components: [
    {
      kind: 'component',
      slot: 'answer',
      name: 'plain',
      doc: 'A small page with the status and one sentence, the same for all clients.',
      example: 'answer plain',
      isDefault: true,
      args: [],
    },
  ],
});

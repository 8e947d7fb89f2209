/**
 * The manifest of check-tcp: `check tcp`. Main thread only.
 */
import { definePlugin } from '@sluice/core/plugin';
import { tcpCheck } from './tcp-check.ts';

export default definePlugin({
  name: 'check-tcp',
  apiVersion: 1,
  components: [
    {
      kind: 'component',
      slot: 'check',
      name: 'tcp',
      doc: 'Passes if the server accepts a connection. The connection is reset immediately.',
      example: 'check tcp every 2s',
      args: [],
      check: tcpCheck,
    },
  ],
});

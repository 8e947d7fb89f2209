/**
 * The manifest of check-http: `check METHOD URI`. Main thread only.
 */
import { definePlugin } from '@sluice/core/plugin';
import { httpCheck } from './http-check.ts';

export default definePlugin({
  name: 'check-http',
  apiVersion: 1,
  components: [
    {
      kind: 'component',
      slot: 'check',
      name: 'http',
      doc: 'Passes when the server answers a request with an expected status, and with an expected text if one is written.',
      example: 'check GET /healthz every 2s timeout 1s expect 200',
      isDefault: true,
      args: [
        { name: 'method', type: 'method', doc: 'The method to ask with.' },
        { name: 'uri', type: 'path', doc: 'The path to ask for, with a query if there is one.' },
        {
          name: 'expect',
          type: 'statuses',
          before: 'expect',
          doc: 'The statuses that pass. Default 200..399.',
          isOptional: true,
        },
        {
          name: 'host',
          type: 'text',
          before: 'host',
          doc: "The Host header to send. Default: the server's address.",
          isOptional: true,
        },
        {
          name: 'contains',
          type: 'text',
          before: 'contains',
          doc: 'A text that must stand in the first 64 KiB of the body.',
          isOptional: true,
        },
      ],
      check: httpCheck,
    },
  ],
});

/**
 * The manifest of check-http: `check METHOD URI` and `check https METHOD URI`. Main thread only.
 */
import { type Component, definePlugin } from '@sluice/core/plugin';
import { httpCheck, httpsCheck } from './http-check.ts';
import { checkHost, checkTls } from './trusted.ts';

const ARGS: Component['args'] = [
  { name: 'method', type: 'method', doc: 'The request method.' },
  { name: 'uri', type: 'path', doc: 'The path to request, optionally with a query.' },
  {
    name: 'expect',
    type: 'statuses',
    before: 'expect',
    doc: 'The statuses that pass. Default 200..399.',
    isOptional: true,
  },
  {
    name: 'contains',
    type: 'text',
    before: 'expect body contains',
    doc: 'Text that the first 64 KiB of the body must contain.',
    isOptional: true,
  },
  {
    name: 'drain',
    type: 'statuses',
    before: 'drain on',
    doc: 'Statuses that make the server `stopping`: it gets no new clients, and keeps its sticky ones.',
    isOptional: true,
  },
  {
    name: 'host',
    type: 'text',
    before: 'host',
    doc: 'The Host header to send. Default: the server’s address.',
    isOptional: true,
  },
];

export default definePlugin({
  name: 'check-http',
  apiVersion: 1,
  components: [
    {
      kind: 'component',
      slot: 'check',
      name: 'http',
      doc: 'Passes if the server answers a request with an expected status, and with the expected text if one is given.',
      example: 'check GET /healthz every 2s timeout 1s expect 200',
      isDefault: true,
      args: ARGS,
      check: httpCheck,
      validate: checkHost,
    },
    {
      kind: 'component',
      slot: 'check',
      name: 'https',
      doc: 'Like `check http`, but over TLS, and passes only if the certificate is valid.',
      example: 'check https GET /healthz ca "certs/internal-ca.pem" name api.internal',
      args: [
        ...ARGS,
        {
          name: 'ca',
          type: 'file',
          before: 'ca',
          doc: 'A PEM file with the trusted authorities. Default: those included with Node.js.',
          isOptional: true,
        },
        {
          name: 'name',
          type: 'text',
          before: 'name',
          doc: "The name to send as SNI and to require in the certificate. Default: the Host header's, or else the server’s own.",
          isOptional: true,
        },
        {
          name: 'insecure',
          type: 'flag',
          before: 'insecure',
          doc: 'Accepts any certificate.',
          isOptional: true,
        },
      ],
      check: httpsCheck,
      validate: checkTls,
    },
  ],
});

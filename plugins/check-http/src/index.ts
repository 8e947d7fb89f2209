/**
 * The manifest of check-http: `check METHOD URI` and `check https METHOD URI`. Main thread only.
 */
import { type Component, definePlugin } from '@sluice/core/plugin';
import { httpCheck, httpsCheck } from './http-check.ts';
import { checkHost, checkTls } from './trusted.ts';

const ARGS: Component['args'] = [
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
    name: 'contains',
    type: 'text',
    before: 'expect body contains',
    doc: 'A text that must stand in the first 64 KiB of the body.',
    isOptional: true,
  },
  {
    name: 'drain',
    type: 'statuses',
    before: 'drain on',
    doc: 'Statuses with which a server asks for no new clients: it is stopping, and keeps those that stick to it.',
    isOptional: true,
  },
  {
    name: 'host',
    type: 'text',
    before: 'host',
    doc: "The Host header to send. Default: the server's address.",
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
      doc: 'Passes when the server answers a request with an expected status, and with an expected text if one is written.',
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
      doc: 'Passes as `check http` does, over TLS, and only if the certificate is right.',
      example: 'check https GET /healthz ca "certs/internal-ca.pem" name api.internal',
      args: [
        ...ARGS,
        {
          name: 'ca',
          type: 'file',
          before: 'ca',
          doc: 'A PEM file with the authorities that are believed. Default: those that node brings along.',
          isOptional: true,
        },
        {
          name: 'name',
          type: 'text',
          before: 'name',
          doc: "The name to ask for (SNI) and to find in the certificate. Default: the Host header's, else the server's own.",
          isOptional: true,
        },
        {
          name: 'insecure',
          type: 'flag',
          before: 'insecure',
          doc: 'Take any certificate.',
          isOptional: true,
        },
      ],
      check: httpsCheck,
      validate: checkTls,
    },
  ],
});

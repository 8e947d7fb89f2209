/**
 * The manifest of tls-terminate: `tls terminate cert "FILE" [key "FILE"] [min 1.2|1.3]`. Main thread only.
 */
import { definePlugin } from '@sluice/core/plugin';

export default definePlugin({
  name: 'tls-terminate',
  apiVersion: 1,
  data: new URL('./data.js', import.meta.url).href,
  components: [
    {
      kind: 'component',
      slot: 'tls',
      name: 'terminate',
      doc: 'Ends TLS here, with a certificate and its key from PEM files. What follows is read as HTTP.',
      example: 'tls terminate cert "certs/site.pem" min 1.2',
      args: [
        {
          name: 'cert',
          type: 'file',
          before: 'cert',
          doc: "A PEM file with the site's certificate, and behind it those that lead to the root.",
        },
        {
          name: 'key',
          type: 'file',
          before: 'key',
          doc: 'A PEM file with the private key. Default: it is in the same file as the certificate.',
          isOptional: true,
        },
        {
          name: 'min',
          type: 'name',
          before: 'min',
          doc: 'The oldest version of TLS that is spoken. Default 1.2.',
          choices: ['1.2', '1.3'],
          default: '1.2',
        },
      ],
      options: {
        type: 'object',
        properties: {
          cert: { type: 'string', minLength: 1 },
          key: { type: 'string', minLength: 1 },
          min: { enum: ['1.2', '1.3'], default: '1.2' },
        },
        required: ['cert'],
        additionalProperties: false,
      },
      // Only rules with `tls terminate` pay for the certificate library.
      validate: async (options, baseDir) => (await import('./certificate-check.ts')).checkCertificate(options, baseDir),
    },
  ],
});

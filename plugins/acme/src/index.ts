/**
 * The manifest of acme: `certificates from acme …` in settings, `certificate from acme for …` in listeners. Main thread only.
 */
import { definePlugin } from '@sluice/core/plugin';
import { AcmeSource } from './acme-source.ts';

const TEXT = { type: 'string', minLength: 1 };

export default definePlugin({
  name: 'acme',
  apiVersion: 1,
  data: new URL('../dist/data.js', import.meta.url).href,
  components: [
    {
      kind: 'component',
      slot: 'certificates',
      name: 'acme',
      doc: 'Gets certificates from an authority that speaks ACME (RFC 8555), such as Let’s Encrypt, and renews them.',
      example: 'certificates from acme letsencrypt email ops@example.com agree to terms',
      args: [
        {
          name: 'directory',
          type: 'text',
          doc: '`letsencrypt`, `letsencrypt-staging` to try things out, or the https address of an authority’s directory.',
          default: 'letsencrypt',
        },
        {
          name: 'email',
          type: 'text',
          before: 'email',
          doc: 'Where the authority writes to when something is wrong. Default: nowhere.',
          isOptional: true,
        },
        {
          name: 'terms',
          type: 'flag',
          before: 'agree to terms',
          doc: 'You have read the authority’s terms of service and agree to them. Without, nothing is asked for.',
        },
        {
          name: 'folder',
          type: 'file',
          before: 'in',
          doc: 'The folder that keeps the account, the keys and the certificates. Default: `acme` in the folder for state.',
          isOptional: true,
        },
        {
          name: 'by',
          type: 'name',
          before: 'by',
          doc: 'How names are proven: `http` on port 80, or `tls` on port 443. Default: what listeners there are.',
          choices: ['http', 'tls'],
          isOptional: true,
        },
        {
          name: 'ca',
          type: 'file',
          before: 'ca',
          doc: 'The authority behind the directory’s own https certificate, a PEM file, where the system does not know it.',
          isOptional: true,
        },
        {
          name: 'account',
          type: 'text',
          before: 'external account',
          doc: 'The key identifier of an account that the authority already knows you by (external account binding).',
          isOptional: true,
        },
        {
          name: 'accountKey',
          type: 'text',
          before: 'external key',
          doc: 'The key that goes with it, in base64url; a secret.',
          isOptional: true,
          needs: 'account',
        },
      ],
      options: {
        type: 'object',
        properties: {
          directory: { ...TEXT, default: 'letsencrypt' },
          email: TEXT,
          terms: { type: 'boolean' },
          folder: TEXT,
          by: { enum: ['http', 'tls'] },
          ca: TEXT,
          account: TEXT,
          accountKey: { type: ['string', 'object'] },
        },
        additionalProperties: false,
      },
      validate: async (options, baseDir, host) => (await import('./line-check.ts')).checkSource(options, baseDir, host),
      certificateSource: { open: (host) => new AcmeSource(host) },
    },
    {
      kind: 'component',
      slot: 'certificate',
      name: 'acme',
      doc: 'One certificate for these names, which the authority of the `certificates from acme` line signs.',
      example: 'certificate from acme for www.example.com, example.com',
      args: [
        { name: 'names', type: 'names', before: 'for', doc: 'The names, all in one certificate; no wildcards.' },
        { name: 'rsa', type: 'flag', before: 'rsa', doc: 'With an RSA key, for old clients. Default: ECDSA on P-256.' },
      ],
      options: {
        type: 'object',
        properties: {
          names: { type: 'array', minItems: 1, maxItems: 100, items: TEXT },
          rsa: { type: 'boolean' },
          file: TEXT,
        },
        required: ['names'],
        additionalProperties: false,
      },
      validate: async (options, _baseDir, host) => (await import('./line-check.ts')).checkLine(options, host),
      kept: ({ names, file }) => ({ names: names as string[], file: String(file) }),
    },
  ],
});

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
      doc: 'Obtains and renews certificates from an ACME authority (RFC 8555) such as Let’s Encrypt.',
      example: 'certificates from acme letsencrypt email ops@example.com agree to terms',
      args: [
        {
          name: 'directory',
          type: 'text',
          doc: '`letsencrypt`, `letsencrypt-staging` for trials, or the https URL of an authority’s directory.',
          default: 'letsencrypt',
        },
        {
          name: 'email',
          type: 'text',
          before: 'email',
          doc: 'The address to which the authority reports problems. Default: none.',
          isOptional: true,
        },
        {
          name: 'terms',
          type: 'flag',
          before: 'agree to terms',
          doc: 'States that you have read the authority’s terms of service and agree to them. Required.',
        },
        {
          name: 'folder',
          type: 'file',
          before: 'in',
          doc: 'The folder for the account, keys and certificates. Default: `acme` in the state folder.',
          isOptional: true,
        },
        {
          name: 'by',
          type: 'name',
          before: 'by',
          doc: 'How names are validated: `http` on port 80, or `tls` on port 443. Default: depends on the listeners.',
          choices: ['http', 'tls'],
          isOptional: true,
        },
        {
          name: 'ca',
          type: 'file',
          before: 'ca',
          doc: 'A PEM file with the authority that signed the directory’s own https certificate, if the system does not trust it.',
          isOptional: true,
        },
        {
          name: 'account',
          type: 'text',
          before: 'external account',
          doc: 'The key ID of your existing account with the authority (external account binding).',
          isOptional: true,
        },
        {
          name: 'accountKey',
          type: 'text',
          before: 'external key',
          doc: 'The key of the external account, in base64url; a secret.',
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
      doc: 'One certificate for all of these names, from the authority in the `certificates from acme` line.',
      example: 'certificate from acme for www.example.com, example.com',
      args: [
        { name: 'names', type: 'names', before: 'for', doc: 'The names, all in one certificate; no wildcards.' },
        { name: 'rsa', type: 'flag', before: 'rsa', doc: 'Uses an RSA key, for old clients. Default: ECDSA on P-256.' },
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

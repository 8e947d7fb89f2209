/**
 * The manifest of tls-bridge: `tls bridge ca "FILE" name NAME`. Main thread only.
 */
import { TLS_LEVELS } from '@sluice/certificates/serve';
import { definePlugin } from '@sluice/core/plugin';
import { Bridge } from './bridge.ts';
import { bridgeOptions } from './bridge-options.ts';

const TEXT = { type: 'string', minLength: 1 };

export default definePlugin({
  name: 'tls-bridge',
  apiVersion: 1,
  data: new URL('../dist/data.js', import.meta.url).href,
  components: [
    {
      kind: 'component',
      slot: 'server tls',
      name: 'bridge',
      doc: 'Uses TLS to the servers, and sends nothing to a server whose certificate is not valid.',
      example: 'tls bridge ca "certs/internal-ca.pem" name api.internal',
      args: [
        {
          name: 'ca',
          type: 'file',
          before: 'ca',
          doc: 'A PEM file with the trusted authorities. Default: the system’s.',
          isOptional: true,
        },
        {
          name: 'name',
          type: 'text',
          before: 'name',
          doc: 'The name to send as SNI and to require in certificates. Default: the hostname or address of each server.',
          isOptional: true,
        },
        {
          name: 'insecure',
          type: 'flag',
          before: 'insecure',
          doc: 'Accepts any certificate.',
        },
        {
          name: 'certificate',
          type: 'file',
          before: 'certificate',
          doc: 'The gateway’s own certificate, for servers that request one: PEM or PKCS#12.',
          isOptional: true,
        },
        {
          name: 'key',
          type: 'file',
          before: 'key',
          doc: 'A PEM file with its private key. Default: the certificate’s file, or the file of the same name with the extension `.key`.',
          isOptional: true,
          needs: 'certificate',
        },
        {
          name: 'password',
          type: 'text',
          before: 'password',
          doc: 'The password of an encrypted key or PKCS#12 file; a secret.',
          isOptional: true,
          needs: 'certificate',
        },
        {
          name: 'level',
          type: 'name',
          before: 'level',
          doc: 'The security level: `modern` (TLS 1.3), `intermediate` (1.2 and newer) or `old` (1.0 and newer).',
          choices: [...TLS_LEVELS],
          default: 'intermediate',
        },
        {
          name: 'min',
          type: 'name',
          before: 'min',
          doc: 'The minimum TLS version. Default: the security level’s.',
          choices: ['1.2', '1.3'],
          isOptional: true,
        },
      ],
      options: {
        type: 'object',
        properties: {
          ca: TEXT,
          name: TEXT,
          insecure: { type: 'boolean' },
          certificate: TEXT,
          key: TEXT,
          password: { type: ['string', 'object'] },
          level: { enum: [...TLS_LEVELS], default: 'intermediate' },
          min: { enum: ['1.2', '1.3'] },
          stamp: TEXT,
        },
        additionalProperties: false,
      },
      serverTls: (options) => new Bridge(options),
      // Only rules with `tls bridge` pay for the certificate library.
      validate: async (options, baseDir, host) =>
        (await import('./bridge-check.ts')).checkBridge(options, baseDir, host),
      files: (options) => {
        const { ca, certificate, key } = bridgeOptions(options);
        return [ca, certificate, key].filter((file) => file !== null);
      },
    },
  ],
});

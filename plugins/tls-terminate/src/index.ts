/**
 * The manifest of tls-terminate: `tls terminate cert "FILE", …`. Main thread only.
 */
import { stapleFile, TLS_LEVELS } from '@sluice/certificates/serve';
import { definePlugin } from '@sluice/core/plugin';
import { terminateOptions } from './terminate-options.ts';

const FILES = { type: ['string', 'array'], minLength: 1, minItems: 1, items: { type: 'string', minLength: 1 } };

export default definePlugin({
  name: 'tls-terminate',
  apiVersion: 1,
  data: new URL('../dist/data.js', import.meta.url).href,
  words: [
    {
      kind: 'field',
      name: 'sni',
      doc: 'The server name that the client requested in its TLS hello (SNI). Ignores case.',
      example: 'sni pay.example.com',
      phase: 'connection',
      type: 'text',
      operators: ['is', 'in', 'starts', 'ends', 'contains', 'like', 'matches'],
      defaultOperator: 'is',
      ignoresCase: true,
      isOptional: true,
      knownFrom: 'hello',
      index: 'host',
    },
    {
      kind: 'field',
      name: 'alpn',
      doc: 'The protocols that the client offered in its TLS hello, such as `h2`, `http/1.1`, `acme-tls/1`.',
      example: 'alpn h2',
      phase: 'connection',
      type: 'text',
      operators: ['is', 'in', 'starts', 'ends', 'contains', 'like', 'matches'],
      defaultOperator: 'is',
      isOptional: true,
      isMany: true,
      knownFrom: 'hello',
      index: 'text',
    },
  ],
  components: [
    {
      kind: 'component',
      slot: 'tls',
      name: 'terminate',
      doc: 'Terminates TLS with certificates and keys from files, or those that `certificate from` lines obtain. The decrypted bytes are HTTP.',
      example: 'tls terminate cert "certs/site.pem" min 1.2',
      args: [
        {
          name: 'cert',
          type: 'files',
          before: 'cert',
          doc: 'PEM or PKCS#12 files, or patterns such as `certs/*.pem`. Each contains a certificate and its chain; the first is the default for names that no other certificate has.',
          isOptional: true,
        },
        {
          name: 'key',
          type: 'file',
          before: 'key',
          doc: 'A PEM file with the private key. Default: the certificate’s file, or the file of the same name with the extension `.key`.',
          isOptional: true,
        },
        {
          name: 'selfSigned',
          type: 'text',
          before: 'self-signed for',
          doc: 'For trials, instead of `cert`: a certificate for this name, made once, which no client trusts.',
          isOptional: true,
        },
        {
          name: 'password',
          type: 'text',
          before: 'password',
          doc: 'The password of encrypted keys and PKCS#12 files; a secret.',
          isOptional: true,
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
        {
          name: 'client',
          type: 'file',
          before: 'client certificate from',
          doc: 'Requires a client certificate signed by one of the authorities in this PEM file (mTLS).',
          isOptional: true,
        },
        {
          name: 'optional',
          type: 'flag',
          before: 'optional',
          doc: 'Accepts clients without a certificate, but still refuses invalid ones.',
          isOptional: true,
          needs: 'client',
        },
        {
          name: 'unverified',
          type: 'flag',
          before: 'left to rules',
          doc: 'Accepts clients without a certificate or with an invalid one, and leaves the decision to rules on `client certificate`.',
          isOptional: true,
          needs: 'client',
        },
        {
          name: 'crl',
          type: 'file',
          before: 'revoked in',
          doc: 'A PEM file with the certificate revocation lists (CRLs) of these authorities, one for each.',
          isOptional: true,
          needs: 'client',
        },
        {
          name: 'strict',
          type: 'flag',
          before: 'known names only',
          doc: 'Refuses clients that request a name without a certificate, or no name.',
          isOptional: true,
        },
      ],
      options: {
        type: 'object',
        properties: {
          cert: FILES,
          selfSigned: { type: 'string', minLength: 1 },
          key: FILES,
          names: { type: 'array', items: { type: 'string' } },
          folders: { type: 'array', items: { type: 'string' } },
          keyTypes: { type: 'array', items: { type: 'string' } },
          expires: { type: 'array', items: { type: 'number' } },
          kept: { type: 'array', items: { type: 'string' } },
          pending: { type: 'array', items: { type: 'string' } },
          password: { type: ['string', 'object'] },
          level: { enum: [...TLS_LEVELS], default: 'intermediate' },
          min: { enum: ['1.2', '1.3'] },
          client: { type: 'string', minLength: 1 },
          optional: { type: 'boolean' },
          unverified: { type: 'boolean' },
          crl: { type: 'string', minLength: 1 },
          strict: { type: 'boolean' },
        },
        additionalProperties: false,
      },
      // Only rules with `tls terminate` pay for the certificate library.
      validate: async (options, baseDir, host) =>
        (await import('./terminate-check.ts')).checkCertificates(options, baseDir, host),
      shown: (options) =>
        terminateOptions(options).files.map(({ cert, names, expiresMs }) => ({ names, file: cert, expiresMs })),
      files: (options) => {
        const { files, kept, clientCa, clientCrl } = terminateOptions(options);
        const own = [...files.flatMap(({ cert, key }) => [cert, key, stapleFile(cert)]), ...kept];
        const folders = Array.isArray(options.folders) ? options.folders.map(String) : [];
        return [...own, ...folders, ...[clientCa, clientCrl].filter((file) => file !== null)];
      },
    },
  ],
});

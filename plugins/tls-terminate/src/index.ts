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
      doc: 'The name that the client asked for in its TLS hello. Ignores case.',
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
      doc: 'Ends TLS here, with certificates and their keys from files, or those that `certificate from` lines get. What follows is read as HTTP.',
      example: 'tls terminate cert "certs/site.pem" min 1.2',
      args: [
        {
          name: 'cert',
          type: 'files',
          before: 'cert',
          doc: 'PEM or PKCS#12 files, or patterns such as `certs/*.pem`. Each has a certificate and those that lead to the root; the first one answers where no other has the name.',
          isOptional: true,
        },
        {
          name: 'key',
          type: 'file',
          before: 'key',
          doc: 'A PEM file with the private key. Default: in the certificate’s file, or beside it with the ending `.key`.',
          isOptional: true,
        },
        {
          name: 'selfSigned',
          type: 'text',
          before: 'self-signed for',
          doc: 'In place of `cert`, for trying things out: makes a certificate for this name, once, which no client trusts.',
          isOptional: true,
        },
        {
          name: 'password',
          type: 'text',
          before: 'password',
          doc: 'Opens encrypted keys and PKCS#12 files; a secret.',
          isOptional: true,
        },
        {
          name: 'level',
          type: 'name',
          before: 'level',
          doc: 'How old clients may be: modern (TLS 1.3), intermediate (1.2), old (1.0).',
          choices: [...TLS_LEVELS],
          default: 'intermediate',
        },
        {
          name: 'min',
          type: 'name',
          before: 'min',
          doc: 'The oldest version of TLS that is spoken. Default: the level’s.',
          choices: ['1.2', '1.3'],
          isOptional: true,
        },
        {
          name: 'client',
          type: 'file',
          before: 'client certificate from',
          doc: 'Lets in clients whose certificate was signed by one of these authorities, a PEM file.',
          isOptional: true,
        },
        {
          name: 'optional',
          type: 'flag',
          before: 'optional',
          doc: 'Lets in clients without a certificate too; a bad one is refused all the same.',
          isOptional: true,
          needs: 'client',
        },
        {
          name: 'unverified',
          type: 'flag',
          before: 'left to rules',
          doc: 'Lets in clients without a certificate and with a bad one too: rules see to it, by `client certificate`.',
          isOptional: true,
          needs: 'client',
        },
        {
          name: 'crl',
          type: 'file',
          before: 'revoked in',
          doc: 'A PEM file with the lists of certificates that these authorities have revoked (CRL), one of each authority.',
          isOptional: true,
          needs: 'client',
        },
        {
          name: 'strict',
          type: 'flag',
          before: 'known names only',
          doc: 'Refuses clients that ask for a name that no certificate has, or for none.',
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

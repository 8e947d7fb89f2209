/**
 * The manifest of discovery-http: `servers from http`. Main thread only.
 */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { definePlugin } from '@sluice/core/plugin';
import { httpError } from './errors.ts';
import { httpDiscovery } from './http-discovery.ts';

export default definePlugin({
  name: 'discovery-http',
  apiVersion: 1,
  components: [
    {
      kind: 'component',
      slot: 'discovery',
      name: 'http',
      doc: 'Discovers servers from an HTTP endpoint that returns JSON. Redirects are not followed; with https, the certificate is verified.',
      example: 'servers from http "http://10.0.0.5:8500/servers" every 10s',
      args: [
        { name: 'url', type: 'text', doc: 'an http or https URL without a username' },
        {
          name: 'every',
          type: 'duration',
          before: 'every',
          doc: 'the interval between queries',
          default: 10_000,
          min: 100,
          max: 3_600_000,
        },
        {
          name: 'timeout',
          type: 'duration',
          before: 'timeout',
          doc: 'the maximum duration of a query',
          default: 5000,
          min: 1,
          max: 60_000,
        },
        { name: 'ca', type: 'file', before: 'ca', doc: 'the CA that signed its certificate, as PEM', isOptional: true },
      ],
      options: {
        type: 'object',
        properties: {
          url: { type: 'string', minLength: 1 },
          every: { type: 'number', minimum: 100, maximum: 3_600_000, default: 10_000 },
          timeout: { type: 'number', minimum: 1, maximum: 60_000, default: 5000 },
          ca: { type: 'string', minLength: 1 },
        },
        required: ['url'],
        additionalProperties: false,
      },
      async validate(options, baseDir) {
        const url = URL.parse(options.url as string);
        if (url === null) throw httpError('SP0801', {});
        if (url.protocol !== 'http:' && url.protocol !== 'https:') throw httpError('SP0802', {});
        if (url.username !== '' || url.password !== '') throw httpError('SP0803', {});
        if (options.ca === undefined) return options;
        if (url.protocol !== 'https:') throw httpError('SP0804', {});
        const ca = resolve(baseDir, options.ca as string);
        const pem = await readFile(ca, 'utf8').catch((thrown: NodeJS.ErrnoException) => {
          throw httpError('SP0805', { file: ca, reason: String(thrown.code) }, thrown);
        });
        if (!pem.includes('-----BEGIN CERTIFICATE-----')) throw httpError('SP0806', { file: ca });
        return { ...options, ca };
      },
      discovery: httpDiscovery,
    },
  ],
});

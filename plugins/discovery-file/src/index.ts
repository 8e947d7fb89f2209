/**
 * The manifest of discovery-file: `servers from file`. Main thread only.
 */
import { resolve } from 'node:path';
import { definePlugin } from '@sluice/core/plugin';
import { fileDiscovery } from './file-discovery.ts';

export default definePlugin({
  name: 'discovery-file',
  apiVersion: 1,
  components: [
    {
      kind: 'component',
      slot: 'discovery',
      name: 'file',
      doc: 'Discovers servers from a file, which is read again when it changes: JSON if its name ends in `.json`, otherwise one server per line.',
      example: 'servers from file "servers.json"',
      args: [
        { name: 'file', type: 'file', doc: 'the file' },
        {
          name: 'every',
          type: 'duration',
          before: 'every',
          doc: 'how often to check for changes',
          default: 1000,
          min: 100,
          max: 3_600_000,
        },
      ],
      options: {
        type: 'object',
        properties: {
          file: { type: 'string', minLength: 1 },
          every: { type: 'number', minimum: 100, maximum: 3_600_000, default: 1000 },
        },
        required: ['file'],
        additionalProperties: false,
      },
      validate: (options, baseDir) => ({ ...options, file: resolve(baseDir, options.file as string) }),
      discovery: fileDiscovery,
    },
  ],
});

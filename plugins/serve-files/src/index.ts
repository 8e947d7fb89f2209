/**
 * The manifest of serve-files: `serve files "FOLDER" [status CODE] …`. Main thread only.
 */
import { definePlugin } from '@sluice/core/plugin';
import { checkFolder } from './folder-check.ts';

export default definePlugin({
  name: 'serve-files',
  apiVersion: 1,
  data: new URL('../dist/data.js', import.meta.url).href,
  components: [
    {
      kind: 'component',
      slot: 'serve',
      name: 'files',
      needsRequest: true,
      doc: 'Serves the files in a folder: a static site, or a maintenance page.',
      example: 'serve files "/srv/sorry" status 503',
      args: [
        { name: 'folder', type: 'file', doc: 'The folder. Nothing outside it is ever served.' },
        {
          name: 'status',
          type: 'status',
          before: 'status',
          doc: 'The status of all pages; a path without a file gets the index page. Default: a normal site, with 200 and 404.',
          isOptional: true,
          min: 400,
          max: 599,
        },
        {
          name: 'index',
          type: 'text',
          before: 'index',
          doc: 'The file that is served for a folder. Default `index.html`.',
          isOptional: true,
          default: 'index.html',
        },
        {
          name: 'cache',
          type: 'duration',
          before: 'cache',
          doc: 'How long browsers may cache a file without revalidating it. Default: they revalidate each time.',
          isOptional: true,
          max: 31_536_000_000,
        },
        {
          name: 'retryAfter',
          type: 'duration',
          before: 'retry after',
          doc: 'When clients should retry (`Retry-After`), sent with the pages of a `status`.',
          isOptional: true,
          needs: 'status',
          min: 1000,
          max: 86_400_000,
        },
      ],
      options: {
        type: 'object',
        properties: {
          folder: { type: 'string', minLength: 1 },
          status: { type: 'integer', minimum: 400, maximum: 599 },
          index: { type: 'string', minLength: 1, default: 'index.html' },
          cache: { type: 'integer', minimum: 0 },
          retryAfter: { type: 'integer', minimum: 1000 },
        },
        required: ['folder'],
        additionalProperties: false,
      },
      validate: checkFolder,
    },
  ],
});

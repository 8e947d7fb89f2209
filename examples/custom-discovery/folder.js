/**
 * The discovery `folder`: every file in a folder is a server, and its name is the server's address. A machine that comes up writes
 * its file, one that goes down removes it. This is both the manifest and all there is: discoveries run on the main thread.
 */
import { readdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { definePlugin } from '@sluice/core/plugin';
import { readServerLines } from '@sluice/core/server-list';

export default definePlugin({
  name: 'folder',
  apiVersion: 1,
  components: [
    {
      kind: 'component',
      slot: 'discovery',
      name: 'folder',
      doc: 'Finds a server for each file in a folder: the name of the file is its address.',
      example: 'servers from folder "members"',
      args: [
        { name: 'folder', type: 'text', doc: 'the folder' },
        { name: 'every', type: 'duration', before: 'every', doc: 'how often to look', default: 1000, min: 10 },
      ],
      validate: (options, baseDir) => ({ ...options, folder: resolve(baseDir, options.folder) }),
      discovery: {
        mostBackoffMs: 1000,
        async find({ options }) {
          const names = await readdir(options.folder);
          const servers = readServerLines(names.filter((name) => !name.startsWith('.')).join('\n'));
          return { servers, againMs: options.every };
        },
      },
    },
  ],
});

/**
 * The manifest of consistent-hash: `balance consistent-hash by …` and `balance ip-hash`. Main thread only.
 */
import { definePlugin } from '@sluice/core/plugin';

export default definePlugin({
  name: 'consistent-hash',
  apiVersion: 1,
  data: new URL('../dist/data.js', import.meta.url).href,
  components: [
    {
      kind: 'component',
      slot: 'balance',
      name: 'consistent-hash',
      doc: 'The same key goes to the same server; when a server is added or removed, only its share of the keys moves.',
      example: 'balance consistent-hash by header X-User load at most 125%',
      args: [
        {
          name: 'key',
          type: 'key',
          before: 'by',
          doc: 'The key to hash: `ip`, `host`, `path`, `header NAME`, `cookie NAME` or `query NAME`. Default: `ip`, also for requests that lack the key.',
          choices: ['ip', 'host', 'path', 'header', 'cookie', 'query'],
        },
        {
          name: 'load',
          type: 'percent',
          before: 'load at most',
          doc: 'The maximum load of a server, relative to its share of the open requests; beyond it, its keys go elsewhere.',
          isOptional: true,
          min: 101,
          max: 999,
        },
      ],
    },
    {
      kind: 'component',
      slot: 'balance',
      name: 'ip-hash',
      doc: 'The same client address goes to the same server; for IPv6, the first 64 bits count.',
      example: 'balance ip-hash',
      args: [],
    },
  ],
});

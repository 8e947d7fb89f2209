/**
 * The manifest of stick-ip: `stick on ip [/PREFIX]`. Main thread only.
 */
import { definePlugin } from '@sluice/core/plugin';

const MINUTE_MS = 60_000;

export default definePlugin({
  name: 'stick-ip',
  apiVersion: 1,
  data: new URL('../dist/data.js', import.meta.url).href,
  components: [
    {
      kind: 'component',
      slot: 'stick',
      name: 'on ip',
      doc: 'Sends a client back to the server that it had, known by its address or the network around it.',
      example: 'stick on ip /24 ttl 30m size 100000',
      args: [
        {
          name: 'prefix',
          type: 'prefix',
          doc: 'The network of an IPv4 client that counts as one. Default `/32`: the address alone.',
          isOptional: true,
          default: 32,
          min: 1,
          max: 32,
        },
        {
          name: 'prefix6',
          type: 'prefix',
          before: 'ipv6',
          doc: 'The network of an IPv6 client that counts as one. Default `/64`.',
          isOptional: true,
          default: 64,
          min: 1,
          max: 128,
        },
        {
          name: 'ttl',
          type: 'duration',
          before: 'ttl',
          doc: 'How long a client that does not come back is remembered. Default 30m.',
          isOptional: true,
          default: 30 * MINUTE_MS,
          min: 1000,
          max: 365 * 24 * 60 * MINUTE_MS,
        },
        {
          name: 'size',
          type: 'number',
          before: 'size',
          doc: 'How many clients are remembered; beyond that the oldest are forgotten. Default 65536.',
          isOptional: true,
          default: 65536,
          min: 1,
          max: 10_000_000,
        },
      ],
    },
  ],
});

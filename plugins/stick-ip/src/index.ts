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
      doc: 'Session persistence by the client’s address, or the network it is in.',
      example: 'stick on ip /24 ttl 30m size 100000',
      args: [
        {
          name: 'prefix',
          type: 'prefix',
          doc: 'The prefix length of an IPv4 network that counts as one client. Default `/32`: a single address.',
          isOptional: true,
          default: 32,
          min: 1,
          max: 32,
        },
        {
          name: 'prefix6',
          type: 'prefix',
          before: 'ipv6',
          doc: 'The prefix length of an IPv6 network that counts as one client. Default `/64`.',
          isOptional: true,
          default: 64,
          min: 1,
          max: 128,
        },
        {
          name: 'ttl',
          type: 'duration',
          before: 'ttl',
          doc: 'How long a client is remembered after its last request. Default 30m.',
          isOptional: true,
          default: 30 * MINUTE_MS,
          min: 1000,
          max: 365 * 24 * 60 * MINUTE_MS,
        },
        {
          name: 'size',
          type: 'number',
          before: 'size',
          doc: 'How many clients are remembered; beyond that, the least recent are forgotten. Default 65536.',
          isOptional: true,
          default: 65536,
          min: 1,
          max: 10_000_000,
        },
      ],
    },
  ],
});

/**
 * The manifest of ip-acl: the fields `ip` and `port`, and the verdicts `deny` and `allow`. Main thread only.
 */
import { definePlugin } from '@sluice/core/plugin';

export default definePlugin({
  name: 'ip-acl',
  apiVersion: 1,
  data: new URL('../dist/data.js', import.meta.url).href,
  words: [
    {
      kind: 'field',
      name: 'ip',
      doc: 'The client’s address: the peer of the connection, or the address reported by a trusted peer (`client ip from header`).',
      example: 'ip 10.0.0.0/8, 2001:db8::/32',
      phase: 'connection',
      type: 'ip',
      operators: ['is', 'in'],
      defaultOperator: 'is',
      index: 'ip',
    },
    {
      kind: 'field',
      name: 'port',
      doc: 'The port of the listener that the client connected to.',
      example: 'port 8443',
      phase: 'connection',
      type: 'number',
      operators: ['is', 'in', 'over', 'below', 'between'],
      defaultOperator: 'is',
      index: 'number',
    },
    {
      kind: 'verb',
      name: 'deny',
      doc: 'Refuses the request with the standard page for a status (403 unless another is given).',
      example: 'deny 404 when path under /internal',
      part: 'guard',
      alsoIn: ['route'],
      phase: 'connection',
      takesCondition: true,
      args: [
        {
          name: 'status',
          type: 'status',
          doc: 'The status of the response, 400 to 599.',
          isOptional: true,
          default: 403,
          min: 400,
          max: 599,
        },
      ],
    },
    {
      kind: 'verb',
      name: 'allow',
      doc: 'Skips all later guards: the request continues with the changes and routes.',
      example: 'allow path under /.well-known/acme-challenge',
      part: 'guard',
      phase: 'connection',
      takesCondition: true,
      args: [],
    },
  ],
});

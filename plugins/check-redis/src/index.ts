/**
 * The manifest of check-redis: `check redis`. Main thread only.
 */
import { definePlugin } from '@sluice/core/plugin';
import { redisCheck } from './redis-check.ts';

export default definePlugin({
  name: 'check-redis',
  apiVersion: 1,
  components: [
    {
      kind: 'component',
      slot: 'check',
      name: 'redis',
      doc: 'Passes when the Redis server answers PING with PONG, after AUTH where a password is written.',
      example: 'check redis every 2s',
      args: [
        {
          name: 'user',
          type: 'text',
          before: 'user',
          doc: 'The user to log in as. Default: the one that has no name.',
          isOptional: true,
          needs: 'password',
        },
        {
          name: 'password',
          type: 'text',
          before: 'password',
          doc: 'The password; better a `secret` than a text. Default: none is sent.',
          isOptional: true,
        },
      ],
      check: redisCheck,
    },
  ],
});

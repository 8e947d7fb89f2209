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
      doc: 'Passes if the Redis server answers PING with PONG, after AUTH if a password is given.',
      example: 'check redis every 2s',
      args: [
        {
          name: 'user',
          type: 'text',
          before: 'user',
          doc: 'The user to log in as. Default: the `default` user.',
          isOptional: true,
          needs: 'password',
        },
        {
          name: 'password',
          type: 'text',
          before: 'password',
          doc: 'The password, preferably a `secret`. Default: none is sent.',
          isOptional: true,
        },
      ],
      check: redisCheck,
    },
  ],
});

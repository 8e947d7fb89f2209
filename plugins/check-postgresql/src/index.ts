/**
 * The manifest of check-postgresql: `check postgresql user "NAME"`. Main thread only.
 */
import { definePlugin } from '@sluice/core/plugin';
import { postgresqlCheck } from './postgresql-check.ts';

export default definePlugin({
  name: 'check-postgresql',
  apiVersion: 1,
  components: [
    {
      kind: 'component',
      slot: 'check',
      name: 'postgresql',
      doc: 'Passes if the PostgreSQL server requests a password, or accepts the user without one and is ready.',
      example: 'check postgresql user "probe" every 2s',
      args: [
        { name: 'user', type: 'text', before: 'user', doc: 'The user of the session.' },
        {
          name: 'database',
          type: 'text',
          before: 'database',
          doc: 'The database to open. Default: the user’s name.',
          isOptional: true,
        },
      ],
      check: postgresqlCheck,
    },
  ],
});

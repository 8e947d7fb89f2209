/**
 * The manifest of check-mysql: `check mysql user "NAME"`. Main thread only.
 */
import { definePlugin } from '@sluice/core/plugin';
import { mysqlCheck } from './mysql-check.ts';

export default definePlugin({
  name: 'check-mysql',
  apiVersion: 1,
  components: [
    {
      kind: 'component',
      slot: 'check',
      name: 'mysql',
      doc: 'Passes if the MySQL or MariaDB server accepts a login of a user without a password.',
      example: 'check mysql user "probe" every 2s',
      args: [
        {
          name: 'user',
          type: 'text',
          before: 'user',
          doc: "A user without a password or privileges: `CREATE USER probe@'%'`.",
        },
      ],
      check: mysqlCheck,
    },
  ],
});

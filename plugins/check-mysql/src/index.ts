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
      doc: 'Passes when the MySQL or MariaDB server lets a user in who has no password.',
      example: 'check mysql user "probe" every 2s',
      args: [
        {
          name: 'user',
          type: 'text',
          before: 'user',
          doc: "A user without a password and without rights: `CREATE USER probe@'%'`.",
        },
      ],
      check: mysqlCheck,
    },
  ],
});

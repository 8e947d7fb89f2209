/**
 * The manifest of check-ldap: `check ldap`. Main thread only.
 */
import { definePlugin } from '@sluice/core/plugin';
import { ldapCheck } from './ldap-check.ts';

export default definePlugin({
  name: 'check-ldap',
  apiVersion: 1,
  components: [
    {
      kind: 'component',
      slot: 'check',
      name: 'ldap',
      doc: 'Passes if the LDAP server accepts an anonymous bind (version 3).',
      example: 'check ldap every 5s',
      args: [],
      check: ldapCheck,
    },
  ],
});

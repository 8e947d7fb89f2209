/**
 * The table of everything that `tls terminate` refuses, SP02xx; what is wrong with a certificate is in the table of
 * @sluice/certificates. Main thread. docs/errors/plugins.md is written from it.
 */
import { pluginErrors } from '@sluice/core/plugin';

export const terminateError = pluginErrors({
  SP0201: {
    message:
      'there is no certificate: write `cert "FILE"`, or a `certificate from` line, or, for trials, `self-signed for localhost`',
    fix: 'Name a certificate, or let the gateway obtain one automatically with `certificate from acme for NAME`.',
  },
  SP0202: {
    message: "one key cannot belong to {count} certificates: store each key in its certificate's file, or next to it",
    fix: 'Remove `key`, and store each key in its certificate’s file, or next to it with the extension `.key`.',
  },
  SP0203: {
    message: '`optional` and `left to rules` contradict each other: remove one of them',
    fix: 'Keep `optional` to refuse clients with an invalid certificate, or `left to rules` to let rules decide.',
  },
  SP0204: {
    message: '`self-signed` and `{other}` contradict each other: remove one of them',
    fix: 'Remove `self-signed for NAME` to use a certificate from a file, or the other word for a trial.',
  },
  SP0205: {
    message:
      'a self-signed certificate cannot be stored in `{folder}`: {reason}: set XDG_STATE_HOME to a writable folder',
    fix: 'Make the folder writable for the gateway’s user, or set XDG_STATE_HOME (or STATE_DIRECTORY, which systemd sets) to another one.',
  },
  SP0206: {
    message: '`{file}` cannot be read ({reason})',
    fix: 'Make the file readable for the gateway’s user, or remove it: a new certificate is then created.',
  },
  SP0207: {
    message: '`{word}` is not for `admin tls`: {reason}',
    fix: 'Remove the words. The admin API accepts TLS 1.2 and newer, presents one certificate, and verifies those of clients.',
  },
  SP0208: {
    message:
      '`admin client certificate` lines name callers by their certificates, but none is asked for: add `client certificate from "FILE"`',
    fix: 'Name the file of the authority that signs your callers’ certificates.',
  },
});

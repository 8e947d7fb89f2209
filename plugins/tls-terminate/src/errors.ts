/**
 * The table of everything that `tls terminate` refuses, SP02xx; what is wrong with a certificate is in the table of
 * @sluice/certificates. Main thread. docs/errors/plugins.md is written from it.
 */
import { pluginErrors } from '@sluice/core/plugin';

export const terminateError = pluginErrors({
  SP0201: {
    message:
      'there is no certificate: write `cert "FILE"`, or a `certificate from` line, or, to try things out, `self-signed for localhost`',
    fix: 'Name a certificate, or let the gateway get one automatically with `certificate from acme for NAME`.',
  },
  SP0202: {
    message: "one key cannot be that of {count} certificates: keep each key in its certificate's file, or beside it",
    fix: 'Remove `key`, and put each key into its certificate’s file, or beside it with the ending `.key`.',
  },
  SP0203: {
    message: '`optional` and `left to rules` contradict each other: leave one of them out',
    fix: 'Keep `optional` to refuse clients with a bad certificate, or `left to rules` to let rules decide about them.',
  },
  SP0204: {
    message: '`self-signed` and `{other}` contradict each other: leave one of them out',
    fix: 'Remove `self-signed for NAME` to use the certificate from a file, or the other word to try things out.',
  },
  SP0205: {
    message:
      'a self-signed certificate cannot be kept in `{folder}`: {reason}: set XDG_STATE_HOME to a folder that may be written',
    fix: 'Let the user that runs the gateway write to the folder, or set XDG_STATE_HOME (or STATE_DIRECTORY, which systemd sets) to another.',
  },
  SP0206: {
    message: '`{file}` cannot be read ({reason})',
    fix: 'Let the user that runs the gateway read the file, or remove it: a new certificate is then made.',
  },
});

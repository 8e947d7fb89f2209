/**
 * The table of everything that lines for automatic certificates refuse; and of why no certificate came, SP04xx. docs/errors/plugins.md is written from it.
 */
import { pluginErrors } from '@sluice/core/plugin';

export const acmeError = pluginErrors({
  SP0401: {
    message:
      'the authority gives certificates only to those who agree to its terms of service: read them, and write `agree to terms`',
    fix: 'Read the terms of service of the authority, and add `agree to terms` to the `certificates from acme` line.',
  },
  SP0402: {
    message: 'email `{email}` is no address: write such as `email ops@example.com`',
    fix: 'Write one address, without `mailto:`.',
  },
  SP0403: {
    message: '`external account` needs `external key secret "NAME"` beside it',
    fix: 'The authority gives an account identifier and a key: put the key into a secret and name it.',
  },
  SP0404: {
    message: 'the external key would stand where others can read it: write `external key secret "NAME"`',
    fix: 'Put the key into a secret and name it: plans and rule files are shown, copied and kept.',
  },
  SP0405: {
    message: 'external key: the secret `{secret}` is not base64url, as authorities give it',
    fix: 'Copy the key as the authority shows it, without quotes or line ends.',
  },
  SP0406: {
    message: 'whom to ask stands in `settings`: write `settings {settings}`',
    fix: 'Add a `certificates from acme` line to `settings`.',
  },
  SP0407: {
    message: '`{written}` is no authority: write {known}, or an address such as "https://ca.internal/acme/directory"',
    fix: 'Write the name of a known authority, or the https address of the directory of another.',
  },
  SP0408: {
    message:
      'certificates cannot be kept in `{folder}` ({reason}): let the user that runs the gateway write there, or name another folder with `in`',
    fix: 'Let the user that runs the gateway write to the folder, or name another with `in "FOLDER"`.',
  },
  SP0409: {
    message:
      '`{folder}` would hold private keys, and others than its owner may look into it: `chmod 700 {above} {folder}`',
    fix: 'Run the command that is shown, so that only the gateway’s user can read the keys.',
  },
  SP0410: {
    message: 'ca `{file}`: {reason}',
    fix: 'Name the PEM file with the certificate of the authority that signed the https certificate of the ACME server.',
  },
  SP0411: {
    message: '`{name}` is an address: certificates are for names here',
    fix: 'Write the name that clients use. For addresses, use a certificate from a file.',
  },
  SP0412: {
    message:
      '`{name}`: an authority gives a certificate for a wildcard only against a proof in the DNS (DNS-01), which this gateway does not write: list the names, or get it with another tool and name its file with `cert`',
    fix: 'List the names, or get the wildcard certificate with another tool, and name its file with `cert`, which is watched for renewals.',
  },
  SP0420: {
    message: 'no certificate for {names}: {reason}',
    fix: 'The attempt failed here, or at something that the authority should not have said. The next attempt is made automatically; if the reason stays the same, look at what it names.',
  },
  SP0421: {
    message: 'no certificate for {names}: {reason}',
    fix: 'The authority cannot be reached: look at the network, the DNS, the time of this machine, and `ca` if the authority is your own.',
  },
  SP0422: {
    message: 'no certificate for {names}: {reason}',
    fix: 'The authority refuses: it says why. Most often a name does not lead to this gateway, on port 80 or 443, or too many certificates were asked for.',
  },
});

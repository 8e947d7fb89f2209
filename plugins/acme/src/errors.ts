/**
 * The table of everything that lines for automatic certificates refuse; and of why no certificate came, SP04xx. docs/errors/plugins.md is written from it.
 */
import { pluginErrors } from '@sluice/core/plugin';

export const acmeError = pluginErrors({
  SP0401: {
    message:
      'the authority issues certificates only to those who agree to its terms of service: read them, and add `agree to terms`',
    fix: 'Read the terms of service of the authority, and add `agree to terms` to the `certificates from acme` line.',
  },
  SP0402: {
    message: 'email `{email}` is not an address: write for example `email ops@example.com`',
    fix: 'Write one address, without `mailto:`.',
  },
  SP0403: {
    message: '`external account` also needs `external key secret "NAME"`',
    fix: 'The authority gives you an account identifier and a key: store the key as a secret and name it.',
  },
  SP0404: {
    message: 'the external key would be readable by others: write `external key secret "NAME"`',
    fix: 'Store the key as a secret and name it: plans and rule files are displayed, copied and archived.',
  },
  SP0405: {
    message: 'external key: the secret `{secret}` is not in base64url form',
    fix: 'Copy the key as the authority shows it, without quotes or line breaks.',
  },
  SP0406: {
    message: 'the authority is missing in `settings`: add `settings {settings}`',
    fix: 'Add a `certificates from acme` line to `settings`.',
  },
  SP0407: {
    message:
      '`{written}` is not a known authority: write {known}, or a URL such as "https://ca.internal/acme/directory"',
    fix: 'Write the name of a known authority, or the https URL of another one’s directory.',
  },
  SP0408: {
    message:
      "certificates cannot be stored in `{folder}` ({reason}): make it writable for the gateway's user, or name another folder with `in`",
    fix: 'Make the folder writable for the gateway’s user, or name another one with `in "FOLDER"`.',
  },
  SP0409: {
    message: '`{folder}` is for private keys, but others than its owner can access it: `chmod 700 {above} {folder}`',
    fix: 'Run the command in the message, so that only the gateway’s user can read the keys.',
  },
  SP0410: {
    message: 'ca `{file}`: {reason}',
    fix: 'Name the PEM file with the certificate of the authority that signed the https certificate of the ACME server.',
  },
  SP0411: {
    message: '`{name}` is an IP address: ACME certificates are for names',
    fix: 'Write the name that clients use. For addresses, use a certificate from a file.',
  },
  SP0412: {
    message:
      '`{name}`: a wildcard certificate requires DNS validation (DNS-01), which the gateway does not support: list the names, or obtain the certificate with another tool and name its file with `cert`',
    fix: 'List the names, or obtain the wildcard certificate with another tool and name its file with `cert`, which is watched for renewals.',
  },
  SP0420: {
    message: 'no certificate for {names}: {reason}',
    fix: 'The attempt failed in the gateway, or the authority sent an invalid response. The gateway will retry automatically; if the reason stays the same, fix what it names.',
  },
  SP0421: {
    message: 'no certificate for {names}: {reason}',
    fix: 'The authority cannot be reached: check the network, DNS, this machine’s clock, and `ca` if the authority is your own.',
  },
  SP0422: {
    message: 'no certificate for {names}: {reason}',
    fix: 'The authority refused, for the reason in the message. Usually a name does not lead to this gateway on port 80 or 443, or a rate limit was exceeded.',
  },
});

/**
 * The table of everything that discovery by HTTP refuses, or cannot read, SP08xx. docs/errors/plugins.md is written from it.
 */
import { pluginErrors } from '@sluice/core/plugin';

export const httpError = pluginErrors({
  SP0801: {
    message: 'this is not a URL',
    fix: 'Write an absolute URL, such as `http://registry.internal/servers`.',
  },
  SP0802: {
    message: 'the URL is not an http or https URL',
    fix: 'Write an http or https URL.',
  },
  SP0803: {
    message: 'a URL with a username would expose the password in logs',
    fix: 'Remove the username from the URL, and let the endpoint recognise clients by address or certificate.',
  },
  SP0804: {
    message: '`ca` needs an https URL',
    fix: 'Write an https URL, or remove `ca`.',
  },
  SP0805: {
    message: '{file} cannot be read ({reason})',
    fix: 'Check the path, which is relative to the folder of the rule file, and the permissions of the file.',
  },
  SP0806: {
    message: '{file} contains no certificate',
    fix: 'Name the PEM file with the certificate of the authority.',
  },
  SP0807: {
    message: 'no answer within {limit} ms',
    fix: 'Check the endpoint, or allow it more time with `timeout`. The last known servers stay in use.',
  },
  SP0808: {
    message: 'status {status}, but redirects are not followed',
    fix: 'Write the URL that the redirect leads to.',
  },
  SP0809: {
    message: 'status {status}, expected 200',
    fix: 'Check the endpoint: it responds, but not with servers.',
  },
  SP0810: {
    message: 'the answer is compressed, although compression was not requested',
    fix: 'Make the endpoint respect `Accept-Encoding: identity`.',
  },
  SP0811: {
    message: '{reason}',
    fix: 'The endpoint cannot be reached: check the address, the port, and for https the certificate.',
  },
  SP0812: {
    message: 'the answer broke off ({reason})',
    fix: 'Check the log of the endpoint: it closed the connection in the middle of its response.',
  },
  SP0813: {
    message: 'the answer is larger than {most} bytes',
    fix: 'Make the endpoint return fewer servers or fewer fields.',
  },
  SP0814: {
    message: 'the answer is not UTF-8',
    fix: 'Make the endpoint send JSON as UTF-8.',
  },
});

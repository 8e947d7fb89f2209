/**
 * The table of everything that `tls bridge` refuses, SP03xx. docs/errors/plugins.md is written from it.
 */
import { pluginErrors } from '@sluice/core/plugin';

export const bridgeError = pluginErrors({
  SP0301: {
    message: 'name {name} is not a hostname: write `name api.internal`',
    fix: 'Write the name in the servers’ certificates, without a scheme or port.',
  },
  SP0302: {
    message: '`ca` and `insecure` contradict each other: remove one of them',
    fix: 'Keep `ca` to verify servers, which you should do anywhere but on your own machine.',
  },
  SP0303: {
    message: 'server `{server}` is a Unix socket, which has no name to verify: add `name api.internal`',
    fix: 'Add the name in its certificate with `name`.',
  },
  SP0304: {
    message: '`key` and `password` belong to a `certificate`: add it, or remove them',
    fix: 'Add `certificate "FILE"`, or remove `key` and `password`.',
  },
  SP0305: {
    message: 'OpenSSL rejects it: {reason}',
    fix: 'The message of OpenSSL gives the reason: usually a key is too short, or does not match the certificate.',
  },
});

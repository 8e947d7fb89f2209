/**
 * The table of everything that `tls bridge` refuses, SP03xx. docs/errors/plugins.md is written from it.
 */
import { pluginErrors } from '@sluice/core/plugin';

export const bridgeError = pluginErrors({
  SP0301: {
    message: 'name {name} is not the name of a host: write `name api.internal`',
    fix: 'Write the name that the servers’ certificates have, without a scheme or port.',
  },
  SP0302: {
    message: '`ca` and `insecure` contradict each other: leave one of them out',
    fix: 'Keep `ca` to verify servers, which is what you want anywhere but on your own machine.',
  },
  SP0303: {
    message: 'server `{server}` is a Unix socket, which has no name to verify: add `name api.internal`',
    fix: 'Write the name that its certificate has with `name`.',
  },
  SP0304: {
    message: '`key` and `password` are those of a `certificate`: add it, or leave them out',
    fix: 'Add `certificate "FILE"`, or remove `key` and `password`.',
  },
  SP0305: {
    message: 'OpenSSL refuses it: {reason}',
    fix: 'Look at what OpenSSL says: most often a key is too short, or does not fit the certificate.',
  },
});

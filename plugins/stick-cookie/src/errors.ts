/**
 * The table of everything that `stick on cookie` refuses, SP10xx. docs/errors/plugins.md is written from it.
 */
import { pluginErrors } from '@sluice/core/plugin';

export const cookieError = pluginErrors({
  SP1001: {
    message: 'the key would be readable by others: write `key secret "NAME"`',
    fix: 'Store the key as a secret and name it: anyone who knows it can choose the server.',
  },
  SP1002: {
    message: '`{domain}` is not a domain such as `example.com`',
    fix: 'Write the domain to which clients should send the cookie.',
  },
  SP1003: {
    message: '`{path}` is not a valid cookie path',
    fix: 'Write a path that starts with `/`, without spaces or `;`.',
  },
});

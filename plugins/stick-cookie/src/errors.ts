/**
 * The table of everything that `stick on cookie` refuses, SP10xx. docs/errors/plugins.md is written from it.
 */
import { pluginErrors } from '@sluice/core/plugin';

export const cookieError = pluginErrors({
  SP1001: {
    message: 'the key would stand where others can read it: write `key secret "NAME"`',
    fix: 'Put the key into a secret and name it: whoever knows it can choose the server.',
  },
  SP1002: {
    message: '`{domain}` is no domain such as `example.com`',
    fix: 'Write the domain that clients shall send the cookie to.',
  },
  SP1003: {
    message: "`{path}` cannot be a cookie's path",
    fix: 'Write a path that begins with `/`, without blanks and `;`.',
  },
});

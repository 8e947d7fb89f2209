/**
 * The table of everything that verbs of HTTP refuse when a plan is linked, SP11xx. docs/errors/plugins.md is written from it.
 */
import { pluginErrors } from '@sluice/core/plugin';

export const verbError = pluginErrors({
  SP1101: {
    message: 'redirect takes the status 301, 302, 303, 307 or 308, not {status}',
    fix: 'Write one of these. 308 keeps the method for good, 307 for this request.',
  },
  SP1102: {
    message: '{verb} {name}: this is no header name; leave the rule out',
    fix: 'Write a header name: letters, digits and `-`.',
  },
  SP1103: {
    message: "{verb} {name}: this header belongs to the connection and is the gateway's own; leave the rule out",
    fix: 'Remove the rule: the gateway frames messages itself, as each connection needs it.',
  },
  SP1104: {
    message: '{verb} {name}: a request has exactly one Host; say `set header Host to "…"`',
    fix: 'Use `set header Host to "…"`.',
  },
});

/**
 * The table of everything that verbs of HTTP refuse when a plan is linked, SP11xx. docs/errors/plugins.md is written from it.
 */
import { pluginErrors } from '@sluice/core/plugin';

export const verbError = pluginErrors({
  SP1101: {
    message: 'a redirect can have status 301, 302, 303, 307 or 308, not {status}',
    fix: 'Use one of these. 308 is permanent and keeps the method, 307 is temporary and keeps the method.',
  },
  SP1102: {
    message: '{verb} {name}: this is not a header name: remove the rule',
    fix: 'Write a header name: letters, digits and `-`.',
  },
  SP1103: {
    message: '{verb} {name}: this header belongs to the connection and is managed by the gateway: remove the rule',
    fix: 'Remove the rule: the gateway frames messages itself, as required by each connection.',
  },
  SP1104: {
    message: '{verb} {name}: a request has exactly one Host: use `set header Host to "…"`',
    fix: 'Write `set header Host to "…"`.',
  },
});

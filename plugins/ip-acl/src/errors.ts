/**
 * The table of everything that `deny` refuses when a plan is linked, SP12xx. docs/errors/plugins.md is written from it.
 */
import { pluginErrors } from '@sluice/core/plugin';

export const aclError = pluginErrors({
  SP1201: {
    message: 'deny can have a status from 400 to 599, not {status}',
    fix: 'Write for example `deny 403`, or use `redirect` to send clients elsewhere.',
  },
});

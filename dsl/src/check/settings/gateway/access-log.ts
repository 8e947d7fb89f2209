/**
 * AccessLog: what is written of the requests of all listeners. Main thread.
 */
import { AccessLogList } from '../access-log-list.ts';
import { LOG_ARGS } from '../access-log-words.ts';
import { gatewaySetting } from './gateway-setting.ts';

export const logAccess = gatewaySetting({
  name: 'log access',
  doc: 'writes a line for each request when it has ended, for all listeners without a `log access` of their own',
  example: 'log access json to "access.log"',
  isRepeatable: true,
  takesEnd: true,
  args: LOG_ARGS,
  defaults: () => ({ accessLogs: new AccessLogList() }),
  why: 'a log has to be kept and rotated by someone',
  counts: 'never',
  read(line, { accessLogs }) {
    accessLogs.add(line);
    return {};
  },
});

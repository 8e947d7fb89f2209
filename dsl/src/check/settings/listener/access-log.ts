/**
 * AccessLog: what is written of a listener's requests. Main thread.
 */
import { AccessLogList } from '../access-log-list.ts';
import { LISTENER_LOG_ARGS } from '../access-log-words.ts';
import { listenerSetting } from './listener-setting.ts';

export const logAccess = listenerSetting({
  name: 'log access',
  doc: 'writes a line for each request of the listener when it has ended, in place of the `log access` lines of `settings`',
  example: 'log access combined to "web.log" when status over 499',
  isRepeatable: true,
  takesEnd: true,
  args: LISTENER_LOG_ARGS,
  defaults: () => ({ accessLogs: new AccessLogList() }),
  why: 'what the settings say holds for all listeners',
  counts: 'never',
  read(line, { accessLogs }) {
    accessLogs.add(line);
    return {};
  },
});

/**
 * Socket: the listening sockets. Main thread.
 */
import { isSocketFile } from '../../../plan/address.ts';
import { listenerSetting } from './listener-setting.ts';

export const backlog = listenerSetting({
  name: 'backlog',
  doc: 'how many connections may wait to be accepted; 4096 by default, capped by the system',
  example: 'backlog 1024',
  args: [{ name: 'count', type: 'number', doc: 'connections', min: 1, max: 65_535 }],
  defaults: () => ({ backlog: undefined }),
  why: 'what systems allow today',
  read: ({ args }) => ({ backlog: args.count }),
});

export const socketMode = listenerSetting({
  name: 'socket mode',
  doc: 'the permissions of the listener’s socket files, as in `chmod`',
  example: 'socket mode 660',
  args: [{ name: 'mode', type: 'number', doc: 'three octal digits: owner, group, others', min: 0, max: 777 }],
  defaults: () => ({ socketMode: undefined }),
  why: 'the process’s mask is the operator’s choice',
  /** The digits are octal, as `chmod` has them. */
  read({ scope, args: { mode }, spans }) {
    if (/[89]/.test(String(mode))) return scope.error('SL0660', spans.get('mode')!, { value: mode });
    return { socketMode: Number.parseInt(String(mode), 8) };
  },
  complete({ scope, span, owner: { addresses } }) {
    if (addresses === null || addresses.some((each) => 'path' in each && isSocketFile(each.path))) return null;
    return scope.error('SL0661', span);
  },
});

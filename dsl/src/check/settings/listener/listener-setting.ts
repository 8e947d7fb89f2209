/**
 * ListenerSetting makes a row of a listener. Main thread.
 */
import type { ListenerDraft } from '../draft.ts';
import { settingOf } from '../setting-row.ts';

export const listenerSetting = settingOf<ListenerDraft>('listener');

/**
 * GatewaySetting makes a row of `settings`. Main thread.
 */
import type { SettingsDraft } from '../draft.ts';
import { settingOf } from '../setting-row.ts';

export const gatewaySetting = settingOf<SettingsDraft>('settings');

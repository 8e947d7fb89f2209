/**
 * BackendSetting makes a row of a backend. Main thread.
 */
import type { BackendDraft } from '../draft.ts';
import { settingOf } from '../setting-row.ts';

export const backendSetting = settingOf<BackendDraft>('backend');

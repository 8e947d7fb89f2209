/**
 * GatewaySettings: the settings of `settings`, in the order of the reference. Main thread.
 */

import type { SettingsDraft } from '../draft.ts';
import { defaultsOf, type SettingRow } from '../setting-row.ts';
import { logAccess } from './access-log.ts';
import { admin, adminAudit, adminClient, adminTls, adminToken } from './admin.ts';
import { lookUpNames } from './names.ts';
import {
  certificatesFrom,
  connectionsAtMost,
  drain,
  probesAtMost,
  secrets,
  state,
  testBeforeReload,
  threads,
} from './process.ts';
import { trace, tracesTo } from './trace.ts';

const ROWS = [
  threads,
  drain,
  connectionsAtMost,
  probesAtMost,
  lookUpNames,
  testBeforeReload,
  admin,
  adminToken,
  adminTls,
  adminClient,
  adminAudit,
  certificatesFrom,
  secrets,
  state,
  logAccess,
  trace,
  tracesTo,
] as const;

export const GATEWAY_SETTINGS: readonly SettingRow<SettingsDraft>[] = ROWS;

/** newSettingsDraft is the draft before any line is read. A field of the plan that no row owns does not compile. */
export function newSettingsDraft(): SettingsDraft {
  return defaultsOf(ROWS);
}

/**
 * BackendSettings: the settings of a backend, in the order of the reference. Main thread.
 */

import type { BackendDraft } from '../draft.ts';
import { defaultsOf, type SettingRow } from '../setting-row.ts';
import { balance, max, queueAtMost, slowStart, stick } from './capacity.ts';
import { check, onDown } from './check.ts';
import { breakCircuit, eject } from './outliers.ts';
import { retry } from './retry.ts';
import { fallBackTo, serve, serveSite } from './serve.ts';
import { server, serversFrom } from './servers.ts';
import { timeout } from './timeouts.ts';
import { paths, protocol, sendProxy, serversLax, tls, tlsPassthrough } from './wire.ts';

const ROWS = [
  server,
  tlsPassthrough,
  max,
  queueAtMost,
  slowStart,
  serversFrom,
  balance,
  stick,
  check,
  protocol,
  serversLax,
  tls,
  sendProxy,
  eject,
  breakCircuit,
  retry,
  paths,
  onDown,
  timeout,
  fallBackTo,
  serve,
  serveSite,
] as const;

export const BACKEND_SETTINGS: readonly SettingRow<BackendDraft>[] = ROWS;

/** newBackendDraft is the draft before any line is read. A field of the plan that no row owns does not compile. */
export function newBackendDraft(): BackendDraft {
  return defaultsOf(ROWS);
}

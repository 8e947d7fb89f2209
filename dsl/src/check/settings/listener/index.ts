/**
 * ListenerSettings: the settings of a listener, in the order of the reference. Main thread.
 */

import type { ListenerDraft } from '../draft.ts';
import { defaultsOf, type SettingRow } from '../setting-row.ts';
import { logAccess } from './access-log.ts';
import { connectionsAtMost, newConnectionsAtMost } from './connection-limits.ts';
import { errors } from './errors.ts';
import { allowEncodedSlashes, paths } from './paths.ts';
import { acceptProxy, clientIp } from './peers.ts';
import { methods, onHalfClose, protocol } from './protocol.ts';
import { bodyAtMost, headAtMost, headersAtMost, targetAtMost } from './request-limits.ts';
import { backlog, socketMode } from './socket.ts';
import { timeout } from './timeouts.ts';
import { certificateFrom, forwardClientCertificate, tls, tlsPassthrough } from './tls.ts';

const ROWS = [
  tls,
  certificateFrom,
  tlsPassthrough,
  acceptProxy,
  protocol,
  forwardClientCertificate,
  clientIp,
  timeout,
  bodyAtMost,
  headAtMost,
  targetAtMost,
  headersAtMost,
  connectionsAtMost,
  backlog,
  socketMode,
  newConnectionsAtMost,
  allowEncodedSlashes,
  methods,
  paths,
  onHalfClose,
  errors,
  logAccess,
] as const;

export const LISTENER_SETTINGS: readonly SettingRow<ListenerDraft>[] = ROWS;

/** newListenerDraft is the draft before any line is read. A field of the plan that no row owns does not compile. */
export function newListenerDraft(): ListenerDraft {
  return defaultsOf(ROWS);
}

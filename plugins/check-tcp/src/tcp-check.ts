/**
 * tcpCheck: one attempt to connect. Main thread.
 */
import type { HealthCheck } from '@sluice/core/plugin';
import { converse } from '@sluice/core/probe';

/** tcpCheck passes when the server accepts; it then resets, so that no side keeps a closed connection waiting. */
export const tcpCheck: HealthCheck = {
  probe: (target, _options, signal) => converse(target, signal, null),
};

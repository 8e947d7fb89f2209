/**
 * CreateGateway: puts the parts of a gateway together. Main thread.
 */

import type { OpenAdmin } from './control/admin/admin-host.ts';
import { PLUGIN_LIMITS } from './control/clock/time-limit.ts';
import { Gateway } from './control/gateway.ts';
import type { GatewayOptions } from './control/gateway-options.ts';
import { PluginHost } from './control/plugins/plugin-host.ts';
import { GatewayError } from './control/report/errors.ts';
import { createLog } from './control/report/log.ts';
import { loadRulesToRun } from './control/rules/rules.ts';

const MOST_THREADS = 256;

/** The admin API, and all that it needs, is imported only where there is to be one. */
const openAdmin: OpenAdmin<Gateway> = async (options) => {
  const { startAdminServer } = await import('./admin/admin-server.ts');
  return startAdminServer(options);
};

/**
 * createGateway compiles the rules and checks the plugins; nothing is opened before `start`. Rejects with GatewayError: for
 * rule problems code SG0201, with all diagnostics and a message that shows them.
 */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const { threads } = options;
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 0 && threads <= MOST_THREADS)) {
    throw new GatewayError('SG0506', { threads });
  }
  const log = createLog(options.logger);
  const plugins = new PluginHost(options.plugins ?? [], log, { ...PLUGIN_LIMITS, ...options.pluginLimits });
  return new Gateway(options, log, plugins, await loadRulesToRun(options.rules, plugins, log, options), openAdmin);
}

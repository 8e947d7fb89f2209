/**
 * createGateway of the package `sluice`: the host's, with the standard plugins given to it. Main thread.
 */
import { createGateway as createBareGateway, type Gateway, type GatewayOptions } from '@sluice/core';
import { standard } from '@sluice/standard';

/**
 * createGateway compiles rules and makes a gateway that runs them. The standard plugins are there; `plugins` adds more.
 *
 *     const gateway = await createGateway({ rules: { file: 'gateway.sluice' }, threads: 0 });
 *     await gateway.start();
 *
 * Nothing is opened before `start`. Rejects with GatewayError, whose message is ready to be shown.
 */
export function createGateway(options: GatewayOptions): Promise<Gateway> {
  return createBareGateway({ ...options, plugins: [...standard, ...(options.plugins ?? [])] });
}

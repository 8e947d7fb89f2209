/**
 * The package `sluice`: the gateway with the standard plugins, for embedding. Main thread.
 */

export * from '@sluice/core';
export { standard } from '@sluice/standard';
export { createGateway } from './create-gateway.ts';

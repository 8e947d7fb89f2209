/** What both planes share: memory layouts, and the orders and reports between them. */

export * from './address-counts.ts';
export * from './circuit-table.ts';
export * from './client-ip.ts';
export * from './clock.ts';
export * from './counters.ts';
export * from './heartbeats.ts';
export * from './latency-histogram.ts';
export * from './memory.ts';
export * from './orders.ts';
export * from './outcome-counts.ts';
export * from './proxy-header.ts';
export * from './server-table.ts';
export * from './shared-rate-table.ts';
export * from './shared-stick-table.ts';
export * from './stick-clock.ts';

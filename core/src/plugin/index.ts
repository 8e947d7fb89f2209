export type * from './client-hello.ts';
export type * from './data-entry.ts';
export type * from './health-check.ts';
export * from './manifest.ts';
export type * from './rate-table.ts';
export * from './server-heap.ts';
export type * from './server-pool.ts';
export type * from './service.ts';
export type * from './stick-table.ts';

/**
 * DataPlaneHost: what a data plane is given by whoever runs it: a data thread, or the gateway itself with `threads: 0`.
 */
import type { SharedMemory } from '../tables/shared-memory.ts';
import type { DataPlane, PrepareOrder, Report } from './orders.ts';

export interface DataPlaneHost {
  readonly memory: SharedMemory;
  readonly thread: number;
  /** Sends a report to the control plane; mostly logs. */
  report(report: Report): void;
  /** Milliseconds of a monotonic clock that all threads share. */
  now(): number;
  /** From 0 up to, not including, 1. */
  random(): number;
}

/** CreateDataPlane is what the data plane's module exports under the name `createDataPlane`. */
export type CreateDataPlane = (host: DataPlaneHost) => DataPlane;

/**
 * RehearseDataPlane is what it exports under the name `rehearseDataPlane`: it imports the data entries and links the plan, as
 * `prepare` does, and throws both away. Nothing is bound. Rejects as `prepare` does.
 */
export type RehearseDataPlane = (host: DataPlaneHost, order: PrepareOrder) => Promise<void>;

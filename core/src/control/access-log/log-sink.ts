/**
 * LogSink: a place that lines of access logs go to. Main thread.
 */
import type { LogDestination } from '@sluice/dsl/plan';
import type { AccessBatch } from '../../shared/orders/access-batch.ts';

export interface LogSink {
  /** take writes a batch in its turn. When that is done, or has failed, one is added to `batch.written`; never before. */
  take(batch: AccessBatch): void;
  /** use has it do what the rules say now of the same destination. */
  use(to: LogDestination): void;
  /** reopen opens a file again, which may have been moved, and a connection that was lost. */
  reopen(): void;
  /** close resolves when all that was taken is written, or cannot be. */
  close(): Promise<void>;
}

/** LinesDropped is told how many lines were lost. */
export type LinesDropped = (lines: number) => void;

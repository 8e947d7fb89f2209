/**
 * AccessBatch: lines of the access log on their way from a data plane to the control plane. Both planes.
 */
export interface AccessBatch {
  /** Which log they are of: the key of its destination (`destinationKey`). */
  readonly to: string;
  /** Whole lines, line ends included. */
  readonly text: string;
  readonly lines: number;
  /** Lines that were dropped since the last batch. */
  readonly dropped: number;
  /** In shared memory: the batches that were dealt with; whoever takes a batch adds one when it is. */
  readonly written: Int32Array<SharedArrayBuffer>;
}

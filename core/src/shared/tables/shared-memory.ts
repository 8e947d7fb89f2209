/**
 * SharedMemory: everything the threads of one gateway share, made once by the control plane
 * (create-shared-memory.ts). Both planes.
 *
 * A plain object of SharedArrayBuffers, so it is cloned to a data thread without a copy of the contents. Views over it
 * (ServerTable, BackendTable, ThreadCounters, LatencyHistogram, Heartbeats, StickClock, SharedRateTable, AddressCounts, ConnectionTotal, OutcomeCounts, RetryCounts, CircuitTable, NoticeBoard, ServerLatency, RuleHits) are made by every thread for itself.
 * Stick tables are made with the plans that want them, and handed over with those. Pages that are never touched cost no real memory, so capacities are generous.
 */

export interface SharedMemory {
  /** How many data threads there may be, at least 1. Threads are numbered from 0; `threads: 0` uses number 0. */
  readonly threads: number;
  readonly servers: SharedArrayBuffer;
  readonly backends: SharedArrayBuffer;
  readonly counters: SharedArrayBuffer;
  readonly latency: SharedArrayBuffer;
  readonly serverLatency: SharedArrayBuffer;
  readonly ruleHits: SharedArrayBuffer;
  readonly heartbeats: SharedArrayBuffer;
  /** What stick tables have in common. */
  readonly sticks: SharedArrayBuffer;
  readonly addresses: SharedArrayBuffer;
  readonly connections: SharedArrayBuffer;
  readonly rates: SharedArrayBuffer;
  readonly outcomes: SharedArrayBuffer;
  readonly circuits: SharedArrayBuffer;
  readonly retries: SharedArrayBuffer;
  readonly notices: SharedArrayBuffer;
}

/**
 * CreateSharedMemory: allocates what the threads of one gateway share. Main thread.
 */
import { AddressCounts } from './address-counts.ts';
import { BackendTable } from './backend-table.ts';
import { CircuitTable } from './circuit-table.ts';
import { ConnectionTotal } from './connection-total.ts';
import { ThreadCounters } from './counters.ts';
import { Heartbeats } from './heartbeats.ts';
import { LatencyHistogram } from './latency-histogram.ts';
import { NoticeBoard } from './notice-board.ts';
import { OutcomeCounts } from './outcome-counts.ts';
import { RetryCounts } from './retry-counts.ts';
import { RuleHits } from './rule-hits.ts';
import { ServerLatency } from './server-latency.ts';
import { ServerTable } from './server-table.ts';
import type { SharedMemory } from './shared-memory.ts';
import { DEFAULT_RATE_ENTRIES, SharedRateTable } from './shared-rate-table.ts';
import { StickClock, type StickSeeds } from './stick-clock.ts';

export interface SharedMemoryOptions {
  /** Data threads; fewer than 1 counts as 1. */
  readonly threads: number;
  /** Keys of the rate table, rounded up to a power of two. Default 131,072. */
  readonly rateEntries?: number;
  /** Two 32-bit numbers that seed the stick tables' hashes, so that nobody can aim at a set, and the gateway's secrets. Default: random. */
  readonly sticks?: Partial<StickSeeds>;
  /** The same for the rate table. */
  readonly rateSeeds?: readonly [number, number];
}

/** createSharedMemory allocates the memory of one gateway. */
export function createSharedMemory(options: SharedMemoryOptions): SharedMemory {
  const threads = Math.max(1, Math.trunc(options.threads));
  return {
    threads,
    servers: new SharedArrayBuffer(ServerTable.bytes(threads)),
    backends: new SharedArrayBuffer(BackendTable.bytes(threads)),
    counters: new SharedArrayBuffer(ThreadCounters.bytes(threads)),
    latency: new SharedArrayBuffer(LatencyHistogram.bytes(threads)),
    serverLatency: new SharedArrayBuffer(ServerLatency.bytes(threads)),
    ruleHits: new SharedArrayBuffer(RuleHits.bytes(threads)),
    heartbeats: new SharedArrayBuffer(Heartbeats.bytes(threads)),
    addresses: new SharedArrayBuffer(AddressCounts.bytes(threads)),
    connections: new SharedArrayBuffer(ConnectionTotal.bytes(threads)),
    outcomes: new SharedArrayBuffer(OutcomeCounts.bytes()),
    circuits: new SharedArrayBuffer(CircuitTable.bytes()),
    retries: new SharedArrayBuffer(RetryCounts.bytes()),
    notices: new SharedArrayBuffer(NoticeBoard.bytes()),
    sticks: StickClock.allocate(options.sticks),
    rates: SharedRateTable.allocate(options.rateEntries ?? DEFAULT_RATE_ENTRIES, options.rateSeeds),
  };
}

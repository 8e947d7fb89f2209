/**
 * Loop: what all connections on one event loop share. Hot path; data plane.
 */

import type { LogLevel, OpenSession, SessionFilter } from '../../shared/orders/orders.ts';
import type { FailureLog } from '../../shared/plugins/failure-log.ts';
import type { AddressCounts } from '../../shared/tables/address-counts.ts';
import type { BackendTable } from '../../shared/tables/backend-table.ts';
import type { CircuitState, CircuitTable } from '../../shared/tables/circuit-table.ts';
import type { ConnectionTotal } from '../../shared/tables/connection-total.ts';
import type { ThreadCounters } from '../../shared/tables/counters.ts';
import type { Heartbeats } from '../../shared/tables/heartbeats.ts';
import type { LatencyHistogram } from '../../shared/tables/latency-histogram.ts';
import type { NameTable } from '../../shared/tables/name-table.ts';
import type { NoticeBoard } from '../../shared/tables/notice-board.ts';
import type { OutcomeCounts } from '../../shared/tables/outcome-counts.ts';
import type { RetryCounts } from '../../shared/tables/retry-counts.ts';
import type { RuleHits } from '../../shared/tables/rule-hits.ts';
import type { ServerLatency } from '../../shared/tables/server-latency.ts';
import type { ServerTable } from '../../shared/tables/server-table.ts';
import type { StickClock } from '../../shared/tables/stick-clock.ts';
import type { Transport } from '../transport/transport.ts';
import type { AccessLogs } from './access-log.ts';
import type { BackendSticks } from './backend-sticks.ts';
import type { ErrorRing } from './error-ring.ts';
import type { LimitedRates } from './limited-rates.ts';
import type { TimerWheel } from './timer-wheel.ts';

/** Closable is a connection, as the loop sees it when it drains or stops. */
export interface Closable {
  /** The key under which the port counts it: see connectionKey. */
  countedAs: number;
  /** Nothing is open on it that a client could be waiting for. */
  readonly isIdle: boolean;
  /** Ends it in good order if it is idle. */
  release(): void;
  /** Ends it at once. */
  destroy(): void;
  /** Answers what has no answer yet, and breaks off the rest. It need not be the end of the connection. */
  giveUp(): void;
  /** Ends it so that the client cannot take what it has for a whole answer. */
  breakOff(): void;
  /** Adds what is open here and wanted. */
  addSessionsIf(wanted: SessionFilter, found: OpenSession[]): void;
  /** Ends what is open here and wanted, as `giveUp` does, and counts it. */
  endSessionsIf(wanted: SessionFilter): number;
  /** Closes what is open here on servers that are down, or has it tried elsewhere, where their backends want that. */
  leaveDownServers(): void;
  /**
   * Has what is open here on the slot of a server that takes nobody any more tried elsewhere, answered, or broken off. Returns how many were not
   * tried elsewhere.
   */
  leaveServer(slot: number): number;
}

/** Line is where requests wait for a server with room. */
export interface Line {
  /** wakeAll asks everyone in it whether there is room now. */
  wakeAll(): void;
}

/** HeldGeneration is a generation as the loop knows it: rules that something may still need. */
export interface HeldGeneration {
  readonly number: number;
  /** What still needs it: requests that started on it, and connections to listeners that ended with it. */
  holds: number;
  isCurrent: boolean;
}

/** releaseGeneration takes one hold back. */
export function releaseGeneration(generation: HeldGeneration, loop: Pick<Loop, 'retired'>): void {
  if (--generation.holds === 0 && !generation.isCurrent) loop.retired(generation);
}

export interface Loop {
  readonly thread: number;
  readonly wheel: TimerWheel;
  readonly transport: Transport;
  readonly counters: ThreadCounters;
  readonly latency: LatencyHistogram;
  readonly serverLatency: ServerLatency;
  readonly ruleHits: RuleHits;
  readonly heartbeats: Heartbeats;
  readonly table: ServerTable;
  readonly backends: BackendTable;
  readonly stickClock: StickClock;
  /** Stick tables by backend name. */
  readonly sticks: Map<string, BackendSticks>;
  /** The addresses of servers' names. */
  readonly names: NameTable;
  readonly rates: LimitedRates;
  readonly addresses: AddressCounts;
  readonly connectionTotal: ConnectionTotal;
  readonly outcomes: OutcomeCounts;
  readonly circuits: CircuitTable;
  readonly retries: RetryCounts;
  readonly notices: NoticeBoard;
  readonly accessLogs: AccessLogs;
  readonly errors: ErrorRing;
  readonly connections: Set<Closable>;
  /** Lines that are not empty. */
  readonly lines: Set<Line>;
  /** Answers close their connections, so that clients go elsewhere. */
  isDraining: boolean;
  /** The current generation; null before the first. */
  generation: HeldGeneration | null;
  now(): number;
  random(): number;
  /** Tells the control plane, once, of a server that fails. */
  failing(slot: number, reason: string): void;
  circuitChanged(slot: number, to: CircuitState, reason: string): void;
  log(level: LogLevel, message: string, fields: object): void;
  /** Failures of plugins. */
  readonly failures: FailureLog;
  /** Called when the last request of a generation that is no longer current has ended. */
  retired(generation: HeldGeneration): void;
}

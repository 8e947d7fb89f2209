/**
 * StateSources: the parts of a running gateway whose state is kept for the next process. Main thread.
 */
import type { ServerTable } from '../../shared/tables/server-table.ts';
import type { SharedRateTable } from '../../shared/tables/shared-rate-table.ts';
import type { Timers } from '../clock/timers.ts';
import type { Circuits } from '../health/circuits.ts';
import type { Drains } from '../health/drains.ts';
import type { Ejections } from '../health/ejections.ts';
import type { HealthChecker } from '../health/health-checker.ts';
import type { AddedServers } from '../members/added-servers.ts';
import type { StickTables } from '../slots/stick-tables.ts';

export interface StateSources {
  readonly servers: ServerTable;
  readonly sticks: StickTables;
  readonly rates: SharedRateTable;
  readonly checker: HealthChecker;
  readonly ejections: Ejections;
  readonly circuits: Circuits;
  readonly drains: Drains;
  readonly added: AddedServers;
  readonly timers: Timers;
}

/**
 * Stats: one plain, JSON-able picture of a running gateway, read from shared memory. Main thread.
 */
import type { Address, BackendPlan } from '@sluice/dsl/plan';
import { BackendTable } from '../../shared/tables/backend-table.ts';
import type { CircuitState } from '../../shared/tables/circuit-table.ts';
import {
  type BackendCounter,
  CounterSums,
  type ListenerCounter,
  type ServerCounter,
} from '../../shared/tables/counters.ts';
import { HeartbeatWatch } from '../../shared/tables/heartbeats.ts';
import { LatencySums } from '../../shared/tables/latency-histogram.ts';
import { type FirstByteTimes, ServerLatencySums } from '../../shared/tables/server-latency.ts';
import {
  ADMIN_STATES,
  type AdminState,
  LAST_CHECKS,
  type LastCheck,
  SERVER_STATES,
  type ServerState,
  ServerTable,
} from '../../shared/tables/server-table.ts';
import type { SharedMemory } from '../../shared/tables/shared-memory.ts';
import type { AccessLogStats } from '../access-log/access-logs.ts';
import type { FallBackEvent } from '../health/fall-back-watch.ts';
import type { DiscoveryStats } from '../members/discovery-source.ts';
import type { Generation } from '../reload/generations.ts';
import { boundAddresses } from '../reload/ports.ts';
import type { StickTables, StickyStats } from '../slots/stick-tables.ts';
import type { PlaneStatus } from '../threads/planes.ts';
import { listenerBackends } from './listener-backends.ts';

export interface ListenerStats {
  readonly name: string;
  /** The first one, or the only one. */
  readonly address: Address;
  readonly otherAddresses: readonly Address[];
  readonly openConnections: number;
  /** Where its rules may send requests. */
  readonly backends: readonly string[];
  readonly counters: Readonly<Record<ListenerCounter, number>>;
}

export interface ServerStats {
  readonly name: string;
  readonly address: Address;
  /** What found it, as the rules say it; null: it is written in the rules. */
  readonly source: string | null;
  readonly state: ServerState;
  readonly admin: AdminState;
  readonly lastCheck: LastCheck;
  /** Why it was ejected while it is, or else what its last probe said; empty before the first. */
  readonly reason: string;
  /** How often it was ejected. */
  readonly ejections: number;
  readonly weight: number;
  /** 0: no limit. */
  readonly max: number;
  readonly isBackup: boolean;
  readonly open: number;
  /** Requests that wait for just this server, as their clients belong to it. */
  readonly waiting: number;
  /** So many may (`queue at most` of the server); 0: no limit of its own. */
  readonly mostWaiting: number;
  /** Its last connections failed, so that others are asked first for a moment. */
  readonly isPassedOver: boolean;
  /** From a request’s being sent to the server, a new connection included, to the head of its answer. */
  readonly firstByte: FirstByteStats;
  readonly counters: Readonly<Record<ServerCounter, number>>;
}

/** LatencyStats is in microseconds; null where nothing was answered yet. */
export interface LatencyStats {
  readonly count: number;
  readonly p50Micros: number | null;
  readonly p90Micros: number | null;
  readonly p99Micros: number | null;
  readonly p999Micros: number | null;
  /** Right to an eighth. */
  readonly sumMicros: number;
  /** How many answers took less than each of some times, which double from 256 µs to 34 s. */
  readonly under: readonly { readonly underMicros: number; readonly count: number }[];
}

/** FirstByteStats is in microseconds; null where nothing was answered yet. Quantiles are right to a half. */
export interface FirstByteStats {
  readonly count: number;
  readonly p50Micros: number | null;
  readonly p90Micros: number | null;
  readonly p99Micros: number | null;
  readonly sumMicros: number;
  /** How many answers began in less than each of some times, each four times the one before, from 1 ms to 17 s. */
  readonly under: readonly { readonly underMicros: number; readonly count: number }[];
}

export interface BackendStats {
  readonly name: string;
  /** Null: it has none (`break circuit`). */
  readonly circuit: CircuitState | null;
  /** Where its requests go now in place of its own servers; null: to those. */
  readonly fallsBackTo: string | null;
  readonly latency: LatencyStats;
  /** null: the backend has no `stick` line. */
  readonly sticky: StickyStats | null;
  readonly counters: Readonly<Record<BackendCounter, number>>;
  /** Requests and tunnels on its servers now. */
  readonly open: number;
  /** 0: no limit. */
  readonly max: number;
  /** Requests that wait for a server with room, those that wait for one server too. */
  readonly waiting: number;
  readonly servers: readonly ServerStats[];
  /** Where more servers are found. */
  readonly discoveries: readonly DiscoveryStats[];
}

export interface ThreadStats extends PlaneStatus {
  /** The plugin's word it is in at this moment; null: the gateway's own code. */
  readonly word: string | null;
  readonly beats: number;
  /** Beats by how late they came; edges in LATENESS_EDGES_MS. */
  readonly lateness: readonly number[];
}

export interface GatewayStats {
  readonly generation: number;
  readonly listeners: readonly ListenerStats[];
  readonly backends: readonly BackendStats[];
  readonly threads: readonly ThreadStats[];
  /** Entries of all stick tables. */
  readonly sticks: number;
  /** What became of the lines of access logs, by destination. */
  readonly accessLogs: readonly AccessLogStats[];
}

/** Said is what the control plane knows besides shared memory. */
interface Said {
  /** The clock of all threads, in milliseconds. */
  now(): number;
  reason(server: string): string;
  ejections(slot: number): number;
  circuit(slot: number): CircuitState | null;
  fallBack(backend: string): FallBackEvent | null;
  discoveries(backend: BackendPlan): readonly DiscoveryStats[];
  readonly accessLogs: readonly AccessLogStats[];
}

const UNDER_MICROS = Array.from({ length: 18 }, (_, at) => 2 ** (8 + at));

const FIRST_BYTE_UNDER_MICROS = Array.from({ length: 8 }, (_, at) => 2 ** (10 + 2 * at));

/** StatsReader makes the picture; one for a gateway's life. */
export class StatsReader {
  readonly #counters: CounterSums;
  readonly #latency: LatencySums;
  readonly #serverLatency: ServerLatencySums;
  readonly #servers: ServerTable;
  readonly #backends: BackendTable;
  readonly #pulses: HeartbeatWatch;
  readonly #sticks: StickTables;
  readonly #wordName: (id: number) => string | null;

  constructor(memory: SharedMemory, sticks: StickTables, wordName: (id: number) => string | null) {
    this.#wordName = wordName;
    this.#counters = new CounterSums(memory);
    this.#latency = new LatencySums(memory);
    this.#serverLatency = new ServerLatencySums(memory);
    this.#backends = new BackendTable(memory);
    this.#servers = new ServerTable(memory.servers, memory.threads);
    this.#pulses = new HeartbeatWatch(memory);
    this.#sticks = sticks;
  }

  /** responses counts what clients got, by listener: responses, and those of them with a status of 500 or above. */
  responses({ plan, slots }: Generation): Map<string, { readonly responses: number; readonly errors: number }> {
    return new Map(
      plan.listeners.map(({ name }) => {
        const { answers2xx, answers3xx, answers4xx, answers5xx } = this.#counters.listener(slots.listeners[name]!);
        return [name, { responses: answers2xx + answers3xx + answers4xx + answers5xx, errors: answers5xx }];
      }),
    );
  }

  read(
    generation: Generation,
    planes: readonly PlaneStatus[],
    { now, reason, ejections, circuit, fallBack, discoveries, accessLogs }: Said,
  ): GatewayStats {
    const { plan, slots, ports } = generation;
    const sticky = new Map(plan.backends.map((backend) => [backend.name, this.#sticks.stats(backend)]));
    return {
      generation: generation.number,
      listeners: plan.listeners.map((listener) => {
        const { name } = listener;
        const [address, ...otherAddresses] = boundAddresses(listener, ports);
        const counters = this.#counters.listener(slots.listeners[name]!);
        return {
          name,
          address: address!,
          otherAddresses,
          openConnections: counters.connections - counters.connectionsClosed,
          backends: listenerBackends(listener, plan),
          counters,
        };
      }),
      backends: plan.backends.map((backend) => ({
        name: backend.name,
        circuit: circuit(slots.backends[backend.name]!),
        fallsBackTo: fallBack(backend.name)?.to ?? null,
        latency: this.#latencyOf(slots.backends[backend.name]!),
        sticky: sticky.get(backend.name)!,
        counters: this.#counters.backend(slots.backends[backend.name]!),
        open: this.#backends.open(slots.backends[backend.name]!),
        max: backend.max,
        waiting: this.#backends.waiting(slots.backends[backend.name]!),
        discoveries: discoveries(backend),
        servers: backend.servers.map(({ name, address, isBackup, source = null }) => {
          const path = `${backend.name}/${name}`;
          const slot = slots.servers[path]!;
          return {
            name,
            address,
            source,
            isBackup,
            reason: reason(path),
            ejections: ejections(slot),
            ...this.#serverOf(slot, now()),
          };
        }),
      })),
      threads: planes.map((status) => {
        const { beats, lateness, wordId } = this.#pulses.pulse(status.thread);
        return { ...status, word: this.#wordName(wordId), beats, lateness };
      }),
      sticks: [...sticky.values()].reduce((sum, each) => sum + (each?.entries ?? 0), 0),
      accessLogs,
    };
  }

  #serverOf(
    slot: number,
    nowMs: number,
  ): Omit<ServerStats, 'name' | 'address' | 'source' | 'isBackup' | 'reason' | 'ejections'> {
    const servers = this.#servers;
    return {
      state: SERVER_STATES[servers.state(slot)]!,
      admin: ADMIN_STATES[servers.admin(slot)]!,
      lastCheck: LAST_CHECKS[servers.lastCheck(slot)]!,
      weight: servers.weight(slot),
      max: servers.max(slot),
      open: servers.open(slot),
      waiting: servers.waiting(slot),
      mostWaiting: servers.mostWaiting(slot),
      isPassedOver: servers.passedOverMs(slot, nowMs) > 0,
      firstByte: firstByteOf(this.#serverLatency.server(slot)),
      counters: this.#counters.server(slot),
    };
  }

  #latencyOf(slot: number): LatencyStats {
    const latency = this.#latency.backend(slot);
    const quantile = (share: number): number | null => (latency.count === 0 ? null : latency.quantile(share));
    return {
      count: latency.count,
      p50Micros: quantile(0.5),
      p90Micros: quantile(0.9),
      p99Micros: quantile(0.99),
      p999Micros: quantile(0.999),
      sumMicros: latency.sum(),
      under: UNDER_MICROS.map((underMicros) => ({ underMicros, count: latency.under(underMicros) })),
    };
  }
}

function firstByteOf(times: FirstByteTimes): FirstByteStats {
  return {
    count: times.count,
    p50Micros: times.quantile(0.5),
    p90Micros: times.quantile(0.9),
    p99Micros: times.quantile(0.99),
    sumMicros: times.sumMicros,
    under: FIRST_BYTE_UNDER_MICROS.map((underMicros) => ({ underMicros, count: times.under(underMicros) })),
  };
}

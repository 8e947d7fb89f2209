/**
 * DataPlane: traffic on one event loop: generations, bound ports, servers' connections. Runs in a data thread, or on the
 * caller's loop with `threads: 0`. Imports nothing of the control plane.
 */
import { addressesOf, type ServerPlan } from '@sluice/dsl/plan';
import type { DataEntry } from '../plugin/data-entry.ts';
import { inSlices } from '../shared/clock/slices.ts';
import type { DataPlaneHost, RehearseDataPlane } from '../shared/orders/data-plane-host.ts';
import type { FailedRequest } from '../shared/orders/failed-request.ts';
import type { LimitedKey } from '../shared/orders/limited-key.ts';
import {
  type DataPlane,
  type MembersOrder,
  type OpenSessions,
  type PrepareOrder,
  portKey,
  portName,
  type SessionFilter,
  wordKey,
} from '../shared/orders/orders.ts';
import { blame, type CodeOwner, lateFailure } from '../shared/plugins/blame.ts';
import { FailureLog } from '../shared/plugins/failure-log.ts';
import { importEntry } from '../shared/plugins/import-entry.ts';
import { AddressCounts } from '../shared/tables/address-counts.ts';
import { BackendTable } from '../shared/tables/backend-table.ts';
import { CircuitTable } from '../shared/tables/circuit-table.ts';
import { ConnectionTotal } from '../shared/tables/connection-total.ts';
import { ThreadCounters } from '../shared/tables/counters.ts';
import { Heartbeats } from '../shared/tables/heartbeats.ts';
import { LatencyHistogram } from '../shared/tables/latency-histogram.ts';
import { type NameChanges, NameTable } from '../shared/tables/name-table.ts';
import { NoticeBoard } from '../shared/tables/notice-board.ts';
import { OutcomeCounts } from '../shared/tables/outcome-counts.ts';
import { RetryCounts } from '../shared/tables/retry-counts.ts';
import { RuleHits } from '../shared/tables/rule-hits.ts';
import { ServerLatency } from '../shared/tables/server-latency.ts';
import { ServerTable } from '../shared/tables/server-table.ts';
import { SharedRateTable } from '../shared/tables/shared-rate-table.ts';
import { StickClock } from '../shared/tables/stick-clock.ts';
import type { Endpoint } from './backend/endpoint.ts';
import { type Generation, newest, type Relinked, succeed, withMembers } from './backend/generation.ts';
import { EndpointTls, type LinkedServerTls } from './backend/server-tls.ts';
import type { WaitingLine } from './backend/waiting-line.ts';
import { endpointKey, ServerEndpoint } from './endpoint/server-endpoint.ts';
import { DownServers } from './exchange/down-servers.ts';
import { endSessions, openSessions } from './exchange/open-sessions.ts';
import { link } from './link/link.ts';
import { Port } from './listen/port.ts';
import { AccessLogs } from './loop/access-log.ts';
import { ErrorRing } from './loop/error-ring.ts';
import { LimitedRates } from './loop/limited-rates.ts';
import type { Closable, Loop } from './loop/loop.ts';
import { TICK_MS, TimerWheel } from './loop/timer-wheel.ts';
import type { LinkedExporter } from './trace/linked-exporter.ts';
import { SocketTransport } from './transport/socket/socket-transport.ts';

/** How long a drain leaves idle connections open, for requests that are on their way already. */
const IDLE_GRACE_MS = 1000;

/** createDataPlane makes a data plane that serves nothing yet. */
export function createDataPlane(host: DataPlaneHost): DataPlane {
  return new LoopDataPlane(host);
}

interface Prepared {
  readonly generation: Generation;
  /** Stick tables by backend name. */
  readonly sticks: Readonly<Record<string, SharedArrayBuffer>>;
  /** By `portKey`: ports kept from before and ports just bound. */
  readonly ports: ReadonlyMap<string, Port>;
  /** Ports and the names of their listeners. */
  readonly serving: readonly (readonly [string, Port])[];
  readonly numbers: Readonly<Record<string, number>>;
  readonly opened: readonly Port[];
  /** How the servers differ from those before; null: look at all. */
  readonly relinked: readonly Relinked[] | null;
}

/** rehearseDataPlane links a plan and throws it away. */
export const rehearseDataPlane: RehearseDataPlane = async (host, order) => {
  const plane = new LoopDataPlane(host);
  try {
    await plane.link(order);
  } finally {
    await plane.stop();
  }
};

class LoopDataPlane implements DataPlane {
  readonly #host: DataPlaneHost;
  readonly #loop: Loop;
  readonly #threads: number;
  readonly #isShared: boolean;
  readonly #prepared = new Map<number, Prepared>();
  readonly #endpoints = new Map<string, Endpoint>();
  #ports: ReadonlyMap<string, Port> = new Map();
  #numbers: Readonly<Record<string, number>> = {};
  #current: Generation | null = null;
  readonly #downServers: DownServers;
  /** Whose code has been imported here. */
  readonly #owners: CodeOwner[] = [];
  /** A backend of some generation says `on down close`. */
  #closesOnDown = false;
  #isStopped = false;

  constructor(host: DataPlaneHost) {
    const { memory, thread } = host;
    this.#host = host;
    this.#threads = memory.threads;
    this.#isShared = memory.threads > 1;
    this.#loop = {
      thread,
      wheel: new TimerWheel(host.now, () => this.#ticked()),
      transport: new SocketTransport(),
      counters: new ThreadCounters(memory, thread),
      latency: new LatencyHistogram(memory, thread),
      serverLatency: new ServerLatency(memory, thread),
      ruleHits: new RuleHits(memory, thread),
      heartbeats: new Heartbeats(memory, thread),
      table: new ServerTable(memory.servers, memory.threads),
      backends: new BackendTable(memory),
      stickClock: new StickClock(memory.sticks),
      sticks: new Map(),
      names: new NameTable(host.now),
      rates: new LimitedRates(new SharedRateTable(memory, thread, host.now)),
      addresses: new AddressCounts(memory, thread),
      connectionTotal: new ConnectionTotal(memory, thread),
      outcomes: new OutcomeCounts(memory),
      circuits: new CircuitTable(memory),
      retries: new RetryCounts(memory),
      notices: new NoticeBoard(memory),
      accessLogs: new AccessLogs((batch) => host.report({ type: 'access', batch })),
      errors: new ErrorRing(),
      connections: new Set<Closable>(),
      lines: new Set<WaitingLine>(),
      isDraining: false,
      generation: null,
      now: host.now,
      random: host.random,
      failing: (slot, reason) => host.report({ type: 'failing', slot, reason }),
      circuitChanged: (slot, to, reason) => host.report({ type: 'circuit', slot, to, reason }),
      log: (level, message, fields) => host.report({ type: 'log', level, message, fields }),
      failures: new FailureLog(host.now, (level, message, fields, stack) =>
        host.report({ type: 'failure', level, message, fields, stack }),
      ),
      retired: (generation) => host.report({ type: 'retired', generation: generation.number }),
    };
    this.#downServers = new DownServers(this.#loop.table);
  }

  async prepare(order: PrepareOrder | MembersOrder): Promise<Readonly<Record<string, number>>> {
    if ('members' in order) return this.#prepareMembers(order);
    const generation = await this.link(order);
    const ports = new Map<string, Port>();
    const serving: [string, Port][] = [];
    const opened: Port[] = [];
    const numbers: Record<string, number> = {};
    try {
      for (const [name, listener] of generation.listeners) {
        for (const [index, address] of addressesOf(listener.plan).entries()) {
          if ('path' in address && !this.#hasSocket(address.path)) continue;
          const key = portKey(name, index, address);
          let port = this.#ports.get(key);
          if (port === undefined) {
            port = new Port(address, listener, this.#loop, (socket) =>
              this.#host.report(socket === null ? { type: 'unbound', key } : { type: 'bound', key, ...socket }),
            );
            opened.push(port);
            await port.open(
              'port' in address ? (order.ports[portName(name, index)] ?? address.port) : 0,
              this.#isShared || order.isTakeover === true,
              order.sockets?.[key]?.descriptors[this.#loop.thread],
              order.sockets?.[key]?.isLent === true,
            );
          }
          if (this.#isStopped) throw new Error('the data plane has stopped');
          ports.set(key, port);
          serving.push([name, port]);
          numbers[portName(name, index)] = port.number;
        }
      }
    } catch (error) {
      for (const port of opened) port.close();
      throw error;
    }
    this.#prepared.set(order.generation, {
      generation,
      sticks: order.sticks ?? {},
      ports,
      serving,
      numbers,
      opened,
      relinked: null,
    });
    return numbers;
  }

  /** link makes a generation that serves nothing yet. */
  async link(order: PrepareOrder): Promise<Generation> {
    const entries = new Map<string, DataEntry>();
    for (const ref of order.entries) {
      if (!this.#owners.some(({ url }) => url === ref.url)) this.#owners.push({ plugin: ref.plugin, url: ref.url });
      entries.set(ref.plugin, await importEntry(ref));
    }
    const steps = link(order, entries, (...asked) => this.#endpoint(...asked), this.#loop, this.#exporter);
    return inSlices(steps, this.#loop.now);
  }

  /** prepareMembers: everything but some backends' servers stays as it is. */
  async #prepareMembers({
    generation: number,
    base,
    members,
  }: MembersOrder): Promise<Readonly<Record<string, number>>> {
    const current = this.#current;
    if (current === null || current.number !== base) throw new Error(`generation ${base} is not active`);
    const steps = withMembers(current, number, members, (...asked) => this.#endpoint(...asked));
    const { generation, relinked } = await inSlices(steps, this.#loop.now);
    const serving: [string, Port][] = [];
    for (const port of this.#ports.values()) serving.push([port.listener.name, port]);
    const same = { ports: this.#ports, serving, numbers: this.#numbers, opened: [], sticks: {} };
    this.#prepared.set(number, { generation, relinked, ...same });
    return this.#numbers;
  }

  activate(number: number): void {
    const prepared = this.#prepared.get(number);
    if (prepared === undefined) throw new Error(`generation ${number} was not prepared`);
    this.#prepared.delete(number);
    const previous = this.#current;
    const exporter = this.#exporter;
    const kept = new Set(prepared.ports.values());
    this.#current = prepared.generation;
    this.#loop.generation = prepared.generation;
    prepared.generation.isCurrent = true;
    this.#closesOnDown ||= prepared.generation.backends.some(({ plan }) => plan.onDown === 'close');
    if (previous !== null) inheritTurns(prepared.generation, previous, this.#loop);
    for (const [name, port] of prepared.serving) port.serve(prepared.generation.listeners.get(name)!);
    for (const port of this.#ports.values()) if (!kept.has(port)) port.close(IDLE_GRACE_MS);
    this.#ports = prepared.ports;
    this.#numbers = prepared.numbers;
    if (prepared.relinked === null) this.#retireEndpoints(prepared.generation);
    else this.#changeEndpoints(prepared.relinked);
    this.#switchSticks(prepared.generation, prepared.sticks);
    if (exporter !== null && exporter !== this.#exporter) void exporter.stop();
    if (previous === null) return;
    previous.isCurrent = false;
    succeed(prepared.generation, previous);
    moveLines(previous);
    if (previous.holds === 0) this.#loop.retired(previous);
  }

  async abandon(number: number): Promise<void> {
    const prepared = this.#prepared.get(number);
    if (prepared === undefined) return;
    this.#prepared.delete(number);
    for (const port of prepared.opened) port.close();
    const { tracer } = prepared.generation;
    if (tracer !== null && tracer.exporter !== this.#exporter) void tracer.exporter?.stop();
    if (prepared.relinked !== null && this.#current !== null) this.#retireEndpoints(this.#current);
  }

  updateNames(changes: NameChanges): void {
    this.#loop.names.update(changes);
    for (const endpoint of this.#endpoints.values()) {
      const { address } = endpoint;
      if (endpoint.isNamed && 'host' in address && address.host in changes) endpoint.onNamesChanged(this.#loop.names);
    }
  }

  async drain(deadlineMs: number): Promise<number> {
    const { connections } = this.#loop;
    this.#loop.isDraining = true;
    for (const port of this.#ports.values()) port.close();
    const startMs = this.#loop.now();
    for (;;) {
      const spentMs = this.#loop.now() - startMs;
      if (spentMs >= Math.min(IDLE_GRACE_MS, deadlineMs)) {
        for (const connection of connections) connection.release();
      }
      if (connections.size === 0 || spentMs >= deadlineMs) break;
      await new Promise((resolve) => setTimeout(resolve, Math.min(TICK_MS, Math.max(1, deadlineMs - spentMs))));
    }
    const cut = connections.size;
    for (const connection of connections) connection.giveUp();
    // What was said leaves within a turn; who does not take it is not waited for.
    if (connections.size > 0) await this.#nextTurn();
    for (const connection of connections) connection.destroy();
    this.#loop.accessLogs.flush();
    return cut;
  }

  sessions(wanted: SessionFilter, most: number): OpenSessions {
    return openSessions(this.#loop.connections, wanted, most);
  }

  endSessions(wanted: SessionFilter): number {
    return endSessions(this.#loop.connections, wanted);
  }

  errors(most: number): readonly FailedRequest[] {
    return this.#loop.errors.latest(most);
  }

  limited(most: number): readonly LimitedKey[] {
    return this.#loop.rates.limited(most);
  }

  cut(slot: number): number {
    let count = 0;
    for (const connection of this.#loop.connections) count += connection.leaveServer(slot);
    return count;
  }

  contain(thrown: unknown, isRejection: boolean): boolean {
    const blamed = blame(thrown, this.#owners, isRejection);
    if (!blamed.isWhole) return false;
    const { plugin, place, kind } = blamed;
    this.#loop.failures.report(kind, lateFailure(blamed, isRejection), { plugin: plugin ?? undefined, place }, thrown);
    return true;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const number of [...this.#prepared.keys()]) await this.abandon(number);
    for (const port of this.#ports.values()) port.close();
    this.#ports = new Map();
    for (const connection of this.#loop.connections) connection.destroy();
    for (const endpoint of this.#endpoints.values()) endpoint.retire();
    // Connections report in a later turn that they are closed; the counts in shared memory are right only after them.
    while (this.#loop.connections.size > 0) await this.#nextTurn();
    this.#loop.accessLogs.flush();
    await this.#exporter?.stop();
    this.#loop.wheel.stop();
  }

  /** What sampled requests are reported to now; null: nothing. */
  get #exporter(): LinkedExporter | null {
    return this.#current?.tracer?.exporter ?? null;
  }

  #nextTurn(): Promise<void> {
    return new Promise((resolve) => this.#loop.transport.loop.turn(() => resolve()));
  }

  /** A Unix socket cannot be bound by several threads: the path says whose it is, so that it stays with it over reloads. */
  #hasSocket(path: string): boolean {
    return !this.#isShared || hash(path) % this.#threads === this.#loop.thread;
  }

  /** ticked: other threads may have made room, and servers may have come back, or gone down. */
  #ticked(): void {
    if (this.#closesOnDown) this.#downServers.check(this.#loop.connections);
    this.#loop.transport.loop.tick();
    for (const line of this.#loop.lines) line.wakeAll();
    this.#loop.failures.writeDue();
  }

  #endpoint(slot: number, server: ServerPlan, backend: string, tls: LinkedServerTls | null): Endpoint {
    const { name, address } = server;
    const key = endpointKey(slot, address, tls?.key);
    let endpoint = this.#endpoints.get(key);
    if (endpoint === undefined) {
      endpoint = new ServerEndpoint(
        slot,
        address,
        tls === null ? null : new EndpointTls(tls, { backend, name, address }),
      );
      this.#endpoints.set(key, endpoint);
    }
    return endpoint;
  }

  /** switchSticks goes over to the tables of a generation, and lets go of those that it has no more. */
  #switchSticks({ backends }: Generation, tables: Prepared['sticks']): void {
    const { sticks } = this.#loop;
    const kept = new Set(backends.flatMap(({ name, stickiness }) => (stickiness === null ? [] : [name])));
    for (const [name, own] of sticks) {
      const memory = tables[name];
      if (!kept.has(name)) sticks.delete(name);
      else if (memory !== undefined) own.use(memory);
    }
  }

  /** changeEndpoints does what `retireEndpoints` does, for those alone that have come or gone. */
  #changeEndpoints(relinked: readonly Relinked[]): void {
    for (const { come, gone } of relinked) {
      for (const endpoint of come) {
        endpoint.revive();
        this.#endpoints.set(endpoint.key, endpoint);
      }
      for (const endpoint of gone) {
        endpoint.retire();
        this.#endpoints.delete(endpoint.key);
      }
    }
  }

  /** retireEndpoints closes the idle connections of servers that the generation has no more. */
  #retireEndpoints(generation: Generation): void {
    const used = new Set(generation.backends.flatMap((backend) => backend.pool.endpoints));
    for (const endpoint of used) {
      endpoint.revive();
      this.#endpoints.set(endpoint.key, endpoint);
    }
    for (const [key, endpoint] of this.#endpoints) {
      if (used.has(endpoint)) continue;
      endpoint.retire();
      this.#endpoints.delete(key);
    }
  }
}

/** inheritTurns: a reload begins no strategy's turns anew. */
function inheritTurns(next: Generation, previous: Generation, loop: Loop): void {
  const before = new Map(previous.backends.map((backend) => [backend.name, backend]));
  for (const { name, balancer, plan, owner } of next.backends) {
    const known = before.get(name);
    if (known === undefined || known.balancer === balancer) continue;
    try {
      balancer.inherit(known.balancer);
    } catch (error) {
      // The switch has begun, and ends; the strategy starts its turns again.
      const word = wordKey('balance', plan.balance.name);
      const plugin = owner(word);
      const whose = plugin === undefined ? word : `${word} of plugin ${plugin}`;
      loop.failures.report(
        `inherit ${name} ${word}`,
        `${whose} could not go on where it was`,
        { backend: name, plugin, word },
        error,
      );
    }
  }
}

/** moveLines has those who wait go on waiting for the servers that there are now, and lets go those who can. */
function moveLines({ backends }: Generation): void {
  for (const backend of backends) {
    if (backend.line.isEmpty) continue;
    const next = newest(backend);
    if (next !== backend) backend.line.moveTo(next, backend.pool);
  }
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return value >>> 0;
}

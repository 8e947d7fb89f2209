/**
 * FallBackWatch: tells when a backend begins to send its requests to another, and when it ends. Main thread.
 *
 * Data threads decide for each request by the shared server states; this looks at the same states, after every change that
 * is known here and twice a second for those that are not, so that people hear of it once.
 */
import type { BackendPlan } from '@sluice/dsl/plan';
import type { ServerTable } from '../../shared/tables/server-table.ts';
import type { Timers } from '../clock/timers.ts';
import type { Generation } from '../reload/generations.ts';

/** FallBackEvent: a backend's requests go elsewhere from now on, or no longer do. */
export interface FallBackEvent {
  readonly backend: string;
  readonly to: string;
  readonly isActive: boolean;
  /** Servers that take new clients. */
  readonly healthy: number;
  /** Fewer than this are too few. */
  readonly below: number;
}

const LOOK_MS = 500;

/** healthyServers counts the servers of a backend that take new clients. */
export function healthyServers(backend: BackendPlan, { slots }: Generation, servers: ServerTable): number {
  let healthy = 0;
  for (const { name } of backend.servers) {
    const slot = slots.servers[`${backend.name}/${name}`];
    if (slot !== undefined && servers.takesNew(slot)) healthy++;
  }
  return healthy;
}

export class FallBackWatch {
  readonly #servers: ServerTable;
  readonly #timers: Timers;
  readonly #tell: (event: FallBackEvent) => void;
  #generation: Generation | null = null;
  /** Backends that fall back now, and to which. */
  #active = new Map<string, FallBackEvent>();
  /** The slots of the servers of backends that may fall back: they are looked at with each change of any. */
  #slots = new Map<string, Int32Array>();
  #seen = -1;
  #timer: unknown = null;

  constructor(servers: ServerTable, timers: Timers, tell: (event: FallBackEvent) => void) {
    this.#servers = servers;
    this.#timers = timers;
    this.#tell = tell;
  }

  /** watch changes over to a generation; a backend that falls back in both goes on to, without an event. */
  watch(generation: Generation): void {
    const { plan, slots } = generation;
    this.#generation = generation;
    this.#slots.clear();
    for (const { name, servers, fallBack } of plan.backends) {
      if (fallBack === null) continue;
      this.#slots.set(
        name,
        Int32Array.from(servers, (server) => slots.servers[`${name}/${server.name}`]!),
      );
    }
    this.#seen = -1;
    this.look();
    const isNeeded = generation.plan.backends.some(({ fallBack }) => fallBack !== null);
    if (isNeeded && this.#timer === null) this.#again();
    else if (!isNeeded) this.stop();
  }

  /** look tells what has changed since it last did. */
  look(): void {
    const generation = this.#generation;
    const { version } = this.#servers;
    if (generation === null || version === this.#seen) return;
    this.#seen = version;
    const active = new Map<string, FallBackEvent>();
    for (const backend of generation.plan.backends) {
      const { name, fallBack } = backend;
      if (fallBack === null) continue;
      const { to, below } = fallBack;
      let healthy = 0;
      for (const slot of this.#slots.get(name)!) if (this.#servers.takesNew(slot)) healthy++;
      const event: FallBackEvent = { backend: name, to, isActive: healthy < below, healthy, below };
      const before = this.#active.get(name);
      if (event.isActive) active.set(name, event);
      if (event.isActive !== (before !== undefined) || (event.isActive && before?.to !== to)) this.#tell(event);
    }
    this.#active = active;
  }

  /** active is the event that began what lasts, or null. */
  active(backend: string): FallBackEvent | null {
    return this.#active.get(backend) ?? null;
  }

  stop(): void {
    if (this.#timer !== null) this.#timers.clear(this.#timer);
    this.#timer = null;
  }

  #again(): void {
    this.#timer = this.#timers.set(() => {
      this.look();
      this.#again();
    }, LOOK_MS);
  }
}

/**
 * Slots: which listener, backend and server has which place in shared memory. Main thread.
 *
 * A name keeps its slot for as long as any generation uses it, so counts, states and histories survive reloads. When the
 * last generation with it has retired, the slot's words are reset and the slot may go to another name.
 */
import type { Plan } from '@sluice/dsl/plan';
import { BackendTable } from '../shared/backend-table.ts';
import { CircuitTable } from '../shared/circuit-table.ts';
import { BACKEND_CAPACITY, CounterSums, LISTENER_CAPACITY } from '../shared/counters.ts';
import { LatencySums } from '../shared/latency-histogram.ts';
import type { SharedMemory } from '../shared/memory.ts';
import type { SlotMap } from '../shared/orders.ts';
import { OutcomeCounts } from '../shared/outcome-counts.ts';
import { RetryCounts } from '../shared/retry-counts.ts';
import { SERVER_CAPACITY, ServerTable } from '../shared/server-table.ts';
import { GatewayError } from './errors.ts';

export class Slots {
  readonly #listeners: SlotPool;
  readonly #backends: SlotPool;
  readonly #servers: SlotPool;

  readonly #freed: (servers: ReadonlySet<number>) => void;
  /** Server slots freed by the release under way. */
  readonly #free = new Set<number>();

  /** `freed` hears which server slots are to go to other servers, before they do. */
  constructor(memory: SharedMemory, freed: (servers: ReadonlySet<number>) => void = () => {}) {
    this.#freed = freed;
    const counters = new CounterSums(memory);
    const latency = new LatencySums(memory);
    const backends = new BackendTable(memory);
    const servers = new ServerTable(memory.servers, memory.threads);
    const outcomes = new OutcomeCounts(memory);
    const circuits = new CircuitTable(memory);
    const retries = new RetryCounts(memory);
    this.#listeners = new SlotPool('listener', LISTENER_CAPACITY, (slot) => counters.resetListener(slot));
    this.#backends = new SlotPool('backend', BACKEND_CAPACITY, (slot) => {
      latency.reset(slot);
      backends.reset(slot);
      outcomes.reset(OutcomeCounts.ofBackend(slot));
      circuits.reset(slot);
      retries.reset(slot);
      counters.resetBackend(slot);
    });
    this.#servers = new SlotPool('server', SERVER_CAPACITY, (slot) => {
      servers.reset(slot);
      counters.resetServer(slot);
      outcomes.reset(OutcomeCounts.ofServer(slot));
      this.#free.add(slot);
    });
  }

  /** assign gives every name of a plan its slot, for one generation. Throws SG0404, with nothing assigned. */
  assign(generation: number, plan: Plan): SlotMap {
    try {
      return {
        listeners: this.#listeners.assign(
          generation,
          plan.listeners.map((listener) => listener.name),
        ),
        backends: this.#backends.assign(
          generation,
          plan.backends.map((backend) => backend.name),
        ),
        servers: this.#servers.assign(
          generation,
          plan.backends.flatMap((backend) => backend.servers.map((server) => `${backend.name}/${server.name}`)),
        ),
      };
    } catch (thrown) {
      this.release(generation);
      throw thrown;
    }
  }

  /** release says that a generation is over. Slots that no other generation uses are reset and free again. */
  release(generation: number): void {
    this.#listeners.release(generation);
    this.#backends.release(generation);
    this.#servers.release(generation);
    this.#freed(this.#free);
    this.#free.clear();
  }
}

class SlotPool {
  readonly #kind: string;
  readonly #capacity: number;
  readonly #reset: (slot: number) => void;
  readonly #slots = new Map<string, { readonly slot: number; readonly generations: Set<number> }>();
  readonly #free: number[] = [];
  #next = 0;

  constructor(kind: string, capacity: number, reset: (slot: number) => void) {
    this.#kind = kind;
    this.#capacity = capacity;
    this.#reset = reset;
  }

  assign(generation: number, names: readonly string[]): Record<string, number> {
    const slots: Record<string, number> = Object.create(null);
    for (const name of names) {
      let entry = this.#slots.get(name);
      if (entry === undefined) {
        entry = { slot: this.#take(), generations: new Set() };
        this.#slots.set(name, entry);
      }
      entry.generations.add(generation);
      slots[name] = entry.slot;
    }
    return slots;
  }

  release(generation: number): void {
    for (const [name, entry] of this.#slots) {
      if (!entry.generations.delete(generation) || entry.generations.size > 0) continue;
      this.#slots.delete(name);
      this.#reset(entry.slot);
      this.#free.push(entry.slot);
    }
  }

  #take(): number {
    const freed = this.#free.pop();
    if (freed !== undefined) return freed;
    if (this.#next === this.#capacity) throw new GatewayError('SG0404', { kind: this.#kind, capacity: this.#capacity });
    return this.#next++;
  }
}

/**
 * Generations: which plan is active, and the change from one to the next. Main thread.
 *
 * A new plan gets its slots and ports, is prepared on every data plane, and only when all are ready do they switch. Any
 * failure throws the new one away everywhere and leaves the old one running. One change at a time; replacements of lost
 * threads wait in the same line.
 */
import type { Steps } from '@sluice/dsl/match';
import { addressesOf, type Plan } from '@sluice/dsl/plan';
import { monotonicMs } from '../../shared/clock/clock.ts';
import { inSlices } from '../../shared/clock/slices.ts';
import {
  type EntryRef,
  type MemberChange,
  type MembersOrder,
  type PrepareOrder,
  portKey,
  type SlotMap,
} from '../../shared/orders/orders.ts';
import { GatewayError, reasonOf } from '../report/errors.ts';
import type { Slots } from '../slots/slots.ts';
import type { TableMemory } from '../slots/stick-tables.ts';
import type { Planes } from '../threads/planes.ts';
import { type Ports, resolvePorts } from './ports.ts';
import type { KeptSocket, SocketKeeper } from './socket-keeper.ts';
import { threadPlan } from './thread-plan.ts';

/** Candidate is a plan that has been checked, with what data threads need to link it. */
export interface Candidate {
  readonly plan: Plan;
  readonly entries: readonly EntryRef[];
  readonly secrets: Readonly<Record<string, string>>;
}

/** Assigned is a plan with the slots of its backends and servers in the shared tables. */
export interface Assigned {
  readonly plan: Plan;
  readonly slots: SlotMap;
}

/** Generation is a plan that runs, or did. */
export interface Generation extends Candidate {
  readonly number: number;
  readonly slots: SlotMap;
  readonly ports: Ports;
}

/** Changes are how the servers of some backends differ. */
export type Changes = readonly Omit<MemberChange, 'slots'>[];

export interface GenerationsOptions {
  readonly planes: Planes;
  readonly slots: Slots;
  readonly isTakeover: boolean;
  /** Keeps listening sockets for the next process, and those of the one before; null: nobody does. */
  readonly sockets: SocketKeeper | null;
  wordIds(): Readonly<Record<string, number>>;
  /** The stick tables that a plan needs. */
  tables(plan: Plan): TableMemory;
  /** Called when all planes are ready: what the tables before know goes into those that were made. */
  filling(slots: SlotMap): Steps<void>;
  /**
   * Called at the switch, before any thread serves the new generation: servers' words are set here. `changes`: the generations
   * differ in nothing else; null: in anything.
   */
  switching(next: Generation, previous: Generation | null, changes: Changes | null): void;
  /** Every thread serves the new generation. */
  switched(): Steps<void>;
  /** The last request of a generation has ended everywhere. */
  retired(generation: Generation): void;
}

export class Generations {
  readonly #options: GenerationsOptions;
  /** Older generations, and the threads that still have requests of them. */
  readonly #retiring = new Map<number, { readonly generation: Generation; readonly threads: Set<number> }>();
  #current: Generation | null = null;
  #order: PrepareOrder | null = null;
  #last = 0;
  #line: Promise<unknown> = Promise.resolve();

  constructor(options: GenerationsOptions) {
    this.#options = options;
  }

  get current(): Generation | null {
    return this.#current;
  }

  /** isSettled: no older generation has open requests. */
  get isSettled(): boolean {
    return this.#retiring.size === 0;
  }

  /** inLine runs a step when those before it are done. */
  inLine<Value>(step: () => Promise<Value>): Promise<Value> {
    const result = this.#line.then(step);
    this.#line = result.catch(() => {});
    return result;
  }

  /** restoring runs the replacement of a thread, with the active order. */
  restoring(restore: (order: PrepareOrder | null) => Promise<void>): void {
    void this.inLine(async () => restore(await this.#orderToRestore()));
  }

  /** orderToRestore is the order as a thread gets it that comes later. Sockets that are lent it could not bind by itself. */
  async #orderToRestore(): Promise<PrepareOrder | null> {
    const { sockets, planes } = this.#options;
    if (this.#order === null || sockets === null) return this.#order;
    const lent = [...(await sockets.lend())].map(([key, descriptor]) => {
      return [key, { descriptors: Array.from({ length: planes.size }, () => descriptor), isLent: true }] as const;
    });
    return lent.length === 0 ? this.#order : { ...this.#order, sockets: Object.fromEntries(lent) };
  }

  /** put activates a candidate. Call it in line. Rejects with the old generation still running. */
  put(candidate: Candidate): Promise<Generation> {
    const assign = (number: number): SlotMap => this.#options.slots.assign(number, candidate.plan);
    return this.#switch(candidate, null, assign, async (number, slots) => {
      const order = await this.#orderOf(number, candidate, slots);
      await this.#prepare(order);
      return order;
    });
  }

  /**
   * change activates a plan that differs from the one that is in nothing but the servers of some backends. Threads are told
   * the differences alone. Call it in line. Rejects with the old generation still running.
   */
  change(plan: Plan, changes: Changes): Promise<Generation> {
    const base = this.#current!;
    const baseOrder = this.#order!;
    const assign = (number: number): Promise<SlotMap> =>
      inSlices(this.#options.slots.change(number, base.slots, changes), monotonicMs);
    return this.#switch({ ...base, plan }, changes, assign, async (number, slots) => {
      const members = changes.map((change): MemberChange => {
        const own = [...change.changed, ...change.added].map(({ name }) => [
          name,
          slots.servers[`${change.backend}/${name}`]!,
        ]);
        return { ...change, slots: Object.fromEntries(own) };
      });
      await this.#prepare({ generation: number, base: base.number, members });
      return { ...baseOrder, generation: number, plan: { ...baseOrder.plan, backends: plan.backends }, slots };
    });
  }

  /** switch prepares a candidate and, when all planes are ready, has them go over. `prepare` returns the whole order. */
  async #switch(
    candidate: Candidate,
    changes: Changes | null,
    assign: (number: number) => SlotMap | Promise<SlotMap>,
    prepare: (number: number, slots: SlotMap) => Promise<PrepareOrder>,
  ): Promise<Generation> {
    const number = ++this.#last;
    const { planes, slots, switching } = this.#options;
    const slotMap = await assign(number);
    let order: PrepareOrder;
    try {
      order = await prepare(number, slotMap);
    } catch (thrown) {
      await planes.abandon(number);
      slots.release(number);
      throw thrown;
    }
    await inSlices(this.#options.filling(slotMap), monotonicMs);
    const previous = this.#current;
    const { plan, entries, secrets } = candidate;
    const next: Generation = { plan, entries, secrets, number, slots: slotMap, ports: order.ports };
    switching(next, previous, changes);
    this.#current = next;
    // A thread that comes later binds for itself: these descriptors are closed with the threads that have them.
    const { sockets: _, ...lasting } = order;
    this.#order = lasting;
    if (previous !== null) {
      const living = planes.status().filter(({ state }) => state !== 'lost');
      this.#retiring.set(previous.number, {
        generation: previous,
        threads: new Set(living.map(({ thread }) => thread)),
      });
    }
    await planes.activate(number);
    await inSlices(this.#options.switched(), monotonicMs);
    return next;
  }

  /** planeRetired hears that a thread has no more requests of a generation. */
  planeRetired(thread: number, generation: number): void {
    const retiring = this.#retiring.get(generation);
    if (retiring === undefined || !retiring.threads.delete(thread) || retiring.threads.size > 0) return;
    this.#retiring.delete(generation);
    this.#options.slots.release(generation);
    this.#options.retired(retiring.generation);
  }

  /** planeLost hears that a thread is gone, and so all its requests. */
  planeLost(thread: number): void {
    for (const generation of [...this.#retiring.keys()]) this.planeRetired(thread, generation);
  }

  async #orderOf(number: number, { plan, entries, secrets }: Candidate, slots: SlotMap): Promise<PrepareOrder> {
    const { isTakeover, wordIds, tables } = this.#options;
    const bound = { listeners: this.#current?.plan.listeners ?? [], ports: this.#current?.ports ?? {} };
    const kept = this.#current === null ? await this.#claim(plan) : new Map<string, KeptSocket>();
    const ports = await resolvePorts(plan.listeners, bound, { isTakeover, kept });
    return {
      generation: number,
      plan: await inSlices(threadPlan(plan), monotonicMs),
      slots,
      entries,
      ports,
      ...(kept.size === 0 ? {} : { sockets: descriptorsOf(kept) }),
      isTakeover,
      wordIds: wordIds(),
      sticks: tables(plan),
      secrets,
    };
  }

  /** claim takes over the sockets that an earlier process left. */
  async #claim({ listeners }: Plan): Promise<ReadonlyMap<string, KeptSocket>> {
    const { sockets, planes } = this.#options;
    if (sockets === null) return new Map();
    const wanted = listeners.flatMap(({ name: listener, ...plan }) =>
      addressesOf({ name: listener, ...plan }).map((address, index) => ({
        key: portKey(listener, index, address),
        listener,
        index,
      })),
    );
    return sockets.claim(wanted, planes.size);
  }

  async #prepare(order: PrepareOrder | MembersOrder): Promise<void> {
    try {
      await this.#options.planes.prepare(order);
    } catch (cause) {
      if (cause instanceof GatewayError) throw cause;
      throw new GatewayError('SG0401', { generation: order.generation, message: reasonOf(cause) }, { cause });
    }
  }
}

function descriptorsOf(kept: ReadonlyMap<string, KeptSocket>): NonNullable<PrepareOrder['sockets']> {
  return Object.fromEntries([...kept].map(([key, { descriptors, isLent }]) => [key, { descriptors, isLent }]));
}

/**
 * Rehearsal: links a plan as every data thread would, and throws it away. Main thread.
 *
 * It gives the plan its slots and stick tables, and has plugins make their strategies, stickiness, services and TLS. Nothing is
 * bound and no thread is started.
 */
import { monotonicMs } from '../../shared/clock/clock.ts';
import { inSlices } from '../../shared/clock/slices.ts';
import type { RehearseDataPlane } from '../../shared/orders/data-plane-host.ts';
import { createSharedMemory } from '../../shared/tables/create-shared-memory.ts';
import type { PluginSet } from '../plugins/plugin-host.ts';
import { threadPlan } from '../reload/thread-plan.ts';
import { Slots } from '../slots/slots.ts';
import { StickTables } from '../slots/stick-tables.ts';

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const DATA_PLANE = new URL(`../../data/data-plane.${extension}`, import.meta.url).href;

/** rehearse rejects with what the data threads would reject with: SG0404, or an error for people. */
export async function rehearse({ plan, entries, secrets, component }: PluginSet): Promise<void> {
  const memory = createSharedMemory({ threads: 1 });
  const slots = new Slots(memory).assign(1, plan);
  const sticks = new StickTables(memory, (name) => component('stick', name)?.hasTable !== false);
  const { rehearseDataPlane }: { rehearseDataPlane: RehearseDataPlane } = await import(DATA_PLANE);
  await rehearseDataPlane(
    { memory, thread: 0, report: () => {}, now: monotonicMs, random: Math.random },
    {
      ...{ generation: 1, plan: await inSlices(threadPlan(plan), monotonicMs), slots, entries, secrets },
      ...{ ports: {}, isTakeover: false, wordIds: {}, sticks: sticks.prepare(plan) },
    },
  );
}

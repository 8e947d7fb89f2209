/**
 * The entry of a data thread: makes the data plane, carries out orders, beats. Runs in a Tinypool worker; imports nothing
 * of the control plane.
 *
 * `serve` ends only when it is told to stop or the control plane is gone. A failure to prepare is reported and costs
 * nothing. What nobody caught is reported and survived where no code of the gateway was interrupted. Otherwise it ends the thread: the control
 * plane sees it go, reads from the heartbeats or the stack whose code it was in, and replaces it.
 */
import { enableCompileCache } from 'node:module';
import type { MessagePort } from 'node:worker_threads';
import { monotonicMs } from '../shared/clock/clock.ts';
import { inSlices } from '../shared/clock/slices.ts';
import type { CreateDataPlane } from '../shared/orders/data-plane-host.ts';
import type { DataPlane, MembersOrder, Order, Report } from '../shared/orders/orders.ts';
import { type PackedOrder, unpackOrder } from '../shared/orders/packed-order.ts';
import { BEAT_INTERVAL_MS, Heartbeats } from '../shared/tables/heartbeats.ts';
import type { SharedMemory } from '../shared/tables/shared-memory.ts';
import { StickClock } from '../shared/tables/stick-clock.ts';

interface Task {
  readonly port: MessagePort;
  readonly memory: SharedMemory;
  readonly thread: number;
  /** The module that exports createDataPlane, a `file:` URL. */
  readonly dataPlane: string;
  /** The folder of Node's compile cache, where the process has one; each thread has to be told. */
  readonly compileCache: string | null;
}

/** serve runs one data plane until it is stopped. */
export async function serve(task: Task): Promise<void> {
  const { port, memory, thread } = task;
  if (task.compileCache !== null) enableCompileCache(task.compileCache);
  const heartbeats = new Heartbeats(memory, thread);
  const sticks = new StickClock(memory.sticks);
  heartbeats.start(monotonicMs());
  const beat = setInterval(() => {
    const now = monotonicMs();
    heartbeats.beat(now);
    sticks.set(now);
  }, BEAT_INTERVAL_MS);
  const report = (message: Report): void => port.postMessage(message);
  const module = (await import(task.dataPlane)) as { createDataPlane: CreateDataPlane };
  const plane = module.createDataPlane({ memory, thread, report, now: monotonicMs, random: Math.random });
  const uncaught = (thrown: unknown, origin: NodeJS.UncaughtExceptionOrigin): void => {
    if (plane.contain?.(thrown, origin === 'unhandledRejection') === true) return;
    // Thrown once more without a handler, it ends the thread and reaches the control plane with its stack.
    process.off('uncaughtException', uncaught);
    setImmediate(() => {
      throw thrown;
    });
  };
  process.on('uncaughtException', uncaught);
  try {
    await carryOut(plane, port, report);
    await plane.stop();
  } finally {
    clearInterval(beat);
    port.close();
  }
}

export default serve;

/** Resolves when the order to stop has come. */
function carryOut(plane: DataPlane, port: MessagePort, report: (message: Report) => void): Promise<void> {
  const prepares = new Map<number, Promise<void>>();

  const prepare = async (packed: PackedOrder | MembersOrder): Promise<void> => {
    const { generation } = 'members' in packed ? packed : packed.order;
    try {
      const order = 'members' in packed ? packed : await inSlices(unpackOrder(packed), monotonicMs);
      const ports = await plane.prepare(order);
      report({ type: 'prepared', generation, ports });
    } catch (thrown) {
      const { message, code } = describe(thrown);
      report({ type: 'failed', generation, message, code });
    }
  };

  return new Promise((resolve) => {
    port.on('close', resolve);
    port.on('message', async (order: Order) => {
      switch (order.type) {
        case 'prepare':
          report({ type: 'taken', generation: order.order.order.generation });
          prepares.set(order.order.order.generation, prepare(order.order));
          break;
        case 'change':
          report({ type: 'taken', generation: order.order.generation });
          prepares.set(order.order.generation, prepare(order.order));
          break;
        case 'activate':
          prepares.delete(order.generation);
          plane.activate(order.generation);
          report({ type: 'activated', generation: order.generation });
          break;
        case 'abandon':
          await prepares.get(order.generation);
          prepares.delete(order.generation);
          await plane.abandon(order.generation);
          break;
        case 'names':
          plane.updateNames(order.changes);
          break;
        case 'drain':
          report({ type: 'drained', cut: await plane.drain(order.deadlineMs) });
          break;
        case 'sessions':
          report({ type: 'sessions', ask: order.ask, open: plane.sessions(order.wanted, order.most) });
          break;
        case 'end':
          report({ type: 'ended', ask: order.ask, count: plane.endSessions(order.wanted) });
          break;
        case 'errors':
          report({ type: 'errors', ask: order.ask, errors: plane.errors(order.most) });
          break;
        case 'limited':
          report({ type: 'limited', ask: order.ask, keys: plane.limited(order.most) });
          break;
        case 'cut':
          report({ type: 'cut', ask: order.ask, count: plane.cut(order.slot) });
          break;
        case 'stop':
          resolve();
          break;
      }
    });
  });
}

function describe(thrown: unknown): { message: string; code: string | null } {
  if (!(thrown instanceof Error)) return { message: String(thrown), code: null };
  const { code } = thrown as NodeJS.ErrnoException;
  return { message: thrown.message, code: typeof code === 'string' ? code : null };
}

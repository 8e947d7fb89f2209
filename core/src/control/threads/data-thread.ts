/**
 * DataThread: one data plane in a worker thread of its own, hosted by Tinypool. Main thread.
 *
 * The pool has exactly one worker and that worker one task, `serve`, which ends only when it is told to stop. A pool for
 * each thread, not one for all: Tinypool starts another worker by itself when one dies, and gives back no sign of when the old
 * one has really gone, but a thread's counts may only be taken back, and its place only be filled, after that.
 * `destroy()` ends a worker that spins (V8 interrupts it); one that hangs inside a system call cannot be ended, so waiting
 * for it has a limit.
 */
import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Tinypool } from 'tinypool';
import type { FailedRequest } from '../../shared/orders/failed-request.ts';
import type { LimitedKey } from '../../shared/orders/limited-key.ts';
import type { MembersOrder, OpenSessions, Order, Report, SessionFilter } from '../../shared/orders/orders.ts';
import type { PackedOrder } from '../../shared/orders/packed-order.ts';
import type { NameChanges } from '../../shared/tables/name-table.ts';
import type { SharedMemory } from '../../shared/tables/shared-memory.ts';
import { GatewayError, reasonOf } from '../report/errors.ts';

/** ServeTask is what data/thread.ts is started with. */
export interface ServeTask {
  readonly port: MessagePort;
  readonly memory: SharedMemory;
  readonly thread: number;
  /** The module that exports createDataPlane, a `file:` URL. */
  readonly dataPlane: string;
  /** The folder of Node's compile cache, where the process has one; each thread has to be told. */
  readonly compileCache: string | null;
}

export interface DataThreadOptions {
  readonly thread: number;
  readonly memory: SharedMemory;
  /** The module that exports `serve`, a `file:` URL. */
  readonly entry: string;
  readonly dataPlane: string;
  /** How long a generation may take to prepare. */
  readonly prepareLimitMs: number;
  report(report: Report): void;
  /** Called once, when the thread has gone without having been asked to. */
  /** `thrown`: what ended it, if anything did. */
  lost(reason: string, thrown: unknown): void;
}

/**
 * The young generation of a thread's heap, in MiB. V8's own choice takes up to 30 ms of processor time to clear in one go while a
 * reload links thousands of rules, whose functions all live on; a smaller one is cleared more often, in 10 ms.
 */
const YOUNG_MB = 24;
/** How long to wait for a terminated worker, which is stuck in the system if it takes this long. */
const TERMINATE_LIMIT_MS = 5000;
/** How long after its deadline a thread may take to say that it has drained. */
const DRAIN_GRACE_MS = 1000;

interface Deferred<Value> {
  resolve(value: Value): void;
  reject(error: Error): void;
}

export class DataThread {
  readonly thread: number;
  readonly #options: DataThreadOptions;
  readonly #pool: Tinypool;
  readonly #port: MessagePort;
  readonly #exited = Promise.withResolvers<void>();
  readonly #gone = Promise.withResolvers<void>();
  readonly #prepares = new Map<number, Deferred<GatewayError | null>>();
  readonly #activates = new Map<number, Deferred<void>>();
  readonly #drains: ((cut: number) => void)[] = [];
  /** Questions that wait for their answer, by number. */
  readonly #asks = new Map<number, Deferred<Report | null>>();
  #lastAsk = 0;
  /** The last generation whose order it has taken. */
  #taken = 0;
  #hasServed = false;
  #state: 'serving' | 'stopping' | 'ending' | 'ended' = 'serving';

  constructor(options: DataThreadOptions) {
    this.thread = options.thread;
    this.#options = options;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on('message', (report: Report) => this.#receive(report));
    this.#pool = new Tinypool({
      filename: options.entry,
      name: 'serve',
      runtime: 'worker_threads',
      minThreads: 0,
      maxThreads: 1,
      useAtomics: false,
      isolateWorkers: false,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    this.#pool.on('error', (error: unknown) => this.#end(reasonOf(error), error));
    const task: ServeTask = {
      port: port2,
      memory: options.memory,
      thread: options.thread,
      dataPlane: options.dataPlane,
      compileCache: compileCacheFolder(),
    };
    this.#pool.run(task, { transferList: [port2] as never }).then(
      () => this.#end('it stopped serving'),
      (error: unknown) => this.#end(reasonOf(error), error),
    );
    // However the thread ends, it exits; of a `process.exit()` in a plugin Tinypool says nothing else. An error's own
    // reason comes first, hence the wait.
    this.#pool.threads[0]!.once('exit', (code: number) => {
      this.#exited.resolve();
      setImmediate(() => this.#end(`it exited with code ${code}`));
    });
  }

  /**
   * prepare resolves to null when the thread is ready for a generation. Rejects with its failure, SG0402 or SG0403. A thread that served before and is
   * lost without having taken the order was not lost by that: it resolves to the loss, and the thread in its place prepares what is active by then.
   */
  async prepare(order: PackedOrder | MembersOrder): Promise<GatewayError | null> {
    const { generation } = 'members' in order ? order : order.order;
    if (this.#state !== 'serving') {
      const loss = this.#loss(generation, 'it is gone');
      if (this.#hasServed) return loss;
      throw loss;
    }
    const limitMs = this.#options.prepareLimitMs;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<GatewayError | null>((resolve, reject) => {
        this.#prepares.set(generation, { resolve, reject });
        timer = setTimeout(
          () => reject(new GatewayError('SG0403', { thread: this.thread, limitMs, generation })),
          limitMs,
        );
        this.#send('members' in order ? { type: 'change', order } : { type: 'prepare', order });
      });
    } finally {
      clearTimeout(timer);
      this.#prepares.delete(generation);
    }
  }

  /** activate resolves when the thread serves a generation. Rejects with SG0402 when it is lost before. */
  async activate(generation: number): Promise<void> {
    if (this.#state !== 'serving') throw this.#loss(generation, 'it is gone');
    await new Promise<void>((resolve, reject) => {
      this.#activates.set(generation, { resolve, reject });
      this.#send({ type: 'activate', generation });
    });
  }

  abandon(generation: number): void {
    this.#send({ type: 'abandon', generation });
  }

  updateNames(changes: NameChanges): void {
    this.#send({ type: 'names', changes });
  }

  /** drain resolves to the number of connections cut; 0 when the thread hangs or goes before it can say. */
  async drain(deadlineMs: number): Promise<number> {
    if (this.#state !== 'serving') return 0;
    return new Promise<number>((resolve) => {
      const timer = setTimeout(resolve, deadlineMs + DRAIN_GRACE_MS, 0);
      this.#drains.push((cut) => {
        clearTimeout(timer);
        resolve(cut);
      });
      this.#send({ type: 'drain', deadlineMs });
    });
  }

  /** sessions tells what is open and wanted here. A thread that is lost meanwhile has nothing open, once this resolves. */
  async sessions(wanted: SessionFilter, most: number): Promise<OpenSessions> {
    const report = await this.#ask((ask) => ({ type: 'sessions', ask, wanted, most }));
    return report?.type === 'sessions' ? report.open : { count: 0, sessions: [] };
  }

  /** endSessions ends what is open and wanted here, and says how many that were. */
  async endSessions(wanted: SessionFilter): Promise<number> {
    const report = await this.#ask((ask) => ({ type: 'end', ask, wanted }));
    return report?.type === 'ended' ? report.count : 0;
  }

  /** errors are the requests that failed here, newest first. */
  async errors(most: number): Promise<readonly FailedRequest[]> {
    const report = await this.#ask((ask) => ({ type: 'errors', ask, most }));
    return report?.type === 'errors' ? report.errors : [];
  }

  /** limited are the keys that were over a rate limit here, latest first. */
  async limited(most: number): Promise<readonly LimitedKey[]> {
    const report = await this.#ask((ask) => ({ type: 'limited', ask, most }));
    return report?.type === 'limited' ? report.keys : [];
  }

  /** cut ends what is open on a server here, and says how many connections that were. */
  async cut(slot: number): Promise<number> {
    const report = await this.#ask((ask) => ({ type: 'cut', ask, slot }));
    return report?.type === 'cut' ? report.count : 0;
  }

  /** Resolves to null when the thread has gone. One that hangs is replaced, so an answer or its end always comes. */
  async #ask(question: (ask: number) => Order): Promise<Report | null> {
    if (this.#state === 'serving') {
      const ask = ++this.#lastAsk;
      const answer = Promise.withResolvers<Report | null>();
      this.#asks.set(ask, answer);
      this.#send(question(ask));
      return answer.promise;
    }
    await this.#gone.promise;
    return null;
  }

  /** stop ends the thread. One that does not stop within the limit is killed. */
  async stop(limitMs: number): Promise<void> {
    if (this.#state === 'serving') {
      this.#state = 'stopping';
      this.#send({ type: 'stop' });
    }
    const timer = setTimeout(() => this.#end('it did not stop'), limitMs);
    await this.#gone.promise;
    clearTimeout(timer);
  }

  /** kill ends the thread at once, whatever it does, and counts as its loss. */
  kill(reason: string): void {
    this.#end(reason);
  }

  #send(order: Order): void {
    if (this.#state === 'serving' || this.#state === 'stopping') this.#port.postMessage(order);
  }

  #receive(report: Report): void {
    switch (report.type) {
      case 'taken':
        this.#taken = report.generation;
        break;
      case 'prepared':
        this.#prepares.get(report.generation)?.resolve(null);
        break;
      case 'failed': {
        const failure = Object.assign(new Error(report.message), { code: report.code });
        this.#prepares.get(report.generation)?.reject(failure);
        break;
      }
      case 'activated':
        this.#hasServed = true;
        this.#activates.get(report.generation)?.resolve();
        this.#activates.delete(report.generation);
        break;
      case 'drained':
        for (const drained of this.#drains.splice(0)) drained(report.cut);
        break;
      case 'sessions':
      case 'ended':
      case 'errors':
      case 'limited':
      case 'cut':
        this.#asks.get(report.ask)?.resolve(report);
        this.#asks.delete(report.ask);
        break;
      case 'retired':
      case 'access':
      case 'log':
      case 'failure':
        break;
    }
    this.#options.report(report);
  }

  /** The one way out: whatever ends first, the worker is made to go, then everybody who waits is told. */
  #end(reason: string, thrown: unknown = null): void {
    if (this.#state === 'ending' || this.#state === 'ended') return;
    const wasServing = this.#state === 'serving';
    this.#state = 'ending';
    void this.#finish(reason, thrown, wasServing);
  }

  async #finish(reason: string, thrown: unknown, wasServing: boolean): Promise<void> {
    // Rejects nothing that matters: the worker's own 'exit' is what is waited for, as it may have been before this.
    this.#pool.destroy().catch(() => {});
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, TERMINATE_LIMIT_MS);
    });
    await Promise.race([this.#exited.promise, limit]);
    clearTimeout(timer);
    this.#port.close();
    this.#state = 'ended';
    for (const [generation, { resolve, reject }] of this.#prepares) {
      const loss = this.#loss(generation, reason);
      if (this.#hasServed && this.#taken !== generation) resolve(loss);
      else reject(loss);
    }
    for (const [generation, { reject }] of this.#activates) reject(this.#loss(generation, reason));
    this.#activates.clear();
    for (const drained of this.#drains.splice(0)) drained(0);
    for (const { resolve } of this.#asks.values()) resolve(null);
    this.#asks.clear();
    this.#gone.resolve();
    if (wasServing) this.#options.lost(reason, thrown);
  }

  #loss(generation: number, reason: string): GatewayError {
    return new GatewayError('SG0402', { thread: this.thread, generation, reason });
  }
}

/** Node names the folder of its own version within the one that it was given. */
function compileCacheFolder(): string | null {
  const folder = getCompileCacheDir();
  return folder === undefined ? null : dirname(folder);
}

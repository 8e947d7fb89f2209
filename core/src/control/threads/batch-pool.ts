/**
 * BatchPool: work that is no traffic (replaying a log, comparing rules), spread over threads of its own. Main thread.
 *
 * A worker is a module whose default export takes a task and gives a result. Nothing of a gateway runs in these threads.
 */
import type { Transferable } from 'node:worker_threads';
import { Tinypool } from 'tinypool';

export class BatchPool<Task, Result> {
  readonly threads: number;
  readonly #pool: Tinypool;

  /** `entry` is the worker's module, a `file:` URL. Threads start when there is work for them. */
  constructor(entry: string, threads: number) {
    this.threads = threads;
    this.#pool = new Tinypool({
      filename: entry,
      runtime: 'worker_threads',
      minThreads: 0,
      maxThreads: threads,
      useAtomics: false,
      isolateWorkers: false,
    });
  }

  /** run does one task. What is in `transfer` is handed over, not copied. Rejects with what the worker threw. */
  run(task: Task, transfer: readonly Transferable[] = []): Promise<Result> {
    return this.#pool.run(task, { transferList: [...transfer] as never });
  }

  /** close ends the threads, whatever they are doing. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}

/**
 * ReplayLog: a whole log through the rules, piece by piece, on as many threads as are asked for. Main thread.
 */
import { BatchPool } from '@sluice/core';
import { readLogChunks } from './log-chunks.ts';
import { createJudge, type ReplaySetup, type ReplayTask, replayChunk } from './replay-chunk.ts';
import { emptySummary, mergeSummaries, type Summary } from './summary.ts';

/** Pieces that wait for a thread: enough that none is idle, few enough that memory stays what it is. */
const WAITING_PER_THREAD = 2;

export interface ReplayOptions {
  /** 0: on the caller's thread. */
  readonly threads: number;
  /** Told the share of the file that was read, 0 to 1, and the lines judged so far. */
  progress?(share: number, lines: number): void;
}

/** replayLog resolves to what the log comes to. Rejects when the file cannot be read. */
export async function replayLog(setup: ReplaySetup, log: string, options: ReplayOptions): Promise<Summary> {
  const summary = emptySummary();
  const runner = options.threads === 0 ? await hereRunner(setup) : new ThreadRunner(setup, options.threads);
  const pending = new Set<Promise<void>>();
  try {
    for await (const piece of readLogChunks(log)) {
      if (!('bytes' in piece)) {
        const badExamples = [{ line: piece.line, reason: 'it is too long', text: '' }];
        mergeSummaries(summary, { ...emptySummary(), lines: 1, bad: 1, badExamples });
        continue;
      }
      const { bytes, firstLine, share } = piece;
      const judged = runner.run(bytes, firstLine).then((part) => {
        mergeSummaries(summary, part);
        options.progress?.(share, summary.lines);
      });
      const settled = judged.finally(() => pending.delete(settled));
      // A failure is met where it is waited for.
      settled.catch(() => {});
      pending.add(settled);
      if (pending.size >= Math.max(1, options.threads * WAITING_PER_THREAD)) await Promise.race(pending);
    }
    await Promise.all(pending);
  } finally {
    await runner.close();
  }
  const ranks = { changed: 0, unknown: 1, unsaid: 2, same: 3 };
  summary.groups.sort(
    (a, b) => ranks[a.outcome] - ranks[b.outcome] || b.count - a.count || a.examples[0]!.line - b.examples[0]!.line,
  );
  return summary;
}

interface Runner {
  run(bytes: Uint8Array<ArrayBuffer>, firstLine: number): Promise<Summary>;
  close(): Promise<void>;
}

async function hereRunner(setup: ReplaySetup): Promise<Runner> {
  const judge = await createJudge(setup);
  return { run: async (bytes, firstLine) => replayChunk(judge, bytes, firstLine), close: async () => {} };
}

class ThreadRunner implements Runner {
  readonly #pool: BatchPool<ReplayTask, Summary>;
  readonly #setup: Uint8Array<SharedArrayBuffer>;

  constructor(setup: ReplaySetup, threads: number) {
    const json = Buffer.from(JSON.stringify(setup));
    this.#setup = new Uint8Array(new SharedArrayBuffer(json.length));
    this.#setup.set(json);
    this.#pool = new BatchPool(new URL('../../dist/replay/replay-chunk.js', import.meta.url).href, threads);
  }

  run(bytes: Uint8Array<ArrayBuffer>, firstLine: number): Promise<Summary> {
    return this.#pool.run({ setup: this.#setup, bytes, firstLine }, [bytes.buffer]);
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}

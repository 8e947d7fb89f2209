/**
 * ReplayChunk: judges the lines of one piece of a log. Any thread; the default export is what a batch thread runs.
 */
import { importEntries, loadHeadReader, type PluginSet } from '@sluice/core/loading';
import type { Plan } from '@sluice/dsl/plan';
import { Judge } from './judge.ts';
import { BadLine, LINE_LIMIT, readLogLine } from './log-line.ts';
import { type Summary, SummaryBuilder } from './summary.ts';

/** ReplaySetup is what all pieces have in common. */
export interface ReplaySetup {
  readonly plan: Plan;
  /** The plugins' data entries. */
  readonly entries: PluginSet['entries'];
  /** The listener that takes lines that name none; null: found by scheme and port. */
  readonly listener: string | null;
}

/** ReplayTask is one piece. The setup is JSON in shared memory: a plan may be large, and every piece needs it. */
export interface ReplayTask {
  readonly setup: Uint8Array<SharedArrayBuffer>;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly firstLine: number;
}

/** createJudge imports the plugins’ functions and links the plan. */
export async function createJudge({ plan, entries, listener }: ReplaySetup): Promise<Judge> {
  return new Judge(plan, await importEntries(entries), listener, await loadHeadReader());
}

/** replayChunk judges every line of a piece; empty ones do not count. */
export function replayChunk(judge: Judge, bytes: Uint8Array, firstLine: number): Summary {
  const builder = new SummaryBuilder();
  const text = new TextDecoder().decode(bytes);
  let line = firstLine;
  for (let start = 0; start < text.length; line++) {
    let end = text.indexOf('\n', start);
    if (end < 0) end = text.length;
    const written = text.slice(start, text.charCodeAt(end - 1) === 13 && end > start ? end - 1 : end);
    if (written !== '') replayLine(builder, judge, line, written);
    start = end + 1;
  }
  return builder.summary;
}

function replayLine(builder: SummaryBuilder, judge: Judge, line: number, text: string): void {
  try {
    if (text.length > LINE_LIMIT) throw new BadLine('it is too long');
    const logged = readLogLine(text);
    // What was refused before any rule is refused again: a log does not say enough of it to read it once more.
    if (logged.isRefused === true) builder.addRefused();
    else builder.add(line, logged, judge.judge(logged));
  } catch (thrown) {
    if (!(thrown instanceof BadLine)) throw thrown;
    builder.addBad(line, text, thrown.message);
  }
}

let judgeOfThread: Promise<Judge> | null = null;

/** The rules are linked once in each thread: a batch thread serves one replay only. */
export default async function replayTask({ setup, bytes, firstLine }: ReplayTask): Promise<Summary> {
  judgeOfThread ??= createJudge(JSON.parse(Buffer.from(setup).toString()));
  return replayChunk(await judgeOfThread, bytes, firstLine);
}

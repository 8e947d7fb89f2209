/**
 * The command `replay FILE LOG`: what would change for the requests of an access log under these rules. Main thread.
 */

import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { checkRules } from '../checked-rules.ts';
import { EXIT_OK, EXIT_PROBLEM, EXIT_USAGE } from '../exit-codes.ts';
import { ProgressBar } from '../replay/progress-bar.ts';
import { replayLog } from '../replay/replay-log.ts';
import { showReplay } from '../replay/show-replay.ts';
import type { Summary } from '../replay/summary.ts';
import { coloursFor, complain, print } from '../terminal.ts';
import { printProblems } from './check.ts';

export interface ReplayCommandOptions {
  readonly json?: boolean;
  readonly threads?: number;
  readonly listener?: string;
  /** Percent. */
  readonly maxUnknown?: number;
}

/** The share of lines, in percent, that may be undecided where nothing else is said. */
const MOST_UNKNOWN = 10;

/** Below this a log is judged before the first thread has started. */
const SMALL_BYTES = 2 * 1024 * 1024;

/**
 * replay returns 0 when nothing changes, 1 when something does, or when too little of the log could be judged, or for a file with
 * problems, or a log that cannot be read.
 */
export async function replay(file: string, log: string, options: ReplayCommandOptions): Promise<number> {
  const checked = await checkRules(file);
  if (checked.plan === null) {
    printProblems(checked, process.stderr);
    return EXIT_PROBLEM;
  }
  const { plan } = checked;
  const { entries } = checked;
  const { listener = null } = options;
  const known = plan.listeners.map(({ name }) => name);
  if (listener !== null && !known.includes(listener)) {
    complain(`no listener \`${listener}\` (available: ${known.join(', ')})`);
    return EXIT_USAGE;
  }
  const bar = new ProgressBar(process.stderr);
  let summary: Summary;
  try {
    const found = await stat(log);
    if (!found.isFile()) throw new Error('it is not a regular file');
    const isSmall = found.size < SMALL_BYTES;
    const threads = options.threads ?? (isSmall ? 0 : availableParallelism());
    const progress = (share: number, lines: number): void => bar.show(share, lines);
    summary = await replayLog({ plan, entries, listener }, log, { threads, progress });
  } catch (thrown) {
    bar.clear();
    complain(`cannot read \`${log}\`: ${reasonOf(thrown)}`);
    return EXIT_PROBLEM;
  }
  bar.clear();
  const maxUnknown = options.maxUnknown ?? MOST_UNKNOWN;
  const unknownShare = unknownShareOf(summary);
  if (options.json === true) print(JSON.stringify({ file, log, unknownShare, maxUnknown, ...summary }, null, 2));
  else print(showReplay(summary, coloursFor(process.stdout)));
  if (summary.lines > 0 && summary.bad === summary.lines) {
    complain(`\`${log}\` has no line in Sluice's JSON format or in the combined format`);
    return EXIT_PROBLEM;
  }
  if (unknownShare > maxUnknown) {
    const judged = judgedIn(summary);
    complain(
      `${summary.unknown} of ${judged} lines (${percent(unknownShare)}) could not be judged; \`--max-unknown\` is ${percent(maxUnknown)}`,
    );
    return EXIT_PROBLEM;
  }
  return summary.changed === 0 ? EXIT_OK : EXIT_PROBLEM;
}

/** judgedIn counts the lines that rules were asked about. */
function judgedIn({ lines, refused, bad }: Summary): number {
  return lines - refused - bad;
}

/** unknownShareOf is the share of them, in percent, that the rules do not decide with what the log says. */
function unknownShareOf(summary: Summary): number {
  const judged = judgedIn(summary);
  return judged === 0 ? 0 : (100 * summary.unknown) / judged;
}

/** percent never rounds up to a whole that is not there. */
function percent(share: number): string {
  return `${Math.floor(share * 10) / 10}%`;
}

function reasonOf(thrown: unknown): string {
  const { code, message } = thrown as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES') return 'permission denied';
  if (code?.startsWith('Z_') === true) return `it is not a complete gzip file (${message})`;
  return message;
}

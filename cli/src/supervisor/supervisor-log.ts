/**
 * SupervisorLog: the few lines that the supervisor adds to the gateway's log, in the same form. The supervisor's process, which has no
 * logging library.
 */
import { hostname } from 'node:os';

const LEVELS = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60, silent: Number.POSITIVE_INFINITY };

export type SupervisorLog = (level: 'debug' | 'info' | 'warn' | 'error' | 'fatal', text: string) => void;

/** supervisorLog writes to stdout: JSON lines, or plain ones on a terminal. `args` are the command's, for `--log-level`. */
export function supervisorLog(args: readonly string[]): SupervisorLog {
  const least = LEVELS[levelIn(args) as keyof typeof LEVELS] ?? LEVELS.info;
  return (level, msg) => {
    if (LEVELS[level] < least) return;
    const time = new Date();
    const line =
      process.stdout.isTTY === true
        ? `${time.toTimeString().slice(0, 8)} ${level.padEnd(5)} ${msg}`
        : JSON.stringify({ level, time: time.toISOString(), pid: process.pid, hostname: hostname(), msg });
    process.stdout.write(`${line}\n`);
  };
}

function levelIn(args: readonly string[]): string {
  const at = args.lastIndexOf('--log-level');
  if (at !== -1) return args[at + 1] ?? '';
  return args.findLast((arg) => arg.startsWith('--log-level='))?.slice('--log-level='.length) ?? '';
}

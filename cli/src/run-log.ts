/**
 * RunLog: the log of `sluice run`: JSON lines for machines, plain lines for somebody who looks at a terminal. Main thread.
 */
import { type Logger, pino } from 'pino';
import { coloursFor } from './terminal.ts';

/** createRunLog returns a logger that writes to stdout, from the level on. */
export function createRunLog(level: string): Logger {
  if (process.stdout.isTTY !== true) return pino({ level });
  return pino({ level, base: null }, { write: (line: string) => process.stdout.write(plainLine(line)) });
}

/** plainLine turns a line of JSON into one for people: `12:03:04 warn  server app/web1 is stopped`. */
function plainLine(line: string): string {
  const { dim, red, yellow, cyan } = coloursFor(process.stdout);
  const { level, time, msg } = JSON.parse(line) as { level: number; time: number; msg?: string };
  const label = pino.levels.labels[level] ?? String(level);
  const paint = level >= 50 ? red : level >= 40 ? yellow : level >= 30 ? cyan : dim;
  return `${dim(new Date(time).toTimeString().slice(0, 8))} ${paint(label.padEnd(5))} ${msg ?? ''}\n`;
}

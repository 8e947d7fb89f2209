/**
 * RunLog: the log of `sluice run`: JSON lines for machines, plain lines for somebody who looks at a terminal. Main thread.
 */
import { type Gateway, type Logger, programLog } from '@sluice/core';
import { addressText } from '@sluice/dsl';
import { coloursFor } from './terminal.ts';
import { ownVersion } from './version.ts';

/** createRunLog returns a logger that writes to stdout, from the level on. */
export function createRunLog(level: string): Logger {
  if (process.stdout.isTTY !== true) return programLog(level);
  return programLog(level, { write: (line: string) => process.stdout.write(plainLine(line)) });
}

/** plainLine turns a line of JSON into one for people: `12:03:04 warn  server app/web1 is stopped`. */
function plainLine(line: string): string {
  const { dim, red, yellow, cyan } = coloursFor(process.stdout);
  const { level, time, msg } = JSON.parse(line) as { level: string; time: string; msg?: string };
  const paint = { fatal: red, error: red, warn: yellow, info: cyan }[level] ?? dim;
  return `${dim(new Date(time).toTimeString().slice(0, 8))} ${paint(level.padEnd(5))} ${msg ?? ''}\n`;
}

/** logReady writes the line that says that a gateway serves, with what monitors and scripts ask first. */
export function logReady(log: Logger, gateway: Gateway): void {
  const { listeners, threads } = gateway.stats();
  const fields = {
    version: ownVersion(),
    listeners: Object.fromEntries(
      listeners.map(({ name, address, otherAddresses }) => [name, [address, ...otherAddresses].map(addressText)]),
    ),
    admin: gateway.adminAddress === null ? null : addressText(gateway.adminAddress),
    threads: threads.length,
    startupMs: Math.round(performance.now()),
  };
  const admin = fields.admin === null ? 'no admin API' : `admin API ${fields.admin}`;
  log.info(
    fields,
    `ready after ${fields.startupMs} ms: sluice ${fields.version}, process ${process.pid}, ${listeners.length} listener${listeners.length === 1 ? '' : 's'}, ${admin}`,
  );
}

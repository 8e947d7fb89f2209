/**
 * Log: the gateway's logger and the plugins' children of it. Main thread; data threads send their lines as reports.
 *
 * Options, header values and whatever else might hold a secret are never logged; names, addresses and reasons are.
 */
import { type Level, type Logger, pino } from 'pino';
import type { PluginLog } from '../../plugin/plugin-log.ts';
import { monotonicMs } from '../../shared/clock/clock.ts';
import { type FailureLevel, FailureLog } from '../../shared/plugins/failure-log.ts';

export type { Level, Logger };

/** createLog takes what an embedder gave: a pino logger, a level, or false for none. Default: JSON on stdout, from `info` on. */
export function createLog(logger: Logger | Level | false | undefined): Logger {
  if (logger === false) return pino({ enabled: false });
  if (logger === undefined) return pino({ level: 'info' });
  if (typeof logger === 'string') return pino({ level: logger });
  return logger;
}

/** pluginLog is a plugin's own child of the gateway's logger. */
export function pluginLog(log: Logger, plugin: string): PluginLog {
  const child = log.child({ plugin });
  return {
    debug: (message, fields) => child.debug(fields ?? {}, message),
    info: (message, fields) => child.info(fields ?? {}, message),
    warn: (message, fields) => child.warn(fields ?? {}, message),
    error: (message, fields) => child.error(fields ?? {}, message),
  };
}

/** logFailure writes what has failed of a plugin's; its stack only where the log is at `debug`. */
export function logFailure(
  log: Logger,
  failure: { level: FailureLevel; message: string; fields: object; stack: string | null },
  more: object = {},
): void {
  const { level, message, fields, stack } = failure;
  const isDetailed = stack !== null && log.isLevelEnabled?.('debug') === true;
  log[level]({ ...more, ...fields, ...(isDetailed ? { stack } : {}) }, message);
}

/** failureLog is what failures on the main thread are reported to. */
export function failureLog(log: Logger): FailureLog {
  return new FailureLog(monotonicMs, (level, message, fields, stack) =>
    logFailure(log, { level, message, fields, stack }),
  );
}

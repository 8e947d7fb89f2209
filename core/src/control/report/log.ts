/**
 * Log: the gateway's logger and the plugins' children of it. Main thread; data threads send their lines as reports.
 *
 * Options, header values and whatever else might hold a secret are never logged; names, addresses and reasons are.
 */
import type { Diagnostic } from '@sluice/dsl';
import { type DestinationStream, type Level, type Logger, pino, stdTimeFunctions } from 'pino';
import type { PluginLog } from '../../plugin/plugin-log.ts';
import { monotonicMs } from '../../shared/clock/clock.ts';
import { type FailureLevel, FailureLog } from '../../shared/plugins/failure-log.ts';
import type { GatewayError } from './errors.ts';

export type { Level, Logger };

/** createLog takes what an embedder gave: a pino logger, a level, or false for none. Default: JSON on stdout, from `info` on. */
export function createLog(logger: Logger | Level | false | undefined): Logger {
  if (logger === false) return pino({ enabled: false });
  if (logger === undefined) return programLog('info');
  if (typeof logger === 'string') return programLog(logger);
  return logger;
}

/**
 * programLog is a logger with the form of the gateway's own: names of levels, and times in RFC 3339, UTC. `level` may be `silent`, too.
 * Default destination: stdout.
 */
export function programLog(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** problemFields are what log lines about a problem in a file have, so that programs need not read the text. */
export function problemFields({ code, place }: Pick<Diagnostic, 'code' | 'place'>): object {
  const { file, line, column } = place;
  return { code, file, line, column };
}

/** failureFields are those of a load that failed: the error's code, and where the first problem is; `problems` has all of them. */
export function failureFields({ code, diagnostics }: GatewayError): object {
  const [first] = diagnostics;
  if (first === undefined) return { code };
  const problems = diagnostics.map((problem) => ({ ...problemFields(problem), message: problem.message }));
  return { ...problemFields(first), code, problems };
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

/**
 * Deadline: a length of time as callers of the gateway write it. Main thread.
 */
import { GatewayError } from '../report/errors.ts';

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Duration is milliseconds, or text such as `500ms`, `10s`, `2m`, `1h`. */
export type Duration = number | string;

/** durationMs reads a duration. Throws SG0504. */
export function durationMs(value: Duration): number {
  if (typeof value === 'number') {
    if (Number.isFinite(value) && value >= 0) return value;
    throw new GatewayError('SG0504', { value });
  }
  const [, count, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(value) ?? [];
  if (count === undefined || unit === undefined) throw new GatewayError('SG0504', { value });
  return Number(count) * UNIT_MS[unit]!;
}

/**
 * ExpectedStatuses: which statuses let a probe pass. Main thread.
 */
import type { ArgValue } from '@sluice/dsl/plan';

/** ExpectedStatuses holds ranges of statuses, both ends included, and their text for messages. */
export interface ExpectedStatuses {
  readonly ranges: readonly (readonly [from: number, to: number])[];
  readonly text: string;
}

const DEFAULT: ExpectedStatuses = { ranges: [[200, 399]], text: '200..399' };

/** expectedStatuses reads the argument `expect`: numbers and `'200..299'`. Default 200..399. */
export function expectedStatuses(value: ArgValue | undefined): ExpectedStatuses {
  if (value === undefined || value === null) return DEFAULT;
  const list = Array.isArray(value) ? value : [value];
  const ranges = list.map((entry): readonly [number, number] => {
    const [from, to] = String(entry).split('..');
    return [Number(from), Number(to ?? from)];
  });
  return { ranges, text: list.join(', ') };
}

/** isExpected says whether a status is in one of the ranges. */
export function isExpected(expected: ExpectedStatuses, status: number): boolean {
  return expected.ranges.some(([from, to]) => status >= from && status <= to);
}

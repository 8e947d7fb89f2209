/**
 * Passable: whether a check could ever pass, whatever the server answers. Main thread.
 *
 * A check that cannot pass takes all servers of a backend out a moment after the start, and each of its parts looks right.
 */
import type { Args } from '@sluice/dsl/plan';
import { BODY_BYTES } from './answer.ts';
import { checkError } from './errors.ts';
import { expectedStatuses } from './expected-statuses.ts';

type Range = readonly [from: number, to: number];

/** Interim answers are passed over (RFC 9110 15.2); 101 is final, as nobody asked for it. */
const INTERIM: readonly Range[] = [
  [100, 100],
  [102, 199],
];
/** RFC 9110 6.4.1, and 101, behind which is no HTTP. */
const WITHOUT_BODY: readonly Range[] = [
  [100, 199],
  [204, 204],
  [304, 304],
];

/** checkPassable throws SP0501 to SP0507 for options that contradict each other, or HTTP. */
export function checkPassable({ method, expect, contains, drain }: Args): void {
  if (method === 'CONNECT') {
    throw checkError('SP0501', {});
  }
  if (contains === '') throw checkError('SP0502', {});
  if (typeof contains === 'string' && Buffer.byteLength(contains) > BODY_BYTES) {
    throw checkError('SP0503', { kib: BODY_BYTES / 1024 });
  }
  if (method === 'HEAD' && typeof contains === 'string') {
    throw checkError('SP0504', {});
  }
  const expected = expectedStatuses(expect);
  const answered = without(expected.ranges, INTERIM);
  if (answered.length === 0) {
    throw checkError('SP0505', { statuses: expected.text });
  }
  const isDraining = drain !== undefined && drain !== null;
  const running = isDraining ? without(answered, expectedStatuses(drain).ranges) : answered;
  if (running.length === 0) {
    const passing =
      expect === undefined || expect === null
        ? `${expected.text}, the default of \`expect\`,`
        : `\`expect ${expected.text}\``;
    throw checkError('SP0506', { passing });
  }
  if (typeof contains === 'string' && without(running, WITHOUT_BODY).length === 0) {
    throw checkError('SP0507', { statuses: expected.text });
  }
}

/** without is what is left of ranges of whole numbers. */
function without(ranges: readonly Range[], taken: readonly Range[]): readonly Range[] {
  return taken.reduce<readonly Range[]>(
    (left, [from, to]) =>
      left.flatMap(([first, last]): readonly Range[] => {
        const parts: readonly Range[] = [
          [first, Math.min(last, from - 1)],
          [Math.max(first, to + 1), last],
        ];
        return parts.filter(([low, high]) => low <= high);
      }),
    ranges,
  );
}

/**
 * Passable: whether a check could ever pass, whatever the server answers. Main thread.
 *
 * A check that cannot pass takes all servers of a backend out a moment after the start, and each of its parts looks right.
 */
import type { Args } from '@sluice/dsl/plan';
import { BODY_BYTES } from './answer.ts';
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

/** checkPassable throws for options that contradict each other, or HTTP. */
export function checkPassable({ method, expect, contains, drain }: Args): void {
  if (method === 'CONNECT') {
    throw new Error(
      'CONNECT opens a tunnel and asks for no path: write `check GET …`, or `check tcp` for a bare connection',
    );
  }
  if (contains === '')
    throw new Error('`expect body contains ""` is true of every body: write the text, or leave it out');
  if (typeof contains === 'string' && Buffer.byteLength(contains) > BODY_BYTES) {
    throw new Error(
      `the text behind \`expect body contains\` is longer than the ${BODY_BYTES / 1024} KiB of a body that are looked at`,
    );
  }
  if (method === 'HEAD' && typeof contains === 'string') {
    throw new Error(
      'an answer to HEAD has no body, so `expect body contains` never passes: write `check GET …`, or leave it out',
    );
  }
  const expected = expectedStatuses(expect);
  const answered = without(expected.ranges, INTERIM);
  if (answered.length === 0) {
    throw new Error(
      `\`expect ${expected.text}\` never passes: answers with 1xx are interim, and the one behind them counts`,
    );
  }
  const isDraining = drain !== undefined && drain !== null;
  const running = isDraining ? without(answered, expectedStatuses(drain).ranges) : answered;
  if (running.length === 0) {
    const passing =
      expect === undefined || expect === null
        ? `${expected.text}, the default of \`expect\`,`
        : `\`expect ${expected.text}\``;
    throw new Error(
      `\`drain on\` takes every status of ${passing} for itself, so no server would ever get new clients: leave one of them to \`expect\``,
    );
  }
  if (typeof contains === 'string' && without(running, WITHOUT_BODY).length === 0) {
    throw new Error(
      `answers with status ${expected.text} have no body, so \`expect body contains\` never passes: expect another status, or leave it out`,
    );
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

/**
 * ErrorWatch: whether clients get more errors since a change of the rules than before it. Main thread.
 *
 * Errors are responses with a status of 500 to 599, the servers' and the gateway's own. What counts is their share of the responses since the
 * change, against the share of all responses before it: a service that had errors before may go on having them.
 */

/** ResponseCounts are those of a gateway since it started. */
export interface ResponseCounts {
  readonly responses: number;
  readonly errors: number;
}

/** Fewer responses say nothing. */
const LEAST_RESPONSES = 20;
/** So much more of the responses may be errors than before, as a share. */
const MOST_RISE = 0.05;

export class ErrorWatch {
  readonly #before: ResponseCounts;

  /** `before`: the counts at the change. */
  constructor(before: ResponseCounts) {
    this.#before = before;
  }

  /** rise says, for people, how much worse it has become; null: it has not, or there is too little to tell. */
  rise(now: ResponseCounts): string | null {
    const responses = now.responses - this.#before.responses;
    if (responses < LEAST_RESPONSES) return null;
    const share = (now.errors - this.#before.errors) / responses;
    const shareBefore = this.#before.responses === 0 ? 0 : this.#before.errors / this.#before.responses;
    if (share <= shareBefore + MOST_RISE) return null;
    return `${percent(share)} of ${responses} responses are errors, ${percent(shareBefore)} were before`;
  }
}

function percent(share: number): string {
  return `${Math.round(share * 1000) / 10} %`;
}

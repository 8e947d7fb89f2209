/**
 * ErrorWatch: whether clients get more errors since a change of the rules than before it. Main thread.
 *
 * Errors are responses with a status of 500 to 599, the servers' and the gateway's own. What counts is their share of the responses since the
 * change, against the share of all responses before it: a service that had errors before may go on having them.
 */

/** ResponseCounts are those of each listener since the gateway has it, by name. */
export type ResponseCounts = ReadonlyMap<string, { readonly responses: number; readonly errors: number }>;

/** Fewer responses say nothing. */
const LEAST_RESPONSES = 20;
/** So much more of the responses may be errors than before, as a share. */
const MOST_RISE = 0.05;

const NONE = { responses: 0, errors: 0 };

export class ErrorWatch {
  readonly #before: ResponseCounts;
  readonly #shareBefore: number;

  /** `before`: the counts at the change. */
  constructor(before: ResponseCounts) {
    this.#before = before;
    let [responses, errors] = [0, 0];
    for (const counts of before.values()) {
      responses += counts.responses;
      errors += counts.errors;
    }
    this.#shareBefore = responses === 0 ? 0 : errors / responses;
  }

  /** rise says, for people, how much worse it has become; null: it has not, or there is too little to tell. */
  rise(now: ResponseCounts): string | null {
    let [responses, errors] = [0, 0];
    for (const [listener, counts] of now) {
      const before = this.#before.get(listener) ?? NONE;
      responses += counts.responses - before.responses;
      errors += counts.errors - before.errors;
    }
    if (responses < LEAST_RESPONSES || errors / responses <= this.#shareBefore + MOST_RISE) return null;
    return `${percent(errors / responses)} of ${responses} responses are errors, ${percent(this.#shareBefore)} were before`;
  }
}

function percent(share: number): string {
  return `${Math.round(share * 1000) / 10} %`;
}

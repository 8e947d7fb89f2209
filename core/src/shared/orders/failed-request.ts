/**
 * FailedRequest: a request that the gateway refused, or that failed, as data planes remember it. Both planes; plain data.
 */

/**
 * FAILURE_KINDS say who is to blame: `refused`: the request, before any rule saw it; `rule`: a rule denied it, or failed; `limit`: a
 * rate limit; `no-rule`: no rule took it; `server`: no server gave an answer that could be sent; `answer`: a server’s own 5xx, which was passed on;
 * `ended`: the gateway stops, or somebody ended it.
 */
export const FAILURE_KINDS = ['refused', 'rule', 'limit', 'no-rule', 'server', 'answer', 'ended'] as const;

export type FailureKind = (typeof FAILURE_KINDS)[number];

export interface FailedRequest {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly kind: FailureKind;
  /** For people. */
  readonly why: string;
  /** The client's address, as rules see it. */
  readonly client: string;
  readonly listener: string;
  /** Empty where it was not read, and for a plain TCP connection. */
  readonly method: string;
  /** At most 200 bytes; without the query, which may hold secrets. */
  readonly path: string;
  /** What the client got; 0: nothing, or a plain TCP connection. */
  readonly status: number;
  /** `file:line` of the rule that decided; null: none did. */
  readonly rule: string | null;
  readonly backend: string | null;
  /** The one that was tried last; null: none was. */
  readonly server: string | null;
}

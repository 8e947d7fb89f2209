/**
 * LimitedKey: a client, or whatever a rate limit counts by, that was over its limit lately, as a data plane remembers it. Both planes; plain data.
 */
export interface LimitedKey {
  /** Which limit (`ruleScopes`, or that of a listener’s new connections). */
  readonly scope: string;
  /** At most 200 characters; empty where the limit counts everything together. */
  readonly key: string;
  /** How often it was over the limit, since it is remembered. */
  readonly refused: number;
  /** Milliseconds since 1970. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** As in `RateTable.take`. */
  readonly intervalMs: number;
  readonly burst: number;
}

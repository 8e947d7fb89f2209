/**
 * Load is one run of a load generator, and what it reports. Benchmark code.
 */
export interface Load {
  readonly connections: number;
  readonly seconds: number;
  readonly url: string;
  readonly headers: readonly string[];
}

export interface LoadReport {
  readonly requests: number;
  readonly seconds: number;
  /** NaN where the tool does not say. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Connections that failed, time-outs, answers that are neither 2xx nor 3xx, sessions that were not as asked for. */
  readonly errors: number;
}

/**
 * Measurements: what a simulation counts while it runs: curves of load, times, answers, and sticky clients that moved. Main
 * thread.
 */

/** Curve is one number for each step of time. */
export type Curve = readonly number[];

export interface ServerLoad {
  /** `backend/server` */
  readonly path: string;
  /** Requests that came to it, retries with them. */
  readonly requests: number;
  /** The same in each step. */
  readonly started: Curve;
  /** Open requests at the end of each step. */
  readonly open: Curve;
  /** The most at the end of any step. */
  readonly mostOpen: number;
}

/** Times in milliseconds, from a request's arrival to its answer. 0 where there is none. */
export interface Latencies {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** Move is a client that keeps its cookies and was answered by another server than before. */
export interface Move {
  readonly atMs: number;
  readonly client: number;
  readonly backend: string;
  readonly from: string;
  readonly to: string;
  /** What the server before was then: `stopped`, `drain`, `maint`, `full` and so on, or `failed`: it had just not answered. */
  readonly because: string;
}

/** Failed is a request that was not answered, or with a status of 500 or more. */
export interface Failed {
  readonly atMs: number;
  readonly request: number;
  readonly client: number;
  /** 0: it broke off. */
  readonly status: number;
  /** Who it was with last; empty: nobody. */
  readonly server: string;
}

export class ServerMeter implements ServerLoad {
  readonly path: string;
  requests = 0;
  mostOpen = 0;
  readonly started: number[] = [];
  readonly open: number[] = [];
  #inStep = 0;

  constructor(path: string) {
    this.path = path;
  }

  visited(): void {
    this.requests++;
    this.#inStep++;
  }

  /** step ends a step of time. */
  step(open: number): void {
    this.started.push(this.#inStep);
    this.open.push(open);
    this.#inStep = 0;
    if (open > this.mostOpen) this.mostOpen = open;
  }
}

/** Samples are times of which all are kept, so that percentiles are exact. */
export class Samples {
  #values = new Float64Array(1024);
  #count = 0;

  add(value: number): void {
    if (this.#count === this.#values.length) {
      const larger = new Float64Array(2 * this.#count);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#count++] = value;
  }

  latencies(): Latencies {
    const sorted = this.#values.slice(0, this.#count).sort();
    const { length: count } = sorted;
    if (count === 0) return { count: 0, mean: 0, p50: 0, p95: 0, p99: 0, max: 0 };
    const at = (share: number): number => sorted[Math.min(count - 1, Math.ceil(count * share) - 1)]!;
    const sum = sorted.reduce((all, each) => all + each, 0);
    return { count, mean: sum / count, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: sorted[count - 1]! };
  }
}

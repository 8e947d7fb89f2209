/**
 * LinkedExporter: a plugin's trace exporter as one event loop calls it. Hot path for sampled requests; data plane.
 *
 * Whatever the plugin does, requests go on: what it throws is reported, and it is called after the answer has left.
 */
import type { TracedRequest, TraceExporter } from '../../plugin/trace-exporter.ts';

/** So long is waited for an exporter that stops: less than a data thread has to end by itself. */
const STOP_LIMIT_MS = 1_000;

export class LinkedExporter {
  /** Names the component, its options and its code: what has the same key is the same exporter. */
  readonly key: string;
  readonly #exporter: TraceExporter;
  readonly #failed: (doing: string, thrown: unknown) => void;
  #isStopped = false;

  /** `failed` reports what the exporter throws. */
  constructor(key: string, exporter: TraceExporter, failed: (doing: string, thrown: unknown) => void) {
    this.key = key;
    this.#exporter = exporter;
    this.#failed = failed;
  }

  /** record hands over a request; one that ends after the exporter was stopped is not reported. */
  record(request: TracedRequest): void {
    if (this.#isStopped) return;
    try {
      this.#exporter.record(request);
    } catch (error) {
      this.#failed('report a request', error);
    }
  }

  /** stop resolves once the exporter has stopped, or has had its time. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, STOP_LIMIT_MS);
    });
    try {
      await Promise.race([this.#exporter.stop?.(), limit]);
    } catch (error) {
      this.#failed('stop', error);
    } finally {
      clearTimeout(timer);
    }
  }
}

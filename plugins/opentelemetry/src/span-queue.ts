/**
 * SpanQueue: requests that wait to be sent to the collector, in bounded memory. Data threads; `record` is on the hot path of sampled requests.
 *
 * Spans are made when a batch is sent, so that a request that is dropped costs nothing more. One batch is on its way at a time: a collector that is
 * slow, or away, finds a queue that fills and not a pile of connections. OpenTelemetry's own processor does not say how many it dropped.
 */
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { PluginLog, TracedRequest, TraceExporter } from '@sluice/core/plugin';

/** ExportResultCode.SUCCESS of OpenTelemetry. */
const SUCCESS = 0;
/** Requests in one batch: some 300 KB of JSON, made within a few milliseconds. */
const BATCH = 128;

export interface SpanQueueOptions {
  readonly exporter: Pick<SpanExporter, 'export' | 'shutdown'>;
  readonly spansOf: (request: TracedRequest) => ReadableSpan[];
  readonly log: PluginLog;
  /** For messages. */
  readonly url: string;
  /** The longest that a request waits for others. */
  readonly everyMs: number;
  /** The most requests that wait. */
  readonly most: number;
}

export class SpanQueue implements TraceExporter {
  readonly #options: SpanQueueOptions;
  #waiting: TracedRequest[] = [];
  #timer: NodeJS.Timeout | null = null;
  /** Resolves when the batch on its way has arrived, or failed; null: none is. */
  #sending: Promise<void> | null = null;
  #dropped = 0;
  #isFailing = false;

  constructor(options: SpanQueueOptions) {
    this.#options = options;
  }

  record(request: TracedRequest): void {
    const { most, everyMs } = this.#options;
    if (this.#waiting.length >= most) {
      this.#dropped++;
      return;
    }
    this.#waiting.push(request);
    if (this.#sending !== null) return;
    if (this.#waiting.length >= Math.min(BATCH, most)) this.#sendSoon(0);
    else this.#timer ??= setTimeout(() => this.#send(), everyMs).unref();
  }

  /** stop sends what waits, and closes the exporter. What the collector does not take is lost. */
  async stop(): Promise<void> {
    this.#clearTimer();
    await this.#sending;
    while (this.#waiting.length > 0 && !this.#isFailing) await this.#send();
    this.#clearTimer();
    const lost = this.#waiting.length + this.#dropped;
    this.#waiting = [];
    if (lost > 0)
      this.#options.log.warn(`${requests(lost)} were not traced: the collector did not take them`, { lost });
    await this.#options.exporter.shutdown();
  }

  #sendSoon(inMs: number): void {
    this.#clearTimer();
    this.#timer = setTimeout(() => this.#send(), inMs).unref();
  }

  #clearTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #send(): Promise<void> {
    this.#clearTimer();
    const batch = this.#waiting.splice(0, BATCH);
    this.#sending = this.#export(batch).then((reason) => {
      if (reason === null) this.#arrived();
      else this.#failed(batch.length, reason);
      this.#sending = null;
      const isFull = this.#waiting.length >= BATCH && !this.#isFailing;
      if (this.#waiting.length > 0) this.#sendSoon(isFull ? 0 : this.#options.everyMs);
    });
    return this.#sending;
  }

  /** export resolves to why a batch was not taken, in one line; null: it was. */
  #export(batch: readonly TracedRequest[]): Promise<string | null> {
    const { exporter, spansOf } = this.#options;
    return new Promise<string | null>((resolve) => {
      exporter.export(batch.flatMap(spansOf), ({ code, error }) => resolve(code === SUCCESS ? null : reasonOf(error)));
    }).catch(reasonOf);
  }

  /** One line says that the collector is back, and what was lost meanwhile. */
  #arrived(): void {
    const dropped = this.#dropped;
    this.#dropped = 0;
    if (this.#isFailing) {
      this.#options.log.info(`traces are sent again; ${requests(dropped)} were not traced`, {
        url: this.#options.url,
        dropped,
      });
    } else if (dropped > 0) {
      this.#options.log.warn(`${requests(dropped)} were not traced: the queue was full`, { dropped });
    }
    this.#isFailing = false;
  }

  /** A batch that fails is lost: the exporter has tried again where that could help. The first failure in a row is logged. */
  #failed(count: number, reason: string): void {
    this.#dropped += count;
    if (this.#isFailing) return;
    this.#isFailing = true;
    const { log, url } = this.#options;
    log.warn(
      `traces cannot be sent to ${url}: ${reason}. Requests are served as before, and those that are not traced are counted`,
      {
        url,
        reason,
      },
    );
  }
}

function requests(count: number): string {
  return count === 1 ? '1 request' : `${count} requests`;
}

/** reasonOf is one line; a collector's own text is none of the log's. */
function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return 'no reason is known';
  const { code } = thrown as { readonly code?: unknown };
  if (typeof code === 'number') return `the collector answered with status ${code}`;
  if (typeof code === 'string') return code;
  return thrown.message === '' ? thrown.name : thrown.message.split('\n')[0]!.slice(0, 200);
}

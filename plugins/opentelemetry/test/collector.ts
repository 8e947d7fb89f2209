/**
 * Collector: an HTTP server that takes OTLP as JSON, and keeps the spans that it decodes. Test code.
 */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

/** ReceivedSpan is a span with its attributes as plain values. */
export interface ReceivedSpan {
  readonly name: string;
  /** 1: internal, 2: server. */
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** 0: not set, 2: error. */
  readonly status: number;
  readonly message: string;
  readonly service: unknown;
}

interface Value {
  readonly stringValue?: string;
  readonly intValue?: number | string;
  readonly doubleValue?: number;
}
type Pairs = readonly { readonly key: string; readonly value: Value }[];

function valuesOf(pairs: Pairs = []): Record<string, unknown> {
  return Object.fromEntries(
    pairs.map(({ key, value }) => [key, value.stringValue ?? value.doubleValue ?? Number(value.intValue)]),
  );
}

function spansIn(body: string): ReceivedSpan[] {
  const { resourceSpans } = JSON.parse(body);
  const spans: ReceivedSpan[] = [];
  for (const { resource, scopeSpans } of resourceSpans) {
    const service = valuesOf(resource.attributes)['service.name'];
    for (const { spans: own } of scopeSpans) {
      for (const span of own) {
        spans.push({
          ...{ name: span.name, kind: span.kind, traceId: span.traceId, spanId: span.spanId, service },
          parentSpanId: span.parentSpanId ?? '',
          traceState: span.traceState ?? '',
          startMs: Number(span.startTimeUnixNano) / 1e6,
          endMs: Number(span.endTimeUnixNano) / 1e6,
          attributes: valuesOf(span.attributes),
          status: span.status.code ?? 0,
          message: span.status.message ?? '',
        });
      }
    }
  }
  return spans;
}

export class Collector {
  readonly spans: ReceivedSpan[] = [];
  readonly requests: { readonly path: string; readonly headers: IncomingHttpHeaders }[] = [];
  /** How it answers; null: it does not. */
  answer: ((response: ServerResponse) => void) | null = (response) => response.end('{}');
  #server: Server | null = null;
  #port = 0;
  readonly #looks = new Set<() => void>();

  static async start(): Promise<Collector> {
    const collector = new Collector();
    await collector.listen();
    return collector;
  }

  /** listen listens, on the same port as before. */
  async listen(): Promise<void> {
    const server = createServer(async (request, response) => {
      const pieces: Buffer[] = [];
      for await (const piece of request) pieces.push(piece as Buffer);
      const body = Buffer.concat(pieces);
      const text = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
      this.requests.push({ path: request.url!, headers: request.headers });
      this.spans.push(...spansIn(text.toString()));
      this.answer?.(response);
      for (const look of this.#looks) look();
    }).listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** until resolves to what `look` finds, asked again whenever spans have come. */
  until<Found>(look: (spans: readonly ReceivedSpan[]) => Found | undefined | false): Promise<Found> {
    return new Promise((resolve) => {
      const again = (): void => {
        const found = look(this.spans);
        if (found === undefined || found === false) return;
        this.#looks.delete(again);
        resolve(found);
      };
      this.#looks.add(again);
      again();
    });
  }

  /** stop closes the port, and all connections. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }
}

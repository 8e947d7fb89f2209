/**
 * The data entry of opentelemetry. Data threads; must not import the manifest.
 */
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { ATTR_SERVICE_NAME } from '@opentelemetry/semantic-conventions';
import type { DataEntry } from '@sluice/core/plugin';
import { RequestSpans } from './request-spans.ts';
import { SpanQueue } from './span-queue.ts';

/** A collector that has not taken a batch by then, however often it was tried, is slow or away. */
const TIMEOUT_MS = 5_000;

export const traceExporters: NonNullable<DataEntry['traceExporters']> = {
  opentelemetry: ({ url, service, authorization, every, queue }, { log }) => {
    const headers = typeof authorization === 'string' ? { Authorization: authorization } : {};
    const exporter = new OTLPTraceExporter({ url: url as string, headers, timeoutMillis: TIMEOUT_MS });
    const spans = new RequestSpans(resourceFromAttributes({ [ATTR_SERVICE_NAME]: service as string }));
    return new SpanQueue({
      exporter,
      spansOf: (request) => spans.of(request),
      log,
      url: url as string,
      everyMs: every as number,
      most: queue as number,
    });
  },
};

/**
 * The manifest of opentelemetry: sampled requests as spans for a collector, OTLP over HTTP. Main thread only.
 */
import { definePlugin } from '@sluice/core/plugin';
import type { Args } from '@sluice/dsl/plan';
import { otelError } from './errors.ts';

export default definePlugin({
  name: 'opentelemetry',
  apiVersion: 1,
  data: new URL('../dist/data.js', import.meta.url).href,
  components: [
    {
      kind: 'component',
      slot: 'traces',
      name: 'opentelemetry',
      doc: 'Sends a span for each sampled request, with its phases, to an OpenTelemetry collector (OTLP over HTTP, JSON).',
      example: 'traces to opentelemetry "http://127.0.0.1:4318" service "edge"',
      args: [
        {
          name: 'url',
          type: 'text',
          doc: 'The collector. Without a path, `/v1/traces` is added.',
        },
        {
          name: 'service',
          type: 'text',
          before: 'service',
          doc: 'The name of the service in traces (`service.name`); `sluice` by default.',
          isOptional: true,
          default: 'sluice',
        },
        {
          name: 'authorization',
          type: 'text',
          before: 'authorization',
          doc: 'The value of the header Authorization, as a secret.',
          isOptional: true,
        },
        {
          name: 'every',
          type: 'duration',
          before: 'every',
          doc: 'The longest that a span waits for others, which are sent with it; 5 s by default.',
          isOptional: true,
          default: 5_000,
          min: 50,
          max: 60_000,
        },
        {
          name: 'queue',
          type: 'number',
          before: 'queue at most',
          doc: 'The maximum number of requests that wait to be sent, for each thread; more are dropped and counted. 2048 by default.',
          isOptional: true,
          default: 2_048,
          min: 1,
          max: 65_536,
        },
      ],
      validate(options) {
        const url = plain('url', options);
        const service = plain('service', options);
        const { authorization } = options;
        if (
          authorization !== undefined &&
          (typeof authorization !== 'object' || !('secret' in (authorization ?? {})))
        ) {
          throw otelError('SP1305', {});
        }
        return { ...options, service, url: endpointOf(url) };
      },
    },
  ],
});

function plain(name: string, options: Args): string {
  const value = options[name];
  if (typeof value !== 'string') throw otelError('SP1304', { name });
  return value;
}

/** endpointOf is where spans are sent to, as collectors have it by default. */
function endpointOf(value: string): string {
  if (!URL.canParse(value)) throw otelError('SP1301', { value });
  const url = new URL(value);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw otelError('SP1302', { value });
  if (url.username !== '' || url.password !== '') throw otelError('SP1303', {});
  if (url.pathname === '/') url.pathname = '/v1/traces';
  return url.href;
}

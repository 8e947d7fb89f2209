/**
 * Trace: the settings `trace sample SHARE [ignore incoming]` and `traces to EXPORTER`. Main thread.
 */
import { gatewaySetting } from './gateway-setting.ts';

export const trace = gatewaySetting({
  name: 'trace',
  doc: 'gives each request its place in a trace, and sends it to servers in `traceparent` and `tracestate` (W3C Trace Context)',
  example: 'trace sample 1%',
  args: [
    {
      name: 'sample',
      type: 'percent',
      before: 'sample',
      doc: 'the share of new traces to sample; a trace that comes with a request has been decided on by its sender',
      min: 0,
      max: 100,
    },
    {
      name: 'ignore',
      type: 'flag',
      before: 'ignore incoming',
      doc: 'begins a new trace for every request, for clients that anybody can be',
      isOptional: true,
    },
  ],
  defaults: () => ({ trace: undefined }),
  why: 'without it, what a request brings is passed on as it is, at no cost',
  read: ({ args }) => ({ trace: { sample: args.sample / 100, ignoresIncoming: args.ignore } }),
});

export const tracesTo = gatewaySetting({
  name: 'traces to',
  doc: 'reports sampled requests to a tracing system, by a plugin',
  example: 'traces to opentelemetry "http://127.0.0.1:4318"',
  slot: 'traces',
  args: [],
  defaults: () => ({ traces: undefined }),
  why: 'there is no tracing system that everybody has',
  read: ({ use }) => ({ traces: use }),
  complete({ scope, span }, { trace }) {
    if (trace !== undefined) return null;
    return scope.error('SL0117', span, { word: 'traces to', what: '`trace`' }, 'Add `trace sample 1%`');
  },
});

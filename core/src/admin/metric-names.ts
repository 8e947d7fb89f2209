/**
 * MetricNames: what each counter of the gateway is called in Prometheus, and what it counts. Main thread.
 *
 * Names follow Prometheus' own rules: base units, `_total` for what only grows, the unit before that.
 */
import type { BackendCounter, ListenerCounter, ServerCounter } from '../shared/tables/counters.ts';

interface CounterMetric {
  /** Without `sluice_KIND_` and `_total`. */
  readonly name: string;
  readonly help: string;
}

type AnswerClass = `answers${number}xx`;
type Named<Counter extends string> = Readonly<Record<Exclude<Counter, AnswerClass>, CounterMetric>>;

export const LISTENER_METRICS: Named<ListenerCounter> = {
  connections: { name: 'connections', help: 'Client connections accepted' },
  connectionsClosed: { name: 'connections_closed', help: 'Client connections that have ended' },
  connectionsRefused: {
    name: 'connections_refused',
    help: 'Client connections closed at once: over a connection limit, or no TLS session could be started',
  },
  requests: { name: 'requests', help: 'Requests received, including those that the gateway answers itself' },
  denied: { name: 'denied', help: 'Requests that a guard answered with a status of 400 or more' },
  badRequests: { name: 'bad_requests', help: 'Requests and handshakes that are malformed or over a size limit' },
  clientAborts: { name: 'client_aborts', help: 'Requests whose client was gone before the response was complete' },
  bytesIn: { name: 'received_bytes', help: 'Bytes received from clients, without TLS framing' },
  bytesOut: { name: 'sent_bytes', help: 'Bytes sent to clients, without TLS framing' },
  pluginErrors: { name: 'plugin_errors', help: 'Failures of plugins while they served a request or connection' },
  limited: { name: 'limited', help: 'Requests refused by a rate limit' },
  tlsFailures: { name: 'tls_failures', help: 'TLS handshakes with clients that failed' },
};

export const SERVER_METRICS: Named<ServerCounter> = {
  requests: { name: 'requests', help: 'Requests and connections sent to the server, retries included' },
  connects: { name: 'connects', help: 'Connections established to the server' },
  connectFailures: { name: 'connect_failures', help: 'Connections to the server that could not be established' },
  badAnswers: { name: 'bad_answers', help: 'Responses of the server that are not valid HTTP' },
  timeouts: { name: 'timeouts', help: 'Requests that the server did not answer in time' },
  retries: { name: 'retries', help: 'Requests sent again after this server failed them' },
  tlsHandshakes: { name: 'tls_handshakes', help: 'TLS handshakes with the server that succeeded' },
  tlsResumed: { name: 'tls_resumed', help: 'TLS handshakes with the server that resumed a session' },
  tlsFailures: { name: 'tls_failures', help: 'TLS handshakes with the server that failed' },
  refusals: { name: 'refusals', help: 'Requests that the server said it has not processed (RFC 9113 section 8.7)' },
};

export const BACKEND_METRICS: Named<BackendCounter> = {
  fallBacks: { name: 'fall_backs', help: 'Requests sent to the fallback backend, as too few servers were up' },
  served: { name: 'served', help: 'Responses that the backend produced itself, such as static files' },
  serveErrors: { name: 'serve_errors', help: 'Responses that the backend should have produced itself, and could not' },
  retriesOverBudget: { name: 'retries_over_budget', help: 'Requests not retried, as the retry budget was spent' },
  closedOnDown: { name: 'closed_on_down', help: 'Requests and tunnels cut off as their server went down' },
};

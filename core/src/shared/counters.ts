/**
 * Counters: what happened, per thread, listener and server, in shared memory. Hot path; both planes.
 *
 * Each thread writes only its own block, so counting is one addition without a lock; the control plane adds the blocks up.
 * Values are exact to 2^53. A lost thread's block stays, so totals never go backwards.
 */
export const LISTENER_COUNTERS = [
  'connections',
  'connectionsClosed',
  'connectionsRefused',
  'requests',
  'answers1xx',
  'answers2xx',
  'answers3xx',
  'answers4xx',
  'answers5xx',
  'denied',
  'badRequests',
  'clientAborts',
  'bytesIn',
  'bytesOut',
] as const;

export const SERVER_COUNTERS = [
  'requests',
  'connects',
  'connectFailures',
  'badAnswers',
  'timeouts',
  'retries',
  'answers2xx',
  'answers5xx',
] as const;

export type ListenerCounter = (typeof LISTENER_COUNTERS)[number];
export type ServerCounter = (typeof SERVER_COUNTERS)[number];

/** Most listeners, and most backends, in one gateway. */
export const LISTENER_CAPACITY = 1024;
export const BACKEND_CAPACITY = 4096;

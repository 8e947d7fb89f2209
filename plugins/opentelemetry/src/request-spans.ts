/**
 * RequestSpans: a traced request as the spans of OpenTelemetry: one of the server kind, and a child for each phase. Names of attributes are those of
 * the semantic conventions for HTTP 1.x. Data threads.
 */
import {
  type Attributes,
  type HrTime,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
} from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import {
  ATTR_CLIENT_ADDRESS,
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_REQUEST_METHOD_ORIGINAL,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_NETWORK_PEER_ADDRESS,
  ATTR_NETWORK_PEER_PORT,
  ATTR_NETWORK_PROTOCOL_VERSION,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_PATH,
  ATTR_URL_SCHEME,
  ATTR_USER_AGENT_ORIGINAL,
} from '@opentelemetry/semantic-conventions';
import type { TracedPhase, TracedRequest } from '@sluice/core/plugin';
import { randomSpanId } from './span-id.ts';

/** Methods that the conventions know; any other is `_OTHER`, so that clients cannot make up values without end. */
const METHODS = new Set(['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'QUERY', 'TRACE']);

const SCOPE = { name: '@sluice/opentelemetry' };

export class RequestSpans {
  readonly #resource: Resource;

  constructor(resource: Resource) {
    this.#resource = resource;
  }

  /** of returns the spans of a request: the parent first. */
  of(request: TracedRequest): ReadableSpan[] {
    const own: SpanContext = contextOf(request, request.spanId);
    const parent = request.parentId === '' ? undefined : { ...contextOf(request, request.parentId), isRemote: true };
    const method = METHODS.has(request.method) ? request.method : '_OTHER';
    const error = errorOf(request);
    const server = this.#span({
      // Without a route, the method alone: paths are without end.
      name: method === '_OTHER' ? 'HTTP' : method,
      kind: SpanKind.SERVER,
      context: own,
      parent,
      startMs: request.startMs,
      durationMs: request.durationMs,
      attributes: attributesOf(request, method, error),
      error: request.status >= 500 || request.aborted !== '' ? error : '',
      message: request.refused === '' ? request.aborted : request.refused,
    });
    return [server, ...request.phases.map((phase) => this.#phase(request, phase, own))];
  }

  #phase(request: TracedRequest, phase: TracedPhase, parent: SpanContext): ReadableSpan {
    const { address, error } = phase;
    return this.#span({
      name: phase.name,
      kind: SpanKind.INTERNAL,
      context: contextOf(request, randomSpanId()),
      parent,
      startMs: request.startMs + phase.startMs,
      durationMs: phase.durationMs,
      attributes: {
        'sluice.backend': phase.backend,
        ...given('sluice.server', phase.server),
        ...(address === null
          ? {}
          : 'path' in address
            ? { [ATTR_NETWORK_PEER_ADDRESS]: address.path }
            : { [ATTR_NETWORK_PEER_ADDRESS]: address.host, [ATTR_NETWORK_PEER_PORT]: address.port }),
        ...given(ATTR_ERROR_TYPE, error),
      },
      error,
      message: error,
    });
  }

  #span(made: {
    readonly name: string;
    readonly kind: SpanKind;
    readonly context: SpanContext;
    readonly parent: SpanContext | undefined;
    readonly startMs: number;
    readonly durationMs: number;
    readonly attributes: Attributes;
    readonly error: string;
    readonly message: string;
  }): ReadableSpan {
    const { name, kind, context, parent, startMs, durationMs, attributes, error, message } = made;
    return {
      name,
      kind,
      spanContext: () => context,
      ...(parent === undefined ? {} : { parentSpanContext: parent }),
      startTime: timeOf(startMs),
      endTime: timeOf(startMs + durationMs),
      duration: timeOf(durationMs),
      status: error === '' ? { code: SpanStatusCode.UNSET } : { code: SpanStatusCode.ERROR, message },
      attributes,
      links: [],
      events: [],
      ended: true,
      resource: this.#resource,
      instrumentationScope: SCOPE,
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    };
  }
}

function attributesOf(request: TracedRequest, method: string, error: string): Attributes {
  return {
    [ATTR_HTTP_REQUEST_METHOD]: method,
    ...(method === '_OTHER' ? given(ATTR_HTTP_REQUEST_METHOD_ORIGINAL, request.method) : {}),
    [ATTR_URL_SCHEME]: request.scheme,
    [ATTR_NETWORK_PROTOCOL_VERSION]: request.version,
    ...given(ATTR_URL_PATH, request.path),
    ...given(ATTR_SERVER_ADDRESS, request.host),
    [ATTR_SERVER_PORT]: request.port,
    ...given(ATTR_CLIENT_ADDRESS, request.client),
    ...given(ATTR_USER_AGENT_ORIGINAL, request.userAgent),
    ...(request.status === 0 ? {} : { [ATTR_HTTP_RESPONSE_STATUS_CODE]: request.status }),
    ...given(ATTR_ERROR_TYPE, error),
    ...(request.retries === 0 ? {} : { 'sluice.retries': request.retries }),
    'sluice.listener': request.listener,
    ...given('sluice.rule', request.rule),
    ...given('sluice.backend', request.backend),
    ...given('sluice.server', request.server),
  };
}

/** errorOf is why a request failed, for the gateway: as the conventions have it, the status of 500 and more, or a word; empty: it did not. */
function errorOf({ status, aborted }: TracedRequest): string {
  if (aborted !== '') return aborted;
  return status >= 500 ? String(status) : '';
}

function given(name: string, value: string): Attributes {
  return value === '' ? {} : { [name]: value };
}

function contextOf({ traceId, traceState }: TracedRequest, spanId: string): SpanContext {
  return {
    traceId,
    spanId,
    traceFlags: TraceFlags.SAMPLED,
    ...(traceState === '' ? {} : { traceState: stateOf(traceState) }),
  };
}

/** stateOf is a trace state that was checked already: it is passed on as it is. */
function stateOf(text: string): NonNullable<SpanContext['traceState']> {
  const members = new Map(text.split(',').map((member) => [member.slice(0, member.indexOf('=')), member]));
  const self = {
    get: (key: string) => members.get(key)?.slice(key.length + 1),
    set: () => self,
    unset: () => self,
    serialize: () => text,
  };
  return self;
}

function timeOf(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.min(999_999_999, Math.round((ms - seconds * 1000) * 1e6))];
}

/**
 * TracedRequest: a request that has ended, as it is reported to a tracing system. Data plane; made for sampled requests alone.
 */
import { formatPlace } from '@sluice/dsl/plan';
import type { TracedRequest } from '../../plugin/trace-exporter.ts';
import type { LinkedBackend, LinkedListener, LinkedRule } from '../backend/generation.ts';
import type { LiveRequest } from '../message/live-request.ts';
import type { PhaseMarks } from '../trace/phase-marks.ts';
import type { TraceContext } from '../trace/trace-context.ts';

/** EndedExchange is what an exchange that ends has to say. */
interface EndedExchange {
  readonly request: LiveRequest;
  readonly listener: LinkedListener;
  readonly rule: LinkedRule | null;
  readonly sentTo: LinkedBackend | null;
  readonly loop: { now(): number };
}

/** tracedRequest: `server` is the name of who answered, or was tried last. */
export function tracedRequest(
  { request, listener, rule, sentTo, loop }: EndedExchange,
  { traceId, spanId, parentId, state }: TraceContext,
  marks: PhaseMarks,
  server: string,
): TracedRequest {
  const endMs = loop.now();
  const durationMs = endMs - request.startMs;
  const isRead = request.host !== '' || request.path !== '';
  const agent = isRead ? request.header('user-agent') : undefined;
  return {
    traceId,
    spanId,
    parentId,
    traceState: state,
    startMs: performance.timeOrigin + performance.now() - durationMs,
    durationMs,
    listener: listener.name,
    client: request.ip?.text ?? '',
    method: request.sentMethod,
    version: request.isHttp2 ? '2' : request.isHttp11 ? '1.1' : '1.0',
    scheme: request.scheme,
    host: request.host,
    port: request.port,
    path: request.path,
    userAgent: typeof agent === 'string' ? agent : (agent?.[0] ?? ''),
    status: request.status,
    rule: rule === null ? '' : formatPlace(rule.rule.place),
    backend: sentTo === null ? '' : sentTo.name,
    server,
    retries: Math.max(0, request.attempts - 1),
    refused: request.refusal,
    aborted: request.abortCause,
    phases: marks.phases(request.startMs, endMs),
  };
}

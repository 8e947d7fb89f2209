/**
 * httpCheck: one HTTP request to a server. Main thread. Each probe has a connection of its own and lets go of it in every case;
 * of the body it reads no more than it has to.
 */
import { type ClientRequest, type IncomingMessage, type RequestOptions, request } from 'node:http';
import type { HealthCheck, ProbeResult, ProbeTarget } from '@sluice/core/plugin';
import type { Args } from '@sluice/dsl/plan';
import { type ExpectedStatuses, expectedStatuses, isExpected } from './expected-statuses.ts';

const BODY_BYTES = 64 * 1024;

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  ENOTFOUND: 'name not found',
  EAI_AGAIN: 'name could not be looked up',
  ENOENT: 'no such socket',
  EACCES: 'permission denied',
  EPIPE: 'connection closed without an answer',
  ECONNRESET: 'connection closed without an answer',
};

/** httpCheck passes when the status is expected and, where `contains` is written, the body holds the text. */
export const httpCheck: HealthCheck = {
  probe(target, options, signal) {
    return new Promise<ProbeResult>((resolve) => {
      if (signal.aborted) {
        resolve(failed('stopped before it began'));
        return;
      }
      let outgoing: ClientRequest;
      try {
        outgoing = request(requestOptions(target, options));
      } catch (error) {
        resolve(failed(`cannot ask for ${JSON.stringify(options.uri)} (${(error as Error).message})`));
        return;
      }
      let stage = 'no connection in time';
      const settle = (result: ProbeResult) => {
        signal.removeEventListener('abort', onAbort);
        outgoing.destroy();
        resolve(result);
      };
      const onAbort = () => settle(failed(stage));
      signal.addEventListener('abort', onAbort, { once: true });
      const expected = expectedStatuses(options.expect);
      const text = typeof options.contains === 'string' ? options.contains : null;
      // Stays after the probe has settled: what destroy() brings about must not become an uncaught error.
      outgoing.on('error', (error: NodeJS.ErrnoException) => settle(failed(reasonOf(error))));
      outgoing.once('socket', (socket) => {
        socket.once('connect', () => {
          stage = 'no answer in time';
        });
      });
      outgoing.once('upgrade', (answer: IncomingMessage) => settle(judge(answer.statusCode ?? 0, expected)));
      outgoing.once('response', (answer: IncomingMessage) => {
        stage = 'the body did not end in time';
        const verdict = judge(answer.statusCode ?? 0, expected);
        if (verdict.status !== 'passed' || text === null) settle(verdict);
        else search(answer, text, verdict, settle);
      });
      outgoing.end();
    });
  },
};

function requestOptions(target: ProbeTarget, options: Args): RequestOptions {
  const { address } = target;
  const headers: Record<string, string> = { 'User-Agent': 'sluice-check', Accept: '*/*', Connection: 'close' };
  if (typeof options.host === 'string') headers.Host = options.host;
  return {
    ...('path' in address ? { socketPath: address.path } : { host: address.host, port: address.port }),
    method: String(options.method),
    path: String(options.uri),
    headers,
    agent: false,
  };
}

function judge(status: number, expected: ExpectedStatuses): ProbeResult {
  if (isExpected(expected, status)) return { status: 'passed', reason: `status ${status}` };
  return failed(`status ${status}, expected ${expected.text}`);
}

/** search reads the body until the text has come, or the body or its limit has ended. */
function search(
  answer: IncomingMessage,
  text: string,
  passed: ProbeResult,
  settle: (result: ProbeResult) => void,
): void {
  const wanted = Buffer.from(text, 'utf8');
  const missing = `body does not contain ${JSON.stringify(text)}`;
  let seen: Buffer = Buffer.alloc(0);
  answer.on('data', (chunk: Buffer) => {
    seen = Buffer.concat([seen, chunk.subarray(0, BODY_BYTES - seen.length)]);
    if (seen.includes(wanted)) settle(passed);
    else if (seen.length >= BODY_BYTES) settle(failed(`${missing} in its first 64 KiB`));
  });
  answer.once('end', () => settle(failed(missing)));
  answer.once('error', () => settle(failed('the body broke off')));
}

function failed(reason: string): ProbeResult {
  return { status: 'failed', reason };
}

function reasonOf(error: NodeJS.ErrnoException): string {
  const code = error.code ?? 'unknown error';
  if (code.startsWith('HPE_')) return `answer is not valid HTTP (${code})`;
  return REASONS[code] ?? `request failed (${code})`;
}

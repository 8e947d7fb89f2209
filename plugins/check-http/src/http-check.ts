/**
 * httpCheck and httpsCheck: one HTTP request to a server, on a connection of its own. Main thread.
 *
 * Of the answer no more is read than the head, and of the body no more than where the text must stand.
 */
import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import type { HealthCheck, ProbeResult, ProbeTarget } from '@sluice/core/plugin';
import { type Conversation, converse, failed, type Heard, type TlsOptions } from '@sluice/core/probe';
import { type Args, withoutZone } from '@sluice/dsl/plan';
import { ANSWER_BYTES, AnswerError, BODY_BYTES, HttpAnswer } from './answer.ts';
import { type ExpectedStatuses, expectedStatuses, isExpected } from './expected-statuses.ts';

/** Wanted is what a check's options come to; the same for all of its probes. */
interface Wanted {
  readonly method: string;
  readonly uri: string;
  readonly host: string | null;
  readonly expected: ExpectedStatuses;
  readonly draining: ExpectedStatuses | null;
  readonly text: string | null;
  readonly bytes: Buffer | null;
  readonly tls: TlsOptions;
  /** False for a plan written by hand whose request could be read as two. */
  readonly isSendable: boolean;
}

const SENDABLE = /^[\x21-\x7e]+$/;

const known = new WeakMap<Args, Wanted>();

/** httpCheck passes when the status is expected and, where a text is written, the body holds it. */
export const httpCheck: HealthCheck = {
  probe(target, options, signal) {
    const wanted = wantedOf(options);
    if (!wanted.isSendable) return unsendable(wanted);
    return converse(target, signal, httpConversation(target, wanted, 80));
  },
};

/** httpsCheck does the same over TLS, and passes only if the certificate is right, unless `insecure` is written. */
export const httpsCheck: HealthCheck = {
  probe(target, options, signal) {
    const wanted = wantedOf(options);
    if (!wanted.isSendable) return unsendable(wanted);
    return converse(target, signal, httpConversation(target, wanted, 443), tlsOf(target, wanted));
  },
};

function httpConversation(target: ProbeTarget, wanted: Wanted, standardPort: number): Conversation {
  const answer = new HttpAnswer(wanted.method === 'HEAD');
  return {
    opening: requestText(target, wanted, standardPort),
    mostBytes: ANSWER_BYTES,
    receive(bytes, hasEnded): Heard {
      try {
        return hear(answer, wanted, bytes, hasEnded);
      } catch (error) {
        if (!(error instanceof AnswerError)) throw error;
        return { result: failed(`the answer is not HTTP: ${error.message}`) };
      }
    },
  };
}

function hear(answer: HttpAnswer, wanted: Wanted, bytes: Buffer, hasEnded: boolean): Heard {
  if (answer.status === 0) {
    const taken = answer.readHead(bytes);
    if (taken === 0) return null;
    if (answer.status === 0) return { taken };
    const verdict = judge(answer.status, wanted);
    // A server that asks for no new clients says so by its status; its body is an error page.
    if (verdict.status !== 'passed' || wanted.bytes === null) return { result: verdict };
    return { taken };
  }
  const taken = answer.readBody(bytes);
  const missing = `body does not contain ${JSON.stringify(wanted.text)}`;
  if (answer.body.includes(wanted.bytes!)) return { result: judge(answer.status, wanted) };
  if (answer.isFull) return { result: failed(`${missing} in its first ${BODY_BYTES / 1024} KiB`) };
  if (answer.isWhole || (hasEnded && taken === 0 && answer.end())) return { result: failed(missing) };
  if (taken > 0) return { taken };
  return hasEnded ? { result: failed('the body broke off') } : null;
}

function unsendable({ method, uri, host }: Wanted): Promise<ProbeResult> {
  return Promise.resolve(failed(`cannot ask for ${JSON.stringify([method, uri, host].join(' ').trim())}`));
}

function judge(status: number, { expected, draining }: Wanted): ProbeResult {
  if (draining !== null && isExpected(draining, status)) return { status: 'condpass', reason: `status ${status}` };
  if (isExpected(expected, status)) return { status: 'passed', reason: `status ${status}` };
  return failed(`status ${status}, expected ${expected.text}`);
}

function requestText({ address }: ProbeTarget, { method, uri, host }: Wanted, standardPort: number): string {
  const authority = host ?? ('path' in address ? 'localhost' : authorityOf(address.host, address.port, standardPort));
  return `${method} ${uri} HTTP/1.1\r\nHost: ${authority}\r\nUser-Agent: sluice-check\r\nAccept: */*\r\nConnection: close\r\n\r\n`;
}

function authorityOf(host: string, port: number, standardPort: number): string {
  const bare = withoutZone(host);
  const name = bare.includes(':') ? `[${bare}]` : bare;
  return port === standardPort ? name : `${name}:${port}`;
}

function wantedOf(options: Args): Wanted {
  let wanted = known.get(options);
  if (wanted === undefined) {
    const text = typeof options.contains === 'string' ? options.contains : null;
    wanted = {
      method: String(options.method),
      uri: String(options.uri),
      host: typeof options.host === 'string' ? options.host : null,
      expected: expectedStatuses(options.expect),
      draining: options.drain === undefined || options.drain === null ? null : expectedStatuses(options.drain),
      text,
      bytes: text === null ? null : Buffer.from(text, 'utf8'),
      isSendable: true,
      tls: {
        rejectUnauthorized: options.insecure !== true,
        ...(typeof options.caPem === 'string' ? { ca: options.caPem } : {}),
        ...(typeof options.name === 'string' ? { servername: options.name } : {}),
      },
    };
    const { method, uri, host } = wanted;
    wanted = { ...wanted, isSendable: [method, uri, host ?? 'host'].every((part) => SENDABLE.test(part)) };
    known.set(options, wanted);
  }
  return wanted;
}

/** The name that is asked for and verified: the one written, else the Host header's, else the server's own. */
function tlsOf({ address }: ProbeTarget, { tls, host }: Wanted): TlsOptions {
  if (tls.servername !== undefined) return tls;
  const name = host?.replace(/:\d+$/, '') ?? ('path' in address ? 'localhost' : withoutZone(address.host));
  // An address cannot be asked for (RFC 6066 section 3), but is verified all the same.
  return isIP(name) === 0 ? { ...tls, servername: name } : { ...tls, ...verifying(name) };
}

function verifying(address: string): Pick<TlsOptions, 'checkServerIdentity'> {
  return { checkServerIdentity: (_name, certificate) => checkServerIdentity(address, certificate) };
}

/**
 * HttpsCaller: calls to one origin, with a limit on everything that a hostile or broken server could draw out. Main thread.
 *
 * Redirects are not followed, answers have a longest size and time, and nothing goes to another host than that of the directory.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { Agent, request } from 'node:https';
import { AcmeError } from './acme-error.ts';

const MOST_BYTES = 256 * 1024;
const TIMEOUT_MS = 30_000;

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Call {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly url: string;
  readonly body?: string;
  readonly accept?: string;
  readonly signal: AbortSignal;
}

export class HttpsCaller {
  readonly #origin: string;
  readonly #agent: Agent;
  readonly #timeoutMs: number;

  /** `ca`: who is believed besides nobody else, PEM; null: the system's authorities. */
  constructor(origin: string, ca: Buffer | null, timeoutMs = TIMEOUT_MS) {
    this.#origin = origin;
    this.#timeoutMs = timeoutMs;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 4, ...(ca === null ? {} : { ca }) });
  }

  /** checked returns an address if calls may go there. Throws AcmeError. */
  checked(url: unknown, what: string): string {
    if (typeof url === 'string' && URL.canParse(url) && new URL(url).origin === this.#origin) return url;
    throw new AcmeError(`the authority names ${what} that is not at ${this.#origin}, and is not believed`);
  }

  /** call rejects with AcmeError for a server that cannot be reached, is too slow, or says too much. */
  async call({ method, url, body, accept, signal }: Call): Promise<Reply> {
    this.checked(url, 'an address');
    signal.throwIfAborted();
    const limit = AbortSignal.any([signal, AbortSignal.timeout(this.#timeoutMs)]);
    try {
      return await new Promise((resolve, reject) => {
        const call = request(url, {
          method,
          agent: this.#agent,
          signal: limit,
          headers: {
            'user-agent': 'sluice (acme)',
            ...(accept === undefined ? {} : { accept }),
            ...(body === undefined
              ? {}
              : { 'content-type': 'application/jose+json', 'content-length': Buffer.byteLength(body) }),
          },
        });
        call.on('error', reject);
        call.on('response', (response) => {
          const pieces: Buffer[] = [];
          let bytes = 0;
          response.on('error', reject);
          response.on('data', (piece: Buffer) => {
            bytes += piece.length;
            if (bytes <= MOST_BYTES) pieces.push(piece);
            else call.destroy(new AcmeError(`its answer has more than ${MOST_BYTES} bytes`));
          });
          response.on('close', () => {
            if (response.complete) {
              resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(pieces) });
            } else reject(new AcmeError('its answer broke off'));
          });
        });
        call.end(body);
      });
    } catch (thrown) {
      signal.throwIfAborted();
      const reason = limit.aborted ? `no answer within ${this.#timeoutMs / 1000} s` : reasonFor(thrown);
      throw new AcmeError(`${this.#origin}: ${reason}`, null, null, true);
    }
  }

  close(): void {
    this.#agent.destroy();
  }
}

function reasonFor(thrown: unknown): string {
  const { code, message } = thrown as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return 'connection refused';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'its name was not found in the DNS';
  if (
    code === 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY' ||
    code === 'SELF_SIGNED_CERT_IN_CHAIN' ||
    code === 'DEPTH_ZERO_SELF_SIGNED_CERT'
  )
    return 'its https certificate is of an authority that is not trusted: name it with `ca`';
  return message;
}

/**
 * Order: one certificate from the order to the chain (RFC 8555 section 7.4). Main thread.
 *
 * Names are proven one after the other. The proof of a name is up before the authority is told, and taken down whatever comes.
 */

import { type AcmeClient, type Json, problemText, retryAfterMs } from './acme-client.ts';
import { AcmeError, plainText } from './acme-error.ts';
import type { ChallengeKind } from './acme-options.ts';

export interface OrderWish {
  readonly names: readonly string[];
  /** DER, in base64url. */
  readonly csr: string;
  /** The kinds of proof that can be given, the one to take first. */
  readonly kinds: readonly ChallengeKind[];
  /** The certificate that it replaces, as the authority's renewal information calls it; null: none, or it has no such thing. */
  readonly replaces: string | null;
  readonly signal: AbortSignal;
  /** prove puts a proof up, and returns how to take it down. */
  prove(kind: ChallengeKind, name: string, token: string): Promise<() => void>;
  pause(ms: number, signal: AbortSignal): Promise<void>;
}

/** From the order to the chain, in real time, as that is what the authority takes. */
const LONGEST_MS = 10 * 60_000;
const FIRST_LOOK_MS = 250;
const LAST_LOOK_MS = 5000;
const LONGEST_LOOK_MS = 60_000;
/** Of a status that is none of RFC 8555's, which all have fewer characters. */
const MOST_STATUS = 40;

/** orderCertificate returns the chain, PEM, as the authority sent it. Rejects with AcmeError. */
export async function orderCertificate(client: AcmeClient, wish: OrderWish): Promise<string> {
  return new Ordering(client, wish).run();
}

class Ordering {
  readonly #client: AcmeClient;
  readonly #wish: OrderWish;
  readonly #untilMs: number;

  constructor(client: AcmeClient, wish: OrderWish) {
    this.#client = client;
    this.#wish = wish;
    this.#untilMs = performance.now() + LONGEST_MS;
  }

  async run(): Promise<string> {
    const { names, csr, replaces, signal } = this.#wish;
    const client = this.#client;
    const { newOrder } = await client.directory(signal);
    const identifiers = names.map((value) => ({ type: 'dns', value }));
    const first = await client.post(
      newOrder,
      { identifiers, ...(replaces === null ? {} : { replaces }) },
      'the order',
      signal,
    );
    const url = client.address(first.headers.location, 'an order');
    const { authorizations } = first.body;
    if (!Array.isArray(authorizations) || authorizations.length === 0 || authorizations.length > 2 * names.length) {
      throw new AcmeError('the authority’s order does not say what is to be proven');
    }
    for (const each of authorizations) await this.#authorize(client.address(each, 'an authorization'));
    const ready = await this.#look(url, 'the order', ['ready', 'valid']);
    if (ready.status === 'ready') {
      await client.post(client.address(ready.finalize, 'a finalization'), { csr }, 'the certificate request', signal);
    }
    const { certificate } = await this.#look(url, 'the order', ['valid']);
    const accept = 'application/pem-certificate-chain';
    return client.download(client.address(certificate, 'a certificate'), accept, 'the certificate', signal);
  }

  async #authorize(url: string): Promise<void> {
    const { names, kinds, signal } = this.#wish;
    const { body } = await this.#client.post(url, null, 'an authorization', signal);
    if (body.status === 'valid') return;
    const { value } = (body.identifier ?? {}) as Json;
    const name = typeof value === 'string' ? value.toLowerCase() : '';
    if (!names.includes(name)) throw new AcmeError('the authority wants proof for a name that was not requested');
    const offered = (Array.isArray(body.challenges) ? body.challenges : []) as readonly Json[];
    const kind = kinds.find((each) => offered.some((challenge) => challenge?.type === each));
    if (kind === undefined) {
      throw new AcmeError(`${name}: the authority offers no proof by ${kinds.join(' or ')}`);
    }
    const challenge = offered.find(({ type }) => type === kind)!;
    const { token } = challenge;
    if (typeof token !== 'string' || !/^[\w-]{16,256}$/.test(token)) {
      throw new AcmeError(`${name}: the authority’s challenge has no token that can be used`);
    }
    const takeDown = await this.#wish.prove(kind, name, token);
    try {
      const address = this.#client.address(challenge.url, 'a challenge');
      if (challenge.status === 'pending') await this.#client.post(address, {}, `the proof for ${name}`, signal);
      await this.#look(url, `${name} by ${kind}`, ['valid']);
    } finally {
      takeDown();
    }
  }

  /** look asks until something has one of these states. Rejects when it never will. */
  async #look(url: string, what: string, wanted: readonly string[]): Promise<Json> {
    const { signal, pause } = this.#wish;
    for (let waitMs = FIRST_LOOK_MS; ; waitMs = Math.min(LAST_LOOK_MS, 2 * waitMs)) {
      const { body, headers } = await this.#client.post(url, null, what, signal);
      const { status } = body;
      if (typeof status === 'string' && wanted.includes(status)) return body;
      if (status !== 'pending' && status !== 'processing' && status !== 'ready') {
        throw new AcmeError(
          `the authority refuses ${what}: ${whyNot(body) || `it is ${plainText(String(status), MOST_STATUS)}`}`,
        );
      }
      if (performance.now() > this.#untilMs)
        throw new AcmeError(`${what}: the authority has not decided in ${LONGEST_MS / 60_000} minutes`);
      await pause(
        Math.min(LONGEST_LOOK_MS, Math.max(waitMs, retryAfterMs(headers['retry-after'], Date.now()) ?? 0)),
        signal,
      );
    }
  }
}

/** whyNot is the problem of an order, or of the challenge that failed. */
function whyNot({ error, challenges }: Json): string {
  const own = problemText(error);
  if (own !== '' || !Array.isArray(challenges)) return own;
  return challenges.map((challenge: Json | null) => problemText(challenge?.error)).find((text) => text !== '') ?? '';
}

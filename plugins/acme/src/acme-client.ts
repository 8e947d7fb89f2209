/**
 * AcmeClient: speaks to one authority as one account (RFC 8555). Main thread.
 *
 * The authority may be broken or hostile: whatever it says is checked before it is used, and its answers are bounded.
 */
import type { KeyObject } from 'node:crypto';
import { AcmeError, plainText } from './acme-error.ts';
import type { HttpsCaller, Reply } from './https-caller.ts';
import { externalBinding, type PublicJwk, publicJwk, signedBody, thumbprint } from './jws.ts';

const MOST_NONCE_TRIES = 6;

/** Json is an object that came over the wire: nothing about it is known. */
export type Json = Readonly<Record<string, unknown>>;

export interface JsonReply {
  readonly body: Json;
  readonly headers: Reply['headers'];
}

export interface ClientOptions {
  readonly directory: string;
  readonly key: KeyObject;
  /** Null: not registered yet. */
  readonly accountUrl: string | null;
  readonly email: string | null;
  readonly external: { readonly account: string; readonly key: string } | null;
  readonly caller: HttpsCaller;
  readonly now: () => number;
}

interface Directory {
  readonly newNonce: string;
  readonly newAccount: string;
  readonly newOrder: string;
  readonly renewalInfo: string | null;
}

export class AcmeClient {
  readonly #options: ClientOptions;
  readonly #jwk: PublicJwk;
  readonly #nonces: string[] = [];
  #directory: Directory | null = null;
  #accountUrl: string | null;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#jwk = publicJwk(options.key);
    this.#accountUrl = options.accountUrl;
  }

  /** keyAuthorization is what proves that a challenge was meant for this account (RFC 8555 section 8.1). */
  keyAuthorization(token: string): string {
    return `${token}.${thumbprint(this.#jwk)}`;
  }

  async directory(signal: AbortSignal): Promise<Directory> {
    if (this.#directory !== null) return this.#directory;
    const { caller, directory } = this.#options;
    const reply = await caller.call({ method: 'GET', url: directory, accept: 'application/json', signal });
    if (reply.status !== 200) throw refusal(reply, 'the directory', this.#options.now());
    const body = parse(reply, 'the directory');
    const address = (name: string): string => caller.checked(body[name], `a directory whose \`${name}\``);
    this.#directory = {
      newNonce: address('newNonce'),
      newAccount: address('newAccount'),
      newOrder: address('newOrder'),
      renewalInfo: body.renewalInfo === undefined ? null : address('renewalInfo'),
    };
    return this.#directory;
  }

  /** register returns the account's address, which the authority makes unless it knows the key. */
  async register(signal: AbortSignal): Promise<string> {
    const { newAccount } = await this.directory(signal);
    const { email, external, caller } = this.#options;
    const payload = {
      termsOfServiceAgreed: true,
      ...(email === null ? {} : { contact: [`mailto:${email}`] }),
      ...(external === null
        ? {}
        : { externalAccountBinding: externalBinding(this.#jwk, newAccount, external.account, external.key) }),
    };
    this.#accountUrl = null;
    const reply = await this.#post(newAccount, payload, 'the account', signal);
    this.#accountUrl = caller.checked(reply.headers.location, 'an account');
    return this.#accountUrl;
  }

  /** post sends a payload (null: reads) and returns the object that comes back. Rejects with AcmeError. */
  async post(url: string, payload: unknown, what: string, signal: AbortSignal): Promise<JsonReply> {
    const reply = await this.#post(url, payload, what, signal);
    return { body: parse(reply, what), headers: reply.headers };
  }

  /** download returns a text of this kind. */
  async download(url: string, accept: string, what: string, signal: AbortSignal): Promise<string> {
    return (await this.#post(url, null, what, signal, accept)).body.toString('utf8');
  }

  /** read is a GET that nobody signs; what comes back is an object. */
  async read(url: string, what: string, signal: AbortSignal): Promise<JsonReply> {
    const reply = await this.#options.caller.call({ method: 'GET', url, accept: 'application/json', signal });
    if (reply.status !== 200) throw refusal(reply, what, this.#options.now());
    return { body: parse(reply, what), headers: reply.headers };
  }

  /** address returns what an authority gave as one, if it may be called. */
  address(value: unknown, what: string): string {
    return this.#options.caller.checked(value, what);
  }

  async #post(url: string, payload: unknown, what: string, signal: AbortSignal, accept?: string): Promise<Reply> {
    const { caller, key, now } = this.#options;
    for (let tries = 1; ; tries++) {
      const nonce = this.#nonces.pop() ?? (await this.#freshNonce(signal));
      const who = this.#accountUrl === null ? { jwk: this.#jwk } : { kid: this.#accountUrl };
      const body = signedBody(key, { ...who, nonce, url }, payload);
      const reply = await caller.call({
        method: 'POST',
        url,
        body,
        signal,
        ...(accept === undefined ? {} : { accept }),
      });
      this.#keepNonce(reply);
      if (reply.status >= 200 && reply.status < 300) return reply;
      const error = refusal(reply, what, now());
      if (error.type !== 'badNonce' || tries === MOST_NONCE_TRIES) throw error;
      this.#nonces.splice(0, this.#nonces.length - 1);
    }
  }

  async #freshNonce(signal: AbortSignal): Promise<string> {
    const { newNonce } = await this.directory(signal);
    this.#keepNonce(await this.#options.caller.call({ method: 'HEAD', url: newNonce, signal }));
    const nonce = this.#nonces.pop();
    if (nonce === undefined) throw new AcmeError('the authority gives no nonce');
    return nonce;
  }

  #keepNonce({ headers }: Reply): void {
    const nonce = headers['replay-nonce'];
    if (typeof nonce === 'string' && /^[\w-]{1,512}$/.test(nonce) && this.#nonces.length < 8) this.#nonces.push(nonce);
  }
}

/** parse reads an object. Throws AcmeError for anything else. */
function parse({ body }: Reply, what: string): Json {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  } catch {
    // Told below.
  }
  throw new AcmeError(`the authority’s answer about ${what} is no JSON object`);
}

/** refusal is what an authority says of a request that it does not grant (RFC 7807). */
function refusal(reply: Reply, what: string, nowMs: number): AcmeError {
  let problem: Json = {};
  try {
    problem = parse(reply, what);
  } catch {
    // The status says all there is.
  }
  return new AcmeError(
    `the authority refuses ${what}: ${problemText(problem) || `status ${reply.status}`}`,
    typeof problem.type === 'string' ? problem.type.replace(/^urn:ietf:params:acme:error:/, '').slice(0, 64) : null,
    retryAfterMs(reply.headers['retry-after'], nowMs),
  );
}

/** problemText is a problem document for people, with its parts. */
export function problemText(problem: unknown): string {
  if (typeof problem !== 'object' || problem === null) return '';
  const { type, detail, subproblems } = problem as Json;
  const kind = typeof type === 'string' ? type.replace(/^urn:ietf:params:acme:error:/, '') : '';
  const parts = Array.isArray(subproblems) ? subproblems.slice(0, 3).map(problemText) : [];
  return plainText([kind, typeof detail === 'string' ? detail : '', ...parts].filter((text) => text !== '').join(': '));
}

/** retryAfterMs reads `Retry-After`, seconds or a date; null: it says nothing that can be read. */
export function retryAfterMs(value: string | undefined, nowMs: number): number | null {
  if (value === undefined) return null;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, date - nowMs);
}

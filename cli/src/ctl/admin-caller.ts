/**
 * AdminCaller asks the admin API of a running gateway. Main thread.
 */
import { readFileSync } from 'node:fs';
import { type ClientRequest, type IncomingMessage, type RequestOptions, request } from 'node:http';
import { request as secureRequest } from 'node:https';
import type { SecureContext } from 'node:tls';
import {
  type AnswerOf,
  type BodyOf,
  OPERATIONS,
  type OperationId,
  type ParamsOf,
  type QueryOf,
} from '@sluice/core/admin';
import { socketName } from '@sluice/dsl/plan';
import { CallerTls, type TlsOptions, UnusableFile } from './caller-tls.ts';

/** Where a gateway is asked unless something else is said. */
const DEFAULT_ADMIN = '127.0.0.1:9900';
/** All answers of the API have it. */
const ADMIN_HEADER = 'sluice-admin';
const PATIENCE_MS = 30_000;
/** A new version may take a minute to get ready, and a second to say why it did not. */
const UPGRADE_PATIENCE_MS = 70_000;
const MOST_BYTES = 256 * 1024 * 1024;

/** CallerOptions are those of every `ctl` command. */
export interface CallerOptions extends TlsOptions {
  readonly admin?: string;
  readonly tokenFile?: string;
}

/** Unreachable: nobody answers there, or what answers is not the admin API. */
export class Unreachable extends Error {}

/** Refused: the gateway says no; `body` is its whole answer. */
export class Refused extends Error {
  readonly body: unknown;

  constructor(message: string, body: unknown) {
    super(message);
    this.body = body;
  }
}

/** NotAnAddress: the command line, or the environment, names something else. */
export class NotAnAddress extends Error {}

type Target = { readonly socketPath: string } | { readonly host: string; readonly port: number };

/** Place is where a gateway is asked. */
interface Place {
  readonly target: Target;
  /** null: nothing is written of it. */
  readonly isTls: boolean | null;
}

type Varying<Name extends string, Values> = [keyof Values] extends [never] ? unknown : { readonly [N in Name]: Values };

/** CallInput is what an operation is called with: no more and no less than it takes. */
type CallInput<Id extends OperationId> = Varying<'params', ParamsOf<Id>> &
  ([keyof QueryOf<Id>] extends [never] ? unknown : { readonly query?: QueryOf<Id> }) &
  (BodyOf<Id> extends undefined ? unknown : { readonly body: BodyOf<Id> }) &
  ((typeof OPERATIONS)[Id] extends { readonly needsTag: true } ? { readonly ifMatch: string } : unknown);

/** An operation that takes nothing is called by its name alone. */
type Arguments<Id extends OperationId> = unknown extends CallInput<Id> ? [] : [input: CallInput<Id>];

interface WrittenInput {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** The tag of what is replaced. */
  readonly ifMatch?: string;
}

export class AdminCaller {
  readonly #written: string;
  readonly #target: Target;
  readonly #token: string | null;
  /** null: plain HTTP is spoken. */
  readonly #tls: CallerTls | null;

  /** Throws NotAnAddress, or the system's error when a file cannot be read. */
  constructor(options: CallerOptions, environment: NodeJS.ProcessEnv = process.env) {
    const { admin, tokenFile } = options;
    this.#written = admin ?? environment.SLUICE_ADMIN ?? DEFAULT_ADMIN;
    const { target, isTls } = placeOf(this.#written);
    this.#target = target;
    this.#tls = (isTls ?? CallerTls.isMeant(options, environment)) ? tlsOf(options, environment) : null;
    const token = tokenFile === undefined ? (environment.SLUICE_ADMIN_TOKEN ?? '') : readFileSync(tokenFile, 'utf8');
    this.#token = token.trim() === '' ? null : token.trim();
  }

  /**
   * call carries out an operation of the API and returns its answer, typed by the operation's schema. Throws Refused for any
   * status but 200, and Unreachable.
   */
  async call<Id extends OperationId>(id: Id, ...[input]: Arguments<Id>): Promise<AnswerOf<Id>> {
    const { method, path } = OPERATIONS[id];
    const { params, query, body, ifMatch } = (input ?? {}) as WrittenInput;
    const patienceMs = id === 'upgrade' ? UPGRADE_PATIENCE_MS : PATIENCE_MS;
    const response = await this.#send(method, withQuery(withParams(path, params), query), body, patienceMs, ifMatch);
    const answer = this.#parse(await this.#read(response));
    if (response.statusCode !== 200) throw this.#refused(response, answer);
    // The gateway may be of another release, which adds to answers and takes nothing away.
    return answer as AnswerOf<Id>;
  }

  /** stream gives a stream's answer, which ends when the gateway or the network says so. */
  async stream(path: string): Promise<IncomingMessage> {
    const response = await this.#send('GET', path, undefined);
    response.socket.setTimeout(0);
    if (response.statusCode === 200) return response;
    throw this.#refused(response, this.#parse(await this.#read(response)));
  }

  #refused({ statusCode }: IncomingMessage, answer: unknown): Refused {
    const { error } = (answer ?? {}) as { readonly error?: { readonly message?: string } };
    return new Refused(error?.message ?? `status ${statusCode}`, answer);
  }

  #parse(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch {
      throw this.#stranger();
    }
  }

  #stranger(): Unreachable {
    return new Unreachable(`the server at ${this.#written} is not the admin API of a gateway`);
  }

  #send(
    method: string,
    path: string,
    body: unknown,
    patienceMs = PATIENCE_MS,
    ifMatch?: string,
  ): Promise<IncomingMessage> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      let ask: ClientRequest;
      try {
        ask = this.#request({
          method,
          path,
          timeout: patienceMs,
          agent: false,
          headers: {
            ...('socketPath' in this.#target ? { host: 'localhost' } : {}),
            ...(text === undefined
              ? {}
              : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
            ...(ifMatch === undefined ? {} : { 'if-match': `"${ifMatch}"` }),
            ...(this.#token === null ? {} : { authorization: `Bearer ${this.#token}` }),
          },
        });
      } catch {
        // A header that no request can carry, such as a token of several lines.
        reject(new NotAnAddress('the token is not a single line of plain text'));
        return;
      }
      let isSecure = false;
      ask.on('socket', (socket) =>
        socket.once('secureConnect', () => {
          isSecure = true;
        }),
      );
      ask.on('timeout', () => ask.destroy(new Error(`no answer within ${patienceMs / 1000} s`)));
      ask.on('error', (error: NodeJS.ErrnoException) => {
        const why = this.#tls?.why(this.#written, error, isSecure) ?? null;
        if (why !== null) {
          reject(new Unreachable(why));
          return;
        }
        // What is no HTTP, or no answer to what was asked.
        const isStranger = error.code?.startsWith('HPE_') === true || error.message === 'socket hang up';
        reject(isStranger ? this.#stranger() : new Unreachable(this.#why(error)));
      });
      ask.on('response', (response) => {
        if (response.headers[ADMIN_HEADER] !== undefined) resolve(response);
        else {
          response.destroy();
          reject(this.#stranger());
        }
      });
      ask.on('upgrade', (_response, socket) => {
        socket.destroy();
        reject(this.#stranger());
      });
      ask.end(text);
    });
  }

  #request(options: RequestOptions): ClientRequest {
    const whole = { ...this.#target, ...options };
    if (this.#tls === null) return request(whole);
    // Whatever `tls.connect` takes is passed on to it, though the types do not have all of it.
    const secure: RequestOptions & { secureContext: SecureContext } = { ...whole, secureContext: this.#tls.context };
    return secureRequest(secure);
  }

  async #read(response: IncomingMessage): Promise<string> {
    const pieces: Buffer[] = [];
    let bytes = 0;
    try {
      for await (const piece of response) {
        bytes += piece.length;
        if (bytes > MOST_BYTES) throw new Error('the response is too large');
        pieces.push(piece);
      }
    } catch (thrown) {
      throw new Unreachable(this.#why(thrown as Error));
    }
    return Buffer.concat(pieces).toString('utf8');
  }

  #why(error: NodeJS.ErrnoException): string {
    const fix =
      ': is the gateway running, with `settings { admin on … }` or `--admin`? Set its address with --admin or SLUICE_ADMIN';
    const isNobody = error.code === 'ECONNREFUSED' || error.code === 'ENOENT';
    return `${this.#written} cannot be reached: ${error.message}${isNobody ? fix : ''}`;
  }
}

function withParams(path: string, params: Readonly<Record<string, string>> = {}): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name]!));
}

function withQuery(path: string, query: Readonly<Record<string, string>> = {}): string {
  const text = new URLSearchParams(query).toString();
  return text === '' ? path : `${path}?${text}`;
}

function tlsOf(options: TlsOptions, environment: NodeJS.ProcessEnv): CallerTls {
  try {
    return new CallerTls(options, environment);
  } catch (thrown) {
    if (thrown instanceof UnusableFile) throw new NotAnAddress(thrown.message);
    throw thrown;
  }
}

function placeOf(text: string): Place {
  if (/^unix:[/@]/.test(text)) return { target: { socketPath: socketName(text.slice(5)) }, isTls: false };
  const [, scheme, bracketed, bare, port] =
    /^(https?:\/\/)?(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})\/?$/.exec(text) ?? [];
  const host = bracketed ?? bare;
  if (host !== undefined && Number(port) > 0 && Number(port) < 65_536) {
    return { target: { host, port: Number(port) }, isTls: scheme === undefined ? null : scheme === 'https://' };
  }
  throw new NotAnAddress(
    `\`${text}\` is not an address: write \`127.0.0.1:9900\`, \`https://gateway.example.com:9900\` or \`unix:/run/sluice.sock\``,
  );
}

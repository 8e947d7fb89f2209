/**
 * Api: the admin API as the pages call it, by the ids of its operations. Browser.
 *
 * What there is to call is read from the API's own OpenAPI document, so that a page shows what this gateway offers and nothing else.
 */
import type { AnswerOf, BodyOf, OperationId, ParamsOf, QueryOf } from '@sluice/core/admin';

/** Why a call was not answered as hoped. `status` 0: nobody answered at all. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly diagnostics: readonly Problem[];

  constructor(status: number, code: string, message: string, diagnostics: readonly Problem[] = []) {
    super(message);
    this.status = status;
    this.code = code;
    this.diagnostics = diagnostics;
  }
}

/** Problem is one of a rule file's, as `sluice check --json` has it. */
export interface Problem {
  readonly message: string;
  readonly file?: string;
  readonly line?: number;
}

interface Call<Id extends OperationId> {
  readonly params?: ParamsOf<Id>;
  readonly query?: QueryOf<Id>;
  readonly body?: BodyOf<Id>;
  /** The tag of what is to be replaced. */
  readonly ifMatch?: string;
}

/** Sent is what a request has besides its line. */
interface Sent {
  readonly body?: unknown;
  readonly ifMatch?: string | undefined;
}

interface Asked extends Sent {
  readonly patienceMs?: number;
}

interface Offered {
  readonly method: string;
  readonly path: string;
  /** The role that it takes; undefined: none. */
  readonly role: string | undefined;
}

interface Document {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly operationId: string; readonly 'x-role'?: string }>>>
  >;
}

/** From the least to the most; each may do what those before it may. */
const ROLES = ['read', 'operate', 'configure'];

/** PATIENCE_MS is how long a call may take; a reload waits for the rules' own tests. */
const PATIENCE_MS = 10_000;
const RELOAD_PATIENCE_MS = 120_000;
/** Operations that run the rules' own tests. */
const SLOW: ReadonlySet<string> = new Set(['reload', 'replaceConfiguration', 'rollbackConfiguration']);

export class Api {
  /** What the token is good for; null: not known yet. */
  role: string | null = null;
  readonly #token: string | null;
  readonly #offered = new Map<string, Offered>();

  constructor(token: string | null) {
    this.#token = token;
  }

  /** discover asks what the API offers. Rejects with ApiError: 401 for a token that is missing or wrong. */
  async discover(): Promise<void> {
    const { paths } = (await this.#ask('GET', '/openapi.json')) as Document;
    this.#offered.clear();
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, { operationId, 'x-role': role }] of Object.entries(methods)) {
        this.#offered.set(operationId, { method: method.toUpperCase(), path, role });
      }
    }
  }

  /** may: the API has the operation, and the token suffices for it. */
  may(id: string): boolean {
    const offered = this.#offered.get(id);
    if (offered === undefined) return false;
    return this.role === null || ROLES.indexOf(this.role) >= ROLES.indexOf(offered.role ?? '');
  }

  /** call carries out an operation. Rejects with ApiError. */
  async call<Id extends OperationId>(id: Id, { params, query, body, ifMatch }: Call<Id> = {}): Promise<AnswerOf<Id>> {
    const offered = this.#offered.get(id);
    if (offered === undefined) throw new ApiError(404, '', `this gateway’s API has no ${id}`);
    const filled = offered.path.replace(/\{(\w+)\}/g, (_, name: string) =>
      encodeURIComponent((params as Readonly<Record<string, string>>)[name]!),
    );
    const search = new URLSearchParams(query as Record<string, string> | undefined).toString();
    const path = search === '' ? filled : `${filled}?${search}`;
    const patienceMs = SLOW.has(id) ? RELOAD_PATIENCE_MS : PATIENCE_MS;
    return (await this.#ask(offered.method, path, { body, ifMatch, patienceMs })) as AnswerOf<Id>;
  }

  /** open begins a stream; its reader must cancel it. Rejects with ApiError. */
  async open(path: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const response = await this.#send('GET', path, {}, signal);
    if (!response.ok || response.body === null) throw await errorOf(response);
    return response.body;
  }

  async #ask(method: string, path: string, { patienceMs = PATIENCE_MS, ...sent }: Asked = {}): Promise<unknown> {
    const response = await this.#send(method, path, sent, AbortSignal.timeout(patienceMs));
    if (!response.ok) throw await errorOf(response);
    this.role = response.headers.get('sluice-role') ?? this.role;
    if (!response.headers.has('sluice-admin')) throw new ApiError(0, '', 'what answers here is not a gateway');
    return response.json();
  }

  async #send(method: string, path: string, { body, ifMatch }: Sent, signal: AbortSignal): Promise<Response> {
    const headers = new Headers();
    if (this.#token !== null) headers.set('authorization', `Bearer ${this.#token}`);
    if (body !== undefined) headers.set('content-type', 'application/json');
    if (ifMatch !== undefined) headers.set('if-match', `"${ifMatch}"`);
    try {
      return await fetch(path, {
        method,
        headers,
        signal,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (thrown) {
      const isLate = thrown instanceof DOMException && thrown.name === 'TimeoutError';
      throw new ApiError(0, '', isLate ? 'the gateway did not answer in time' : 'the gateway cannot be reached');
    }
  }
}

async function errorOf(response: Response): Promise<ApiError> {
  const { error } = (await response.json().catch(() => ({}))) as {
    readonly error?: { readonly code: string; readonly message: string; readonly diagnostics?: readonly Problem[] };
  };
  return new ApiError(
    response.status,
    error?.code ?? '',
    error?.message ?? `status ${response.status}`,
    error?.diagnostics ?? [],
  );
}

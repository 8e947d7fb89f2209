/**
 * Operations: what the admin API can do, as a table: method, path, what is sent and what comes back. Plain data, without the gateway,
 * so that clients of the API can be made from it too. Main thread.
 *
 * The server, the OpenAPI document, the reference page and `sluice ctl` are all made from this table, and so are their types.
 */
import type { AdminRole } from '@sluice/dsl/plan';
import {
  CONFIGURATION,
  CONFIGURED,
  CONFIRM_WITHIN,
  CONFIRMED,
  HISTORY,
  HISTORY_ENTRY,
  NEW_CONFIGURATION,
  YES_OR_NO,
} from './configuration-schemas.ts';
import { described, oneOf, type Schema, type TypeOf, textOf } from './schema.ts';
import {
  BACKEND,
  BACKENDS,
  CERTIFICATES,
  EXPLAIN,
  EXPLANATION,
  LISTS,
  MEMBERS,
  NAME,
  NEW_SERVER,
  NOTHING,
  RELOADED,
  REMOVED,
  RENEW,
  SERVER,
  SERVER_CHANGE,
  SERVER_NAME,
  SERVERS,
  STATS,
  STATUS,
  STICKY,
  STICKY_CLIENT,
  UPGRADED,
} from './schemas.ts';
import {
  ALL_SESSIONS,
  CLEAR_LIMITS,
  CLEAR_STICKY,
  CLEARED,
  CLIENT,
  END_SESSIONS,
  ERRORS,
  LIMITED,
  LIST_CHANGE,
  LIST_CHANGED,
  LIST_PAGE,
  RULES,
  SERVER_PATH,
  SESSIONS,
  SESSIONS_ENDED,
  STICKY_ENTRIES,
} from './traffic-schemas.ts';

/** MediaType is a response that is not JSON. */
interface MediaType {
  readonly mediaType: string;
}

/** ROLES are what callers may be, each with all that the ones before it may do. */
export const ROLES = ['read', 'operate', 'configure'] as const satisfies readonly AdminRole[];

/** Operation is one row: what the API takes and gives at a method and path. */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT';
  /** With `{name}` for a part that varies. */
  readonly path: string;
  readonly doc: string;
  /** The least that a caller must be. */
  readonly role: AdminRole;
  readonly body?: Schema;
  /** The longest body. Default: 64 KiB. */
  readonly bodyBytes?: number;
  /** The header If-Match has to have the ETag of what is replaced. */
  readonly needsTag?: boolean;
  /** By name. Their values are texts: patterns say what they may be. */
  readonly query?: Readonly<Record<string, Schema<string>>>;
  /** The answer's schema, or its media type where it is no JSON. */
  readonly answer: Schema | MediaType;
  /** No token is needed: a caller learns nothing but whether the gateway is there. */
  readonly isOpen?: boolean;
  /** The statuses of refusals that only this operation has, with when they come. */
  readonly refusals?: Readonly<Record<number, string>>;
}

/** The text format of Prometheus. */
export const METRICS: MediaType = { mediaType: 'text/plain; version=0.0.4; charset=utf-8' };

/** A line of text. */
export const LINE: MediaType = { mediaType: 'text/plain; charset=utf-8' };

const MOST = described(textOf({ pattern: '^([1-9]\\d{0,2}|1000)$' }), 'At most so many; 1 to 1000, else 100.');

/** OPERATIONS by id. */
export const OPERATIONS = {
  getLive: {
    method: 'GET',
    path: '/-/live',
    doc: 'Whether the gateway’s main thread responds: 200 `live`. For liveness probes. Needs no token.',
    role: 'read',
    answer: LINE,
    isOpen: true,
  },
  getReady: {
    method: 'GET',
    path: '/-/ready',
    doc: 'Whether the gateway serves: 200 `ready`, or 503 `starting` or `draining`. For readiness probes and load balancers in front. Needs no token.',
    role: 'read',
    answer: LINE,
    isOpen: true,
    refusals: { 503: 'the gateway is starting, or is draining before it stops' },
  },
  getStatus: {
    method: 'GET',
    path: '/v1/status',
    doc: 'The gateway as a whole: generation, threads, listeners, uptime, versions.',
    role: 'read',
    answer: STATUS,
  },
  getStats: {
    method: 'GET',
    path: '/v1/stats',
    doc: 'Everything that is counted, in one picture.',
    role: 'read',
    answer: STATS,
  },
  listBackends: {
    method: 'GET',
    path: '/v1/backends',
    doc: 'All backends with their servers.',
    role: 'read',
    answer: BACKENDS,
  },
  getBackend: {
    method: 'GET',
    path: '/v1/backends/{backend}',
    doc: 'One backend with its servers.',
    role: 'read',
    answer: BACKEND,
    refusals: { 404: 'There is no such backend.' },
  },
  listMembers: {
    method: 'GET',
    path: '/v1/backends/{backend}/members',
    doc: 'Who a backend’s servers are, where each comes from, and how those that find them are doing.',
    role: 'read',
    answer: MEMBERS,
    refusals: { 404: 'There is no such backend.' },
  },
  findSticky: {
    method: 'POST',
    path: '/v1/backends/{backend}/sticky',
    doc: 'Where a client belongs, why, and since when. Asking changes nothing.',
    role: 'read',
    body: STICKY_CLIENT,
    answer: STICKY,
    refusals: { 404: 'There is no such backend, or it has no `stick` line.' },
  },
  listSticky: {
    method: 'GET',
    path: '/v1/backends/{backend}/sticky/entries',
    doc: 'The clients that a backend’s stick table knows. Their keys are kept as hashes alone.',
    role: 'read',
    query: {
      most: MOST,
      after: described(textOf({ pattern: '^\\d{1,10}$' }), '`next` of the page before.'),
      server: described(SERVER_NAME, 'Only those of this server.'),
    },
    answer: STICKY_ENTRIES,
    refusals: { 404: 'There is no such backend or server, or the backend has no `stick` line.' },
  },
  clearSticky: {
    method: 'POST',
    path: '/v1/backends/{backend}/sticky/clear',
    doc: 'Forgets one client, those of a server, or all: with their next request they are new.',
    role: 'operate',
    body: CLEAR_STICKY,
    answer: CLEARED,
    refusals: { 404: 'There is no such backend, server or entry, or the backend has no `stick` line.' },
  },
  listServers: {
    method: 'GET',
    path: '/v1/servers',
    doc: 'The servers of all backends.',
    role: 'read',
    answer: SERVERS,
  },
  getServer: {
    method: 'GET',
    path: '/v1/backends/{backend}/servers/{server}',
    doc: 'One server: states, last check, weight, what is open, counters.',
    role: 'read',
    answer: SERVER,
    refusals: { 404: 'There is no such server.' },
  },
  changeServer: {
    method: 'PATCH',
    path: '/v1/backends/{backend}/servers/{server}',
    doc: 'Takes a server out or back, or sets its weight or max. All of a body is applied, or nothing.',
    role: 'operate',
    body: SERVER_CHANGE,
    answer: SERVER,
    refusals: { 404: 'There is no such server.' },
  },
  addServer: {
    method: 'POST',
    path: '/v1/backends/{backend}/servers',
    doc: 'Adds a server, without a reload. It is kept over reloads for as long as the rules have the backend, and over a restart if the gateway keeps its state.',
    role: 'operate',
    body: NEW_SERVER,
    answer: SERVER,
    refusals: { 404: 'There is no such backend.' },
  },
  removeServer: {
    method: 'POST',
    path: '/v1/backends/{backend}/servers/{server}/remove',
    doc: 'Removes a server that was added so. What is open there ends there.',
    role: 'operate',
    body: NOTHING,
    answer: REMOVED,
    refusals: { 404: 'There is no such server.', 409: 'It was not added by hand, but is in the rules or was found.' },
  },
  listSessions: {
    method: 'GET',
    path: '/v1/backends/{backend}/servers/{server}/sessions',
    doc: 'Who holds on to a server, oldest first.',
    role: 'read',
    query: {
      most: MOST,
    },
    answer: SESSIONS,
    refusals: { 404: 'There is no such server.' },
  },
  listAllSessions: {
    method: 'GET',
    path: '/v1/sessions',
    doc: 'The requests and tunnels that are open anywhere in the gateway, oldest first.',
    role: 'read',
    query: {
      most: MOST,
      server: described(SERVER_PATH, 'Only those on this server, as `backend/server`.'),
      client: described(CLIENT, 'Only those of this client address.'),
    },
    answer: ALL_SESSIONS,
    refusals: { 404: 'There is no such server.' },
  },
  endSessions: {
    method: 'POST',
    path: '/v1/sessions/end',
    doc: 'Ends one session, or all of a server, a client, or both: requests without an answer get 503, answers and tunnels are broken off.',
    role: 'operate',
    body: END_SESSIONS,
    answer: SESSIONS_ENDED,
    refusals: { 404: 'There is no such server, or no open session with the id.' },
  },
  listErrors: {
    method: 'GET',
    path: '/v1/errors',
    doc: 'The latest requests that were refused or failed, with the reason.',
    role: 'read',
    query: { most: MOST },
    answer: ERRORS,
  },
  listLimited: {
    method: 'GET',
    path: '/v1/limits',
    doc: 'The clients that were over a rate limit lately, and those that are now.',
    role: 'read',
    query: { most: MOST },
    answer: LIMITED,
  },
  clearLimits: {
    method: 'POST',
    path: '/v1/limits/clear',
    doc: 'Gives one client, or all, the whole rate again.',
    role: 'operate',
    body: CLEAR_LIMITS,
    answer: CLEARED,
    refusals: { 404: 'No rate limit has the entry.' },
  },
  reload: {
    method: 'POST',
    path: '/v1/reload',
    doc: 'Reloads the rules, as SIGHUP does, and answers when they are active. Reloads wait for each other.',
    role: 'operate',
    body: NOTHING,
    answer: RELOADED,
    refusals: { 409: 'The gateway is not running.', 422: 'The rules have errors, and the old ones stay active.' },
  },
  upgrade: {
    method: 'POST',
    path: '/v1/upgrade',
    doc: 'Starts the version that is on disk, has it take over, and answers when it serves. This process then completes its open requests and ends.',
    role: 'operate',
    body: NOTHING,
    answer: UPGRADED,
    refusals: {
      409: 'The gateway is not running, or has no supervisor.',
      422: 'The new version did not get ready, and nothing has changed.',
    },
  },
  listCertificates: {
    method: 'GET',
    path: '/v1/certificates',
    doc: 'All certificates of listeners, and how they stand: those that the gateway renews by itself, and those from files.',
    role: 'read',
    answer: CERTIFICATES,
  },
  renewCertificate: {
    method: 'POST',
    path: '/v1/certificates/renew',
    doc: 'Tries for the certificates with a name now, whatever their schedule says. The answer does not wait for the authority.',
    role: 'operate',
    body: RENEW,
    answer: CERTIFICATES,
    refusals: { 404: 'No source has a certificate for the name.' },
  },
  explain: {
    method: 'POST',
    path: '/v1/explain',
    doc: 'What would happen to a request now, and why.',
    role: 'read',
    body: EXPLAIN,
    answer: EXPLANATION,
  },
  listLists: {
    method: 'GET',
    path: '/v1/lists',
    doc: 'Lists and maps, and how many entries each has.',
    role: 'read',
    answer: LISTS,
  },
  getList: {
    method: 'GET',
    path: '/v1/lists/{list}',
    doc: 'The current entries of a list.',
    role: 'read',
    query: {
      most: MOST,
      after: described(textOf({ pattern: '^\\d{1,10}$' }), '`next` of the page before.'),
      contains: described(textOf({ minLength: 1, maxLength: 1024 }), 'Only entries with this text.'),
    },
    answer: LIST_PAGE,
    refusals: { 404: 'There is no such list.' },
  },
  changeList: {
    method: 'POST',
    path: '/v1/lists/{list}/change',
    doc: 'Adds and removes entries, all or none, and answers when they are active. They last until the next reload, or until the list’s file changes: they are not written to it.',
    role: 'operate',
    body: LIST_CHANGE,
    answer: LIST_CHANGED,
    refusals: { 404: 'There is no such list.' },
  },
  listRules: {
    method: 'GET',
    path: '/v1/rules',
    doc: 'The active rules, in the order in which they are judged, and how often each was hit.',
    role: 'read',
    query: {
      listener: described(NAME, 'Only those of this listener.'),
      hits: described(oneOf(['none', 'some']), '`none`: only rules that were never hit.'),
    },
    answer: RULES,
  },
  getConfiguration: {
    method: 'GET',
    path: '/v1/configuration',
    doc: 'The text of the rules, with an ETag.',
    role: 'read',
    answer: CONFIGURATION,
    refusals: { 409: 'The gateway runs a plan without text.' },
  },
  replaceConfiguration: {
    method: 'PUT',
    path: '/v1/configuration',
    doc: 'Checks, tests, writes and activates new rules, or with `dry-run=true` checks, tests and compares them only. If-Match has the ETag of the rules that they replace.',
    role: 'configure',
    body: NEW_CONFIGURATION,
    bodyBytes: 8_388_608,
    needsTag: true,
    query: {
      'dry-run': described(YES_OR_NO, '`true`: nothing is written or activated.'),
      'confirm-within': CONFIRM_WITHIN,
    },
    answer: CONFIGURED,
    refusals: {
      409: 'The rule file changed on disk meanwhile, another change is still to be confirmed, or the gateway runs a plan without text.',
      412: 'The rules are no longer those of If-Match.',
      422: 'The rules are not right, or their tests fail.',
      428: 'If-Match is missing.',
      507: 'The rule file cannot be written.',
    },
  },
  confirmConfiguration: {
    method: 'POST',
    path: '/v1/configuration/confirm',
    doc: 'Keeps rules that would be rolled back otherwise.',
    role: 'configure',
    body: NOTHING,
    answer: CONFIRMED,
    refusals: { 409: 'There is nothing to confirm.' },
  },
  listHistory: {
    method: 'GET',
    path: '/v1/configuration/history',
    doc: 'The rules that were activated over the API: who, when and why.',
    role: 'read',
    answer: HISTORY,
  },
  getHistory: {
    method: 'GET',
    path: '/v1/configuration/history/{number}',
    doc: 'One of them with its text.',
    role: 'read',
    answer: HISTORY_ENTRY,
    refusals: { 404: 'There is no such entry.' },
  },
  rollbackConfiguration: {
    method: 'POST',
    path: '/v1/configuration/history/{number}/rollback',
    doc: 'Activates its text again, as any other change.',
    role: 'configure',
    body: NOTHING,
    answer: CONFIGURED,
    refusals: {
      404: 'There is no such entry.',
      409: 'Another change is still to be confirmed.',
      422: 'The rules are not right any more, or their tests fail.',
    },
  },
  getMetrics: {
    method: 'GET',
    path: '/metrics',
    doc: 'All counters in the text format of Prometheus.',
    role: 'read',
    answer: METRICS,
  },
} as const satisfies Readonly<Record<string, Operation>>;

type Operations = typeof OPERATIONS;

/** OperationId is the name of an operation, as in the OpenAPI document. */
export type OperationId = keyof Operations;

/** AnswerOf is what an operation answers with 200; undefined where it is not JSON. */
export type AnswerOf<Id extends OperationId> = Operations[Id]['answer'] extends MediaType
  ? undefined
  : TypeOf<Operations[Id]['answer']>;

/** BodyOf is what an operation is sent; undefined where it takes no body. */
export type BodyOf<Id extends OperationId> = Operations[Id] extends { readonly body: infer Body }
  ? TypeOf<Body>
  : undefined;

/** QueryOf are the parameters that may follow the path. */
export type QueryOf<Id extends OperationId> = Operations[Id] extends { readonly query: infer Query }
  ? { readonly [Name in keyof Query]?: string }
  : Record<never, string>;

type NamesIn<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}` ? Name | NamesIn<Rest> : never;

/** ParamsOf are the varying parts of an operation's path. */
export type ParamsOf<Id extends OperationId> = Readonly<Record<NamesIn<Operations[Id]['path']>, string>>;

/** isMediaType: the answer is not JSON. */
export function isMediaType(answer: Operation['answer']): answer is MediaType {
  return 'mediaType' in answer;
}

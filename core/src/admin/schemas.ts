/**
 * Schemas: the shapes of the admin API's bodies and answers, as JSON Schema. Main thread.
 *
 * Bodies are checked by them and may hold nothing else. Answers may come to hold more than is written here: later releases
 * add, and never take away.
 */
import { ADMIN_STATES, LAST_CHECKS, SERVER_STATES } from '../shared/tables/server-table.ts';
import type { Schema } from './route.ts';

const text = { type: 'string' };
const count = { type: 'integer', minimum: 0 };
const flag = { type: 'boolean' };
const maybe = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });
const list = (items: Schema): Schema => ({ type: 'array', items });
const object = (properties: Readonly<Record<string, Schema>>, doc?: string): Schema => ({
  type: 'object',
  ...(doc === undefined ? {} : { description: doc }),
  properties,
  required: Object.keys(properties),
});
const said = (schema: Schema, description: string): Schema => ({ ...schema, description });
const counters: Schema = { type: 'object', additionalProperties: { type: 'number' } };

const DURATION: Schema = { type: 'string', pattern: '^\\d{1,9}(\\.\\d{1,3})?(ms|s|m|h)$' };

/** NAME is what listeners and backends may be called. */
export const NAME: Schema = { type: 'string', pattern: '^[A-Za-z_][A-Za-z0-9_.-]{0,63}$' };

/** SERVER_NAME is what servers may be called: those without a name of their own, and those that are found, by their address. */
export const SERVER_NAME: Schema = { type: 'string', pattern: '^[A-Za-z0-9_[][!-~]{0,254}$' };

const ADDRESS: Schema = {
  anyOf: [
    object({ host: text, port: count }),
    object({ host: text, port: count, isV6Only: said({ const: true }, '`::` is every IPv6 address, and no other.') }),
    object({ path: said(text, 'With `@` in front it is a name, and no file.') }),
  ],
};

export const ERROR: Schema = object({
  error: {
    type: 'object',
    properties: {
      code: said(text, 'Stable; SA… of this API, SG… of the gateway.'),
      message: text,
      diagnostics: said(list({ type: 'object' }), 'The problems of a rule file, as `sluice check --json` has them.'),
    },
    required: ['code', 'message'],
  },
});

const DRAIN: Schema = object({
  id: said(count, 'Grows with each drain.'),
  isDone: said(flag, 'The last session has gone.'),
  isMoved: said(flag, 'The deadline came first: sticky clients were sent elsewhere.'),
  cut: said(
    count,
    'Requests and tunnels that the deadline ended: broken off, or answered with 503. Those that went to another server do not count.',
  ),
  elapsedMs: { type: 'number' },
  deadlineInMs: maybe({ type: 'number' }),
});

export const SERVER: Schema = object({
  backend: text,
  name: text,
  address: ADDRESS,
  state: said({ enum: SERVER_STATES }, 'What checks say.'),
  admin: said({ enum: ADMIN_STATES }, 'What people say.'),
  lastCheck: { enum: LAST_CHECKS },
  reason: said(text, 'Why it was ejected while it is, or else what its last probe said.'),
  ejections: said(count, 'How often it was ejected.'),
  weight: count,
  max: said(count, '0: no limit.'),
  isBackup: flag,
  open: said(count, 'Requests and tunnels, over all threads.'),
  waiting: said(count, 'Requests that wait for just this server, as their clients belong to it.'),
  mostWaiting: said(count, 'So many may (`queue at most` of the server). 0: no limit of its own.'),
  source: said(maybe(text), 'What found it, as the rules say it; null: it is written in the rules.'),
  isPassedOver: said(flag, 'Its last connections failed, so that others are asked first for a moment.'),
  counters,
  history: said(
    list(
      object({
        status: text,
        reason: text,
        count: said(count, 'Probes in a row that said so.'),
        firstAgoMs: { type: 'number' },
        lastAgoMs: { type: 'number' },
        tookMs: { type: 'number' },
      }),
    ),
    'What its probes said, newest first.',
  ),
  draining: said(maybe(DRAIN), 'The drain or maint that was last asked for; null: the server is ready.'),
});

export const BACKEND: Schema = object({
  name: text,
  circuit: said(maybe(text), 'null: it has none.'),
  fallsBackTo: said(maybe(text), 'Where its requests go now in place of its own servers.'),
  sticky: maybe({ type: 'object' }),
  open: said(count, 'Requests and tunnels on its servers.'),
  max: said(count, '0: no limit.'),
  waiting: said(count, 'Requests that wait for a server with room, those that wait for one server too.'),
  counters,
  latency: object({ count, p50Micros: maybe({ type: 'number' }), p99Micros: maybe({ type: 'number' }) }),
  servers: list(SERVER),
});

export const MEMBERS: Schema = object({
  backend: text,
  members: list(
    object({
      name: text,
      address: ADDRESS,
      source: said(maybe(text), 'What found it, as the rules say it; null: it is written in the rules.'),
      state: { enum: SERVER_STATES },
      admin: { enum: ADMIN_STATES },
      weight: count,
      isBackup: flag,
      open: count,
      waiting: count,
    }),
  ),
  sources: said(
    list(
      object({
        source: said(text, 'As the rules say it.'),
        isOk: flag,
        reason: said(text, 'What failed; empty while all is well, or before the first answer.'),
        servers: said(count, 'How many it has found.'),
        questions: count,
        failures: count,
        ageMs: said(maybe({ type: 'number' }), 'Since the last good answer; null: there was none.'),
      }),
    ),
    'What finds servers, in the order of the rules.',
  ),
});

/** STICKY is where a client belongs. */
export const STICKY: Schema = object({
  kind: said(text, 'The component, such as `on cookie`.'),
  by: said(text, 'By what the client is known, or why it is not.'),
  server: said(maybe(text), 'The server that it belongs to; null: to none.'),
  outcome: said(
    { enum: ['stays', 'waits', 'moves', 'new'] },
    '`stays`: it goes there; `waits`: as soon as the server has room; `moves`: another one is picked; `new`: it belongs to none yet.',
  ),
  why: text,
  sinceMs: said(maybe({ type: 'number' }), 'For how long it has belonged there; null: no table knows.'),
  expiresInMs: said(maybe({ type: 'number' }), 'When it is forgotten if it does not come again; null: no table knows.'),
  ownCookie: said(maybe(text), 'The cookie that the gateway sets and takes out of requests.'),
});

/** STICKY_CLIENT is what a client is known by. In a body, as cookies must not stand in addresses. */
export const STICKY_CLIENT: Schema = {
  type: 'object',
  properties: {
    ip: said({ type: 'string', maxLength: 64 }, 'The client’s address. Default 127.0.0.1.'),
    headers: said(list({ type: 'string', maxLength: 8192 }), '`Cookie: sid=…`, or another header.'),
  },
  additionalProperties: false,
};

const THREAD: Schema = object({ thread: count, state: text, replaced: count, word: maybe(text), beats: count });

const addresses = { address: ADDRESS, otherAddresses: list(ADDRESS) };

const LISTENER: Schema = object({ name: text, ...addresses, openConnections: count, counters });

export const STATUS: Schema = object({
  state: text,
  generation: count,
  version: object({ sluice: text, node: text }),
  pid: count,
  uptimeMs: { type: 'number' },
  listeners: list(object({ name: text, ...addresses, openConnections: count })),
  threads: list(THREAD),
  servers: said(counters, 'How many servers are in each state, and in each admin state.'),
  sticks: said(count, 'Entries of the stick table.'),
});

export const STATS: Schema = object({
  generation: count,
  listeners: list(LISTENER),
  backends: list(BACKEND),
  threads: list(THREAD),
  sticks: count,
});

export const SESSIONS: Schema = object({
  open: said(count, 'Requests and tunnels in all.'),
  returning: said(count, 'Clients of the stick table that may come back.'),
  sessions: list(
    object({
      kind: { enum: ['request', 'tunnel'] },
      client: text,
      listener: text,
      method: text,
      path: said(text, 'Without the query.'),
      ageMs: { type: 'number' },
      isSticky: flag,
      bytesIn: count,
      bytesOut: count,
      thread: count,
    }),
  ),
});

export const LISTS: Schema = object({
  lists: list(object({ name: text, type: text, entries: count, file: maybe(text), refreshMs: count })),
  maps: list(object({ name: text, from: text, to: text, entries: count, file: maybe(text), refreshMs: count })),
});

export const CERTIFICATES: Schema = object({
  certificates: list(
    object({
      source: said(text, 'Who gets it, such as `acme`; `file`: somebody else does.'),
      names: list(text),
      listeners: list(text),
      file: text,
      state: said(
        { enum: ['valid', 'pending', 'failing', 'expired'] },
        'pending: the first one is under way; failing: there is none, and the last attempt failed.',
      ),
      expires: said(maybe(text), 'A date as of RFC 3339; null: there is none.'),
      next: said(
        maybe(text),
        'When it is renewed or tried for next; null: an attempt is under way, or it comes from a file.',
      ),
      failures: said(
        count,
        'Attempts that failed since the last one that did not; for a file: new contents that were not taken.',
      ),
      lastError: said(maybe(text), 'Why the last attempt failed; null: it did not.'),
      obtained: said(count, 'Since the gateway started.'),
      failed: said(count, 'The same.'),
    }),
  ),
});

export const RENEW: Schema = {
  type: 'object',
  properties: { name: said({ type: 'string', minLength: 1, maxLength: 253 }, 'One of its names.') },
  required: ['name'],
  additionalProperties: false,
};

export const RELOADED: Schema = object({ generation: said(count, 'The one in force now.') });

/** EXPLANATION is as `sluice explain --json` prints it. */
export const EXPLANATION: Schema = object({
  request: { type: 'object' },
  listener: text,
  isLive: said(flag, 'Always true here: states, loads, queues, circuits, stickiness and rates are those of now.'),
  verdict: { type: 'object' },
  servers: list({ type: 'object' }),
});

export const SERVER_CHANGE: Schema = {
  type: 'object',
  properties: {
    admin: { enum: ADMIN_STATES },
    deadline: said(DURATION, 'With `drain`: after so long it becomes maint.'),
    close: said(flag, 'Cuts what is open: at the deadline of a drain, with `maint` at once.'),
    weight: { type: 'integer', minimum: 0, maximum: 256 },
    max: said({ type: 'integer', minimum: 0, maximum: 1_000_000 }, '0: no limit.'),
  },
  additionalProperties: false,
  minProperties: 1,
  dependencies: { deadline: ['admin'], close: ['admin'] },
};

export const NOTHING: Schema = { type: 'object', additionalProperties: false };

export const EXPLAIN: Schema = {
  type: 'object',
  properties: {
    request: said(
      { type: 'string', minLength: 1, maxLength: 8192 },
      'Such as `GET https://www.example.com/ from 198.51.100.7`, or for a connection `tcp to :443 sni www.example.com alpn h2`.',
    ),
    headers: said(list({ type: 'string', maxLength: 8192 }), '`Name: value`'),
    given: said(
      {
        type: 'object',
        maxProperties: 64,
        additionalProperties: {
          anyOf: [{ type: 'string', maxLength: 8192 }, list({ type: 'string', maxLength: 8192 })],
        },
      },
      'what the handshake of TLS or a PROXY header says, by the names of fields: `{"client certificate cn": "ann"}`',
    ),
    listener: NAME,
  },
  required: ['request'],
  additionalProperties: false,
};

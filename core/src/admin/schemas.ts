/**
 * Schemas: the shapes of the admin API's bodies and answers, as JSON Schema with their types (`TypeOf`). Main thread.
 *
 * Bodies are checked by them and may hold nothing else. Answers may come to hold more than is written here: later releases
 * add, and never take away.
 */
import type { Explanation } from '../control/explain/explanation.ts';
import { CIRCUIT_STATES } from '../shared/tables/circuit-table.ts';
import { BACKEND_COUNTERS, LISTENER_COUNTERS, SERVER_COUNTERS } from '../shared/tables/counters.ts';
import { ADMIN_STATES, LAST_CHECKS, SERVER_STATES } from '../shared/tables/server-table.ts';
import { STICK_COUNTERS } from '../shared/tables/shared-stick-table.ts';
import { HISTORY_NUMBER } from './configuration-schemas.ts';
import {
  anyObject,
  closed,
  count,
  counters,
  described,
  either,
  flag,
  list,
  maybe,
  number,
  object,
  oneOf,
  only,
  record,
  type Schema,
  shapeOf,
  text,
  textOf,
  wholeUpTo,
} from './schema.ts';

const DURATION = textOf({ pattern: '^\\d{1,9}(\\.\\d{1,3})?(ms|s|m|h)$' });

/** NAME is what listeners and backends may be called. */
export const NAME = textOf({ pattern: '^[A-Za-z_][A-Za-z0-9_.-]{0,63}$' });

/** SERVER_NAME is what servers may be called: those without a name of their own, and those that are found, by their address. */
export const SERVER_NAME = textOf({ pattern: '^[A-Za-z0-9_[][!-~]{0,254}$' });

/** paramSchema is what a varying part of a path may be. */
export function paramSchema(name: string): Schema<string> {
  if (name === 'server') return SERVER_NAME;
  return name === 'number' ? HISTORY_NUMBER : NAME;
}

const ADDRESS = either(
  object({ host: text, port: count }, { isV6Only: described(only(true), '`::` is every IPv6 address, and no other.') }),
  object({ path: described(text, 'With `@` in front it is a name, and no file.') }),
);

export const ERROR = object({
  error: object(
    {
      code: described(text, 'Stable; SA… of this API, SG… of the gateway.'),
      message: text,
    },
    {
      diagnostics: described(list(anyObject), 'The problems of a rule file, as `sluice check --json` has them.'),
    },
  ),
});

const DRAIN = object({
  id: described(count, 'Grows with each drain.'),
  isDone: described(flag, 'The last session has gone.'),
  isMoved: described(flag, 'The deadline came first: sticky clients were sent elsewhere.'),
  cut: described(
    count,
    'Requests and tunnels that the deadline ended: broken off, or answered with 503. Those that went to another server do not count.',
  ),
  elapsedMs: number,
  deadlineInMs: maybe(number),
});

const UNDER = list(object({ underMicros: count, count }));

const FIRST_BYTE = object({
  count,
  p50Micros: described(maybe(number), 'Accurate to a half, as the others are.'),
  p90Micros: maybe(number),
  p99Micros: maybe(number),
  sumMicros: number,
  under: described(
    UNDER,
    'How many answers began in less than each of some times, each four times the one before, from 1 ms to 17 s.',
  ),
});

export const SERVER = object({
  backend: text,
  name: text,
  address: ADDRESS,
  state: described(oneOf(SERVER_STATES), 'What checks say.'),
  admin: described(oneOf(ADMIN_STATES), 'What people say.'),
  lastCheck: oneOf(LAST_CHECKS),
  reason: described(text, 'Why it was ejected while it is, or else what its last probe said.'),
  ejections: described(count, 'How often it was ejected.'),
  weight: count,
  max: described(count, '0: no limit.'),
  isBackup: flag,
  open: described(count, 'Requests and tunnels, over all threads.'),
  waiting: described(count, 'Requests that wait for just this server, as their clients belong to it.'),
  mostWaiting: described(count, 'So many may (`queue at most` of the server). 0: no limit of its own.'),
  source: described(maybe(text), 'What found it, as the rules say it; null: it is written in the rules.'),
  isPassedOver: described(flag, 'Its last connections failed, so that others are asked first for a moment.'),
  firstByte: described(
    FIRST_BYTE,
    'From a request’s being sent to the server, a new connection included, to the head of its answer.',
  ),
  counters: counters(SERVER_COUNTERS),
  history: described(
    list(
      object({
        status: text,
        reason: text,
        count: described(count, 'Probes in a row that said so.'),
        firstAgoMs: number,
        lastAgoMs: number,
        tookMs: number,
      }),
    ),
    'What its probes said, newest first.',
  ),
  draining: described(maybe(DRAIN), 'The drain or maint that was last asked for; null: the server is ready.'),
});

const SOURCE = object({
  source: described(text, 'As the rules say it.'),
  isOk: flag,
  reason: described(text, 'What failed; empty while all is well, or before the first answer.'),
  servers: described(count, 'How many it has found.'),
  questions: count,
  failures: count,
  ageMs: described(maybe(number), 'Since the last good answer; null: there was none.'),
});

const LATENCY = object({
  count,
  p50Micros: maybe(number),
  p90Micros: maybe(number),
  p99Micros: maybe(number),
  p999Micros: maybe(number),
  sumMicros: described(number, 'Accurate to an eighth.'),
  under: described(UNDER, 'How many answers took less than each of some times, which double from 256 µs to 34 s.'),
});

export const BACKEND = object({
  name: text,
  circuit: described(maybe(oneOf(CIRCUIT_STATES)), 'null: it has none.'),
  fallsBackTo: described(maybe(text), 'Where its requests go now in place of its own servers.'),
  sticky: described(
    maybe(
      object({
        kind: described(text, 'The component, such as `on cookie`.'),
        size: described(count, 'Clients that its table has room for; 0: it needs none.'),
        entries: described(count, 'Clients known now.'),
        counters: counters(STICK_COUNTERS),
      }),
    ),
    'null: it has no `stick` line.',
  ),
  open: described(count, 'Requests and tunnels on its servers.'),
  max: described(count, '0: no limit.'),
  waiting: described(count, 'Requests that wait for a server with room, those that wait for one server too.'),
  counters: counters(BACKEND_COUNTERS),
  latency: LATENCY,
  servers: list(SERVER),
  discoveries: described(list(SOURCE), 'What finds more servers, in the order of the rules.'),
});

export const BACKENDS = object({ backends: list(BACKEND) });

export const SERVERS = object({ servers: list(SERVER) });

export const MEMBERS = object({
  backend: text,
  members: list(
    object({
      name: text,
      address: ADDRESS,
      source: described(maybe(text), 'What found it, as the rules say it; null: it is written in the rules.'),
      state: oneOf(SERVER_STATES),
      admin: oneOf(ADMIN_STATES),
      weight: count,
      isBackup: flag,
      open: count,
      waiting: count,
    }),
  ),
  sources: described(list(SOURCE), 'What finds servers, in the order of the rules.'),
});

/** STICKY is where a client belongs. */
export const STICKY = object({
  kind: described(text, 'The component, such as `on cookie`.'),
  by: described(text, 'By what the client is known, or why it is not.'),
  server: described(maybe(text), 'The server that it belongs to; null: to none.'),
  outcome: described(
    oneOf(['stays', 'waits', 'moves', 'new']),
    '`stays`: it goes there; `waits`: as soon as the server has room; `moves`: another one is picked; `new`: it belongs to none yet.',
  ),
  why: text,
  entry: described(maybe(text), 'The id of its entry in the table; null: no table knows it.'),
  sinceMs: described(maybe(number), 'For how long it has belonged there; null: no table knows.'),
  expiresInMs: described(maybe(number), 'When it is forgotten if it does not come again; null: no table knows.'),
  ownCookie: described(maybe(text), 'The cookie that the gateway sets and takes out of requests.'),
});

/** STICKY_CLIENT is what a client is known by. In a body, as cookies must not stand in addresses. */
export const STICKY_CLIENT = closed(
  {},
  {
    ip: described(textOf({ maxLength: 64 }), 'The client’s address. Default 127.0.0.1.'),
    headers: described(list(textOf({ maxLength: 8192 })), '`Cookie: sid=…`, or another header.'),
  },
);

const THREAD = object({
  thread: count,
  state: text,
  replaced: count,
  word: described(maybe(text), 'The word of a plugin that it is in at this moment; null: the gateway’s own code.'),
  beats: count,
  lateness: described(list(count), 'Beats by how late they came.'),
});

const addresses = { address: ADDRESS, otherAddresses: list(ADDRESS) };

const LISTENER = object({
  name: text,
  ...addresses,
  openConnections: count,
  backends: described(list(text), 'Where its rules may send requests.'),
  counters: counters(LISTENER_COUNTERS),
});

export const STATUS = object({
  state: text,
  generation: count,
  version: object({ sluice: text, node: text }),
  pid: count,
  uptimeMs: number,
  memory: object({
    residentBytes: described(count, 'Of the whole process, shared memory included.'),
    heapBytes: described(count, 'JavaScript objects of the main thread.'),
  }),
  listeners: list(object({ name: text, ...addresses, openConnections: count })),
  threads: list(THREAD),
  servers: described(
    counters([...SERVER_STATES, ...ADMIN_STATES] as const),
    'How many servers are in each state, and in each admin state.',
  ),
  sticks: described(count, 'Entries of the stick table.'),
});

export const STATS = object({
  generation: count,
  listeners: list(LISTENER),
  backends: list(BACKEND),
  threads: list(THREAD),
  sticks: count,
  accessLogs: list(
    object({
      destination: described(text, 'Such as `file /var/log/sluice/access.log`.'),
      lines: described(count, 'Lines that were handed over.'),
      dropped: described(count, 'Lines that were lost.'),
    }),
  ),
});

export const LISTS = object({
  lists: list(object({ name: text, type: text, entries: count, file: maybe(text), refreshMs: count })),
  maps: list(object({ name: text, from: text, to: text, entries: count, file: maybe(text), refreshMs: count })),
});

export const CERTIFICATES = object({
  certificates: list(
    object({
      source: described(text, 'Who gets it, such as `acme`; `file`: somebody else does.'),
      names: list(text),
      listeners: list(text),
      file: text,
      state: described(
        oneOf(['valid', 'pending', 'failing', 'expired']),
        'pending: the first one is under way; failing: there is none, and the last attempt failed.',
      ),
      expires: described(maybe(text), 'A date as of RFC 3339; null: there is none.'),
      next: described(
        maybe(text),
        'When it is renewed or tried for next; null: an attempt is under way, or it comes from a file.',
      ),
      failures: described(
        count,
        'Attempts that failed since the last one that did not; for a file: new contents that were not taken.',
      ),
      lastError: described(maybe(text), 'Why the last attempt failed; null: it did not.'),
      obtained: described(count, 'Since the gateway started.'),
      failed: described(count, 'The same.'),
    }),
  ),
});

export const RENEW = closed({
  name: described(textOf({ minLength: 1, maxLength: 253 }), 'One of its names.'),
});

export const UPGRADED = object({ isUpgraded: described(flag, 'The new version serves.') });

export const RELOADED = object({ generation: described(count, 'The active one.') });

/** EXPLANATION is as `sluice explain --json` prints it. */
export const EXPLANATION = shapeOf<Explanation>({
  request: object(
    { method: text, scheme: text, host: text, port: count, path: text, query: text, ip: text },
    { sni: text, alpn: list(text) },
  ),
  listener: text,
  isLive: described(flag, 'Always true here: states, loads, queues, circuits, stickiness and rates are those of now.'),
  verdict: described(anyObject, 'Its `kind` is `answer`, `send`, `close`, `open` or `error`.'),
  by: described(maybe(anyObject), 'The rule that decided; null: none did.'),
  otherwise: described(maybe(anyObject), 'What would happen if that rule were not there.'),
  passthroughs: list(anyObject),
  guards: list(anyObject),
  changes: list(anyObject),
  routes: list(anyObject),
  edits: described(list(anyObject), 'Changes of the request’s fields.'),
  answer: described(object({ status: count, isAssumed: flag }), 'The answer that `on response` was asked about.'),
  responses: described(list(anyObject), 'The changes of `on response`.'),
  answerEdits: list(anyObject),
  page: described(maybe(text), 'The file of the listener’s own page that an answer is sent with.'),
  fallBacks: list(anyObject),
  serve: described(maybe(text), 'What answers in place of servers; null: servers do.'),
  balance: maybe(text),
  stick: maybe(text),
  sticky: described(maybe(STICKY), 'Where the client belongs in the chosen backend.'),
  line: described(maybe(anyObject), 'Where the request waits for a server with room.'),
  servers: described(list(anyObject), 'The servers of the backend that gets the request.'),
});

export const SERVER_CHANGE = closed(
  {},
  {
    admin: oneOf(ADMIN_STATES),
    deadline: described(DURATION, 'With `drain`: after so long it becomes maint.'),
    close: described(flag, 'Cuts what is open: at the deadline of a drain, with `maint` at once.'),
    weight: wholeUpTo(256),
    max: described(wholeUpTo(1_000_000), '0: no limit.'),
  },
  { minProperties: 1, dependencies: { deadline: ['admin'], close: ['admin'] } },
);

export const NEW_SERVER = closed(
  {
    address: described(
      textOf({ minLength: 3, maxLength: 300 }),
      '`10.0.0.9:80`, `[::1]:80`, `app.internal:80` or `unix:/run/app.sock`.',
    ),
  },
  {
    name: described(textOf({ minLength: 1, maxLength: 255 }), 'Default: the address.'),
    weight: described(wholeUpTo(256), 'Default 1.'),
    max: described(wholeUpTo(1_000_000), 'Most requests at once. Default 0: no limit.'),
    backup: described(flag, 'Default false.'),
  },
);

export const REMOVED = object({ removed: described(text, 'As `backend/server`.') });

export const NOTHING = closed({});

export const EXPLAIN = closed(
  {
    request: described(
      textOf({ minLength: 1, maxLength: 8192 }),
      'Such as `GET https://www.example.com/ from 198.51.100.7`, or for a connection `tcp to :443 sni www.example.com alpn h2`.',
    ),
  },
  {
    headers: described(list(textOf({ maxLength: 8192 })), '`Name: value`'),
    given: described(
      record(either(textOf({ maxLength: 8192 }), list(textOf({ maxLength: 8192 }))), { maxProperties: 64 }),
      'what the handshake of TLS or a PROXY header says, by the names of fields: `{"client certificate cn": "ann"}`',
    ),
    listener: NAME,
  },
);

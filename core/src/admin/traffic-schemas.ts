/**
 * TrafficSchemas: the shapes of what the admin API says of sessions, failed requests and rules. Main thread.
 */
import { RULE_KINDS } from '../control/watch/rule-reader.ts';
import { FAILURE_KINDS } from '../shared/orders/failed-request.ts';
import { closed, count, described, flag, list, maybe, number, object, oneOf, only, text, textOf } from './schema.ts';

const SESSION = object({
  id: described(text, 'Of the request, as in the access log.'),
  kind: oneOf(['request', 'tunnel']),
  client: text,
  listener: text,
  backend: described(maybe(text), 'null: it was sent nowhere yet.'),
  server: described(maybe(text), 'The one that it is on, or that was tried last.'),
  method: text,
  path: described(text, 'Without the query.'),
  ageMs: number,
  isSticky: flag,
  bytesIn: count,
  bytesOut: count,
  thread: count,
});

const OPEN = described(count, 'Requests and tunnels in all.');

export const SESSIONS = object({
  open: OPEN,
  returning: described(count, 'Clients of the stick table that may come back.'),
  sessions: list(SESSION),
});

export const ALL_SESSIONS = object({ open: OPEN, sessions: list(SESSION) });

/** SERVER_PATH names a server in a body or query: `backend/server`. */
export const SERVER_PATH = textOf({ pattern: '^[A-Za-z_][A-Za-z0-9_.-]{0,63}/[A-Za-z0-9_[][!-~]{0,254}$' });

/** CLIENT is an address of a client. */
export const CLIENT = textOf({ minLength: 2, maxLength: 64 });

export const END_SESSIONS = closed(
  {},
  {
    id: described(textOf({ pattern: '^[0-9a-f]{32}$' }), 'One session, by its id.'),
    server: described(SERVER_PATH, 'Those on this server, as `backend/server`.'),
    client: described(CLIENT, 'Those of this client address.'),
  },
  { minProperties: 1 },
);

export const SESSIONS_ENDED = object({ ended: count });

export const ERRORS = object({
  errors: described(
    list(
      object({
        at: described(text, 'A date as of RFC 3339.'),
        kind: described(
          oneOf(FAILURE_KINDS),
          '`refused`: before any rule saw it; `rule`: a rule denied it, or failed; `limit`: a rate limit; `no-rule`: no rule took it; `server`: no server gave an answer that could be sent; `answer`: a server’s own 5xx; `ended`: by a stop or by hand.',
        ),
        why: text,
        client: text,
        listener: text,
        method: described(text, 'Empty where it was not read, and for a plain TCP connection.'),
        path: described(text, 'The first 200 bytes, without the query.'),
        status: described(count, '0: it got none, or is a plain TCP connection.'),
        rule: described(maybe(text), '`file:line` of the rule that decided; null: none did.'),
        backend: maybe(text),
        server: described(maybe(text), 'The one that was tried last.'),
        thread: count,
      }),
    ),
    'Newest first. Each thread remembers 200, and one that is lost none.',
  ),
});

export const RULES = object({
  rules: list(
    object({
      listener: text,
      kind: described(oneOf(RULE_KINDS), '`response`: of `on response`.'),
      text: described(text, 'As written, on one line.'),
      file: text,
      line: count,
      column: count,
      hits: described(
        maybe(count),
        'How often its conditions were true when it was its turn, since it stands there with these words; null: it is not counted, as only the first 8192 rules are.',
      ),
    }),
  ),
});

const ENTRY_ID = textOf({ pattern: '^[0-9a-f]{16}$' });

export const STICKY_ENTRIES = object({
  entries: list(
    object({
      id: described(text, 'The hash of its key: a client cannot be told from it.'),
      server: described(maybe(text), 'null: the server is gone.'),
      sinceMs: number,
      expiresInMs: number,
    }),
  ),
  next: described(maybe(count), 'What `after` is for the next page; null: that was all.'),
});

export const CLEAR_STICKY = closed(
  {},
  {
    entry: described(ENTRY_ID, 'One entry.'),
    server: described(textOf({ minLength: 1, maxLength: 255 }), 'Those of this server.'),
    all: described(only(true), 'All.'),
  },
  { minProperties: 1, maxProperties: 1 },
);

export const CLEARED = object({ cleared: count });

export const LIMITED = object({
  clients: described(
    list(
      object({
        listener: text,
        rule: described(maybe(text), '`file:line` of the limit; null: a limit of new connections.'),
        text: described(text, 'The limit as written, or `new connections`.'),
        key: described(
          text,
          'What it counts by, such as an address. Empty: it counts everything together. Of headers and cookies, and for plugins, only the first 6 characters.',
        ),
        entry: described(text, 'Its id, to clear it.'),
        refused: described(count, 'How often it was over the limit, since it is remembered.'),
        firstRefused: described(text, 'A date as of RFC 3339.'),
        lastRefused: text,
        waitMs: described(count, 'Until its next request or connection may pass; 0: it may now.'),
      }),
    ),
    'Those that are over a limit now first, then the latest. Each thread remembers the latest 100 of each limit.',
  ),
});

export const CLEAR_LIMITS = closed(
  {},
  { entry: described(ENTRY_ID, 'One entry.'), all: described(only(true), 'All.') },
  { minProperties: 1, maxProperties: 1 },
);

const LIST_ENTRY = textOf({ minLength: 1, maxLength: 1024, pattern: '^[^\\u0000-\\u001f]+$' });

/** LIST_ENTRIES are entries as a file of the list has them. */
const LIST_ENTRIES = { ...list(LIST_ENTRY), minItems: 1, maxItems: 1000 };

export const LIST_PAGE = object({
  name: text,
  type: text,
  count: described(count, 'All entries of the list.'),
  entries: list(text),
  next: described(maybe(count), 'What `after` is for the next page; null: that was all.'),
});

export const LIST_CHANGE = closed(
  {},
  {
    add: described(LIST_ENTRIES, 'As in a file of the list. Those that are there already are left alone.'),
    remove: described(LIST_ENTRIES, 'All must be there.'),
  },
  { minProperties: 1 },
);

export const LIST_CHANGED = object({ name: text, count, added: count, removed: count });

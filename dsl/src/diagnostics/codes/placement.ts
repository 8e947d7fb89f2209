/**
 * SL04: placement: where lines are allowed, and when their facts are known.
 */
import type { CodeEntry } from './entry.ts';

export const PLACEMENT_CODES: Readonly<Record<string, CodeEntry>> = {
  SL0401: {
    severity: 'error',
    message: '`{word}` is {part}, but comes {where}',
    why: 'The lines of a listener come in the order in which they run: settings, guards, changes, routes.',
    context: 'listener',
    wrong: 'set header X-Team to "blue"\ndeny path is /a',
    right: 'deny path is /a\nset header X-Team to "blue"',
  },
  SL0440: {
    severity: 'error',
    message: '`{word}` is not allowed in `on response`',
    why: 'By then the request has been sent, and only the response can be changed.',
    context: 'listener',
    wrong: 'on response { rewrite /v1 to /api/v1 }',
    right: 'rewrite /v1 to /api/v1\non response { remove header Server }',
  },
  SL0402: {
    severity: 'error',
    message: '`{word}` is not allowed in a {section}',
    fix: 'Move it out of the braces',
    why: 'Sections do not nest.',
    context: 'listener',
    wrong: 'backend other of 127.0.0.1:9002',
    right: 'deny path is /a',
  },
  SL0403: {
    severity: 'error',
    message: '`{word}` does not belong here',
    fix: 'It belongs in a {section} section',
    why: 'Listeners define what happens to requests, backends how servers are used, and settings what applies to the whole gateway.',
    context: 'listener',
    wrong: 'balance round-robin',
    right: 'deny path is /a',
  },
  SL0404: {
    severity: 'error',
    message: '`{word}` is not allowed outside a section',
    fix: 'Put it in the braces of a {section} section',
    why: 'A rule belongs to a listener, a server to a backend.',
    context: 'top',
    wrong: 'deny path is /a',
    right: 'listener two on :8081 { deny path is /a; otherwise send to app }',
  },
  SL0405: {
    severity: 'error',
    message: '`{word}` cannot be the `otherwise`',
    why: '`otherwise` needs something that completes the request: a route or a response.',
    context: 'file',
    wrong: 'listener web on :8080 { otherwise allow }',
    right: 'listener web on :8080 { otherwise deny }',
  },
  SL0406: {
    severity: 'error',
    message: '`{word}` has no meaning in a `tcp` listener',
    fix: 'Remove it, or remove `tcp`',
    why: 'A `tcp` listener does not read requests.',
    context: 'file',
    wrong: 'listener db on :5432 tcp { body at most 1MiB; otherwise send to db }\nbackend db of 127.0.0.1:5433',
    right: 'listener db on :5432 tcp { otherwise send to db }\nbackend db of 127.0.0.1:5433',
  },
  SL0407: {
    severity: 'error',
    message: '`{word}` is unknown {where}',
    why: 'A field can only be used once it is known: those of the connection first, then those of the request, then those of the response, and last how the request ended.',
    context: 'file',
    wrong: 'listener db on :5432 tcp { deny path is /a; otherwise send to db }\nbackend db of 127.0.0.1:5433',
    right: 'listener db on :5432 tcp { deny ip 10.0.0.1; otherwise send to db }\nbackend db of 127.0.0.1:5433',
  },
  SL0409: {
    severity: 'error',
    message: 'connections that no `tls passthrough` line takes are not TLS here',
    fix: 'Add `tls terminate …` for them, or use `tcp` and `tls passthrough` to forward all of them undecrypted',
    why: 'A listener that passes some TLS connections through must also define how the others are handled.',
    context: 'file',
    wrong:
      'listener edge on :443 { tls passthrough to app when ip 10.0.0.1; otherwise send to app }\nbackend app of 127.0.0.1:9443',
    right:
      'listener edge on :443 tcp { tls passthrough; send to app when ip 10.0.0.1; otherwise send to other }\nbackend app of 127.0.0.1:9443\nbackend other of 127.0.0.1:9444',
  },
  SL0410: {
    severity: 'error',
    message: 'backend `{name}` gets requests, but its servers terminate TLS themselves',
    fix: 'Remove `tls passthrough` from the backend, or reach it by `tls passthrough to {name} when …` or a `tcp` listener',
    why: 'Such servers expect encrypted bytes, not requests that the gateway has already decrypted.',
    context: 'file',
    wrong: 'listener web on :80 { otherwise send to pay }\nbackend pay of 127.0.0.1:9443 { tls passthrough }',
    right: 'listener web on :443 tcp { otherwise send to pay }\nbackend pay of 127.0.0.1:9443 { tls passthrough }',
  },
  SL0408: {
    severity: 'error',
    message: '`{word}` is a field, but a line cannot begin with one',
    why: 'A line starts with what happens, followed by when.',
    context: 'listener',
    wrong: 'path is /a',
    right: 'deny path is /a',
  },
  SL0460: {
    severity: 'error',
    message: '`{word}` needs requests, but backend `{name}` gets raw connections',
    fix: 'Remove it; `stick on ip`, `balance ip-hash` and `retry … on connect-failure` need only the connection',
    why: 'A `tcp` listener and `tls passthrough` forward bytes, without headers, cookies, paths or statuses.',
    context: 'file',
    wrong: 'listener db on :5432 tcp { otherwise send to db }\nbackend db of 127.0.0.1:5433 { stick on cookie sid }',
    right: 'listener db on :5432 tcp { otherwise send to db }\nbackend db of 127.0.0.1:5433 { check tcp }',
  },
  SL0461: {
    severity: 'warning',
    message: '`{word}` has no effect on the raw connections that backend `{name}` gets besides requests',
    fix: 'Use a separate backend with the same servers for the raw connections',
    why: 'A `tcp` listener and `tls passthrough` forward bytes, without headers, cookies, paths or statuses.',
    context: 'file',
    wrong:
      'listener web on :80 { otherwise send to app }\nlistener raw on :81 tcp { otherwise send to app }\nbackend app of 127.0.0.1:9001 { stick on cookie sid }',
    right:
      'listener web on :80 { otherwise send to app }\nlistener raw on :81 tcp { otherwise send to plain }\nbackend app of 127.0.0.1:9001 { stick on cookie sid }\nbackend plain of 127.0.0.1:9001',
  },
};

/**
 * The declarations of the HTTP verbs: data that the compiler reads. Main thread only.
 */
import { FRAMING } from '@sluice/core/plugin';
import type { ArgWord, VerbWord } from '@sluice/dsl/vocabulary';

const HEADER: ArgWord = { name: 'header', type: 'header', doc: 'The name of the header.', except: FRAMING };
/** A request has exactly one Host: it may be set, and nothing else. */
const NO_HOST: ArgWord = { ...HEADER, except: [...FRAMING, 'host'] };
const PARAMETER: ArgWord = { name: 'parameter', type: 'text', doc: 'The name of the parameter.' };
const VALUE: ArgWord = { name: 'value', type: 'template', before: 'to', doc: 'The value, with placeholders.' };

/** VERBS: what a rule may do with an HTTP request, and with the answer to it. */
export const VERBS: readonly VerbWord[] = [
  {
    kind: 'verb',
    name: 'redirect',
    doc: 'Answers with a redirect (302 unless another status is given).',
    example: 'redirect 301 to "https://www.example.com{path}{query}" when host example.com',
    part: 'guard',
    alsoIn: ['route'],
    phase: 'request',
    args: [
      {
        name: 'status',
        type: 'status',
        doc: 'The status: 301 or 308 (permanent), 302 or 307 (temporary), 303 (to be fetched with GET).',
        isOptional: true,
        default: 302,
        choices: [301, 302, 303, 307, 308],
      },
      { name: 'location', type: 'template', before: 'to', doc: 'The target URL, with placeholders.' },
    ],
  },
  {
    kind: 'verb',
    name: 'send',
    doc: 'Sends the request to a backend. With a share, only that share of the requests, always from the same clients.',
    example: 'send to api when path under /api',
    part: 'route',
    phase: 'connection',
    args: [
      {
        name: 'share',
        type: 'percent',
        doc: 'The share of the requests: `5%`. Consecutive lines with the same key split them.',
        isOptional: true,
        isPartial: true,
        min: 0,
        max: 100,
      },
      { name: 'backend', type: 'backend', before: 'to', doc: 'The name of the backend.' },
      {
        name: 'key',
        type: 'key',
        before: 'by',
        doc: 'The key that assigns clients to shares: `ip` (the default), `cookie NAME` or `header NAME`.',
        isOptional: true,
        needs: 'share',
        choices: ['ip', 'cookie', 'header'],
      },
    ],
  },
  {
    kind: 'verb',
    name: 'send to map',
    doc: 'Sends the request to the backend that a map gives for a field’s value.',
    example: 'send to map tenants of host when host like *.tenants.example.com',
    part: 'route',
    phase: 'request',
    args: [
      { name: 'map', type: 'map', doc: 'The name of the map.', choices: ['backend'] },
      { name: 'of', type: 'field', before: 'of', doc: 'The field whose value is looked up.' },
    ],
  },
  {
    kind: 'verb',
    name: 'set header',
    doc: 'Sets a header to one value, and removes any others of the same name.',
    example: 'set header X-Request-Id to "{request.id}"',
    part: 'change',
    phase: 'request',
    isForAnswers: true,
    args: [HEADER, VALUE],
  },
  {
    kind: 'verb',
    name: 'add header',
    doc: 'Adds a header, and keeps existing ones of the same name.',
    example: 'add header Via to "1.1 sluice"',
    part: 'change',
    phase: 'request',
    isForAnswers: true,
    args: [NO_HOST, VALUE],
  },
  {
    kind: 'verb',
    name: 'remove header',
    doc: 'Removes all headers of a name.',
    example: 'remove header X-Debug when not ip 10.0.0.0/8',
    part: 'change',
    phase: 'request',
    isForAnswers: true,
    args: [NO_HOST],
  },
  {
    kind: 'verb',
    name: 'rewrite',
    doc: 'Replaces the beginning of the path, by whole segments, or what a regular expression matches in it.',
    example: 'rewrite /v1 to /api/v1',
    part: 'change',
    phase: 'request',
    args: [
      { name: 'from', type: 'pattern', doc: 'A path prefix, or a regular expression.' },
      { name: 'target', type: 'template', before: 'to', doc: 'The replacement.', replaces: 'from' },
    ],
  },
  {
    kind: 'verb',
    name: 'set query',
    doc: 'Sets a query parameter to one value, and removes any others of the same name.',
    example: 'set query lang to "en"',
    part: 'change',
    phase: 'request',
    args: [PARAMETER, VALUE],
  },
  {
    kind: 'verb',
    name: 'remove query',
    doc: 'Removes a query parameter.',
    example: 'remove query utm_source',
    part: 'change',
    phase: 'request',
    args: [PARAMETER],
  },
  {
    kind: 'verb',
    name: 'remove cookie',
    doc: 'Removes a cookie from the request, so that servers do not see it.',
    example: 'remove cookie tracking',
    part: 'change',
    phase: 'request',
    args: [{ name: 'cookie', type: 'cookie', doc: 'The name of the cookie. Case-sensitive.' }],
  },
  {
    kind: 'verb',
    name: 'set cookie',
    doc: 'Sets a cookie in the client. `same site none` implies `secure`.',
    example: 'set cookie seen to "yes" max age 30d secure http only same site lax',
    part: 'change',
    phase: 'response',
    isForAnswers: true,
    args: [
      { name: 'cookie', type: 'cookie', doc: 'The name of the cookie.' },
      VALUE,
      {
        name: 'maxAge',
        type: 'duration',
        before: 'max age',
        doc: 'How long the cookie lasts. Default: until the browser is closed; 0s deletes it.',
        isOptional: true,
        min: 0,
        max: 400 * 86_400_000,
      },
      { name: 'path', type: 'path', before: 'path', doc: 'The path of the cookie. Default `/`.', default: '/' },
      { name: 'secure', type: 'flag', before: 'secure', doc: 'For https only.', isOptional: true },
      {
        name: 'httpOnly',
        type: 'flag',
        before: 'http only',
        doc: 'Hides the cookie from scripts (HttpOnly).',
        isOptional: true,
      },
      {
        name: 'sameSite',
        type: 'name',
        before: 'same site',
        doc: 'Whether browsers send the cookie with requests from other sites.',
        isOptional: true,
        choices: ['lax', 'strict', 'none'],
      },
    ],
  },
];

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
    doc: 'Answers with a redirection (302 unless another status is written).',
    example: 'redirect 301 to "https://www.example.com{path}{query}" when host example.com',
    part: 'guard',
    alsoIn: ['route'],
    phase: 'request',
    args: [
      {
        name: 'status',
        type: 'status',
        doc: 'The status: 301 or 308 for good, 302 or 307 for now, 303 to be fetched with GET.',
        isOptional: true,
        default: 302,
        choices: [301, 302, 303, 307, 308],
      },
      { name: 'location', type: 'template', before: 'to', doc: 'Where to, with placeholders.' },
    ],
  },
  {
    kind: 'verb',
    name: 'send',
    doc: 'Sends the request to a backend. With a share, only that part of them, the same clients every time.',
    example: 'send to api when path under /api',
    part: 'route',
    phase: 'connection',
    args: [
      {
        name: 'share',
        type: 'percent',
        doc: 'The share of the requests: `5%`. Lines in a row by the same key split them.',
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
        doc: 'Whose share it is: `ip` (as without it), `cookie NAME`, `header NAME`.',
        isOptional: true,
        needs: 'share',
        choices: ['ip', 'cookie', 'header'],
      },
    ],
  },
  {
    kind: 'verb',
    name: 'send to map',
    doc: 'Sends the request to the backend that a map names for a field’s value.',
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
    doc: 'Gives a header one value in place of all that it had.',
    example: 'set header X-Request-Id to "{request.id}"',
    part: 'change',
    phase: 'request',
    isForAnswers: true,
    args: [HEADER, VALUE],
  },
  {
    kind: 'verb',
    name: 'add header',
    doc: 'Adds a header beside those of the same name.',
    example: 'add header Via to "1.1 sluice"',
    part: 'change',
    phase: 'request',
    isForAnswers: true,
    args: [NO_HOST, VALUE],
  },
  {
    kind: 'verb',
    name: 'remove header',
    doc: 'Takes all headers of a name away.',
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
      { name: 'target', type: 'template', before: 'to', doc: 'What takes its place.', replaces: 'from' },
    ],
  },
  {
    kind: 'verb',
    name: 'set query',
    doc: 'Gives a query parameter one value in place of all that it had.',
    example: 'set query lang to "en"',
    part: 'change',
    phase: 'request',
    args: [PARAMETER, VALUE],
  },
  {
    kind: 'verb',
    name: 'remove query',
    doc: 'Takes a query parameter away.',
    example: 'remove query utm_source',
    part: 'change',
    phase: 'request',
    args: [PARAMETER],
  },
  {
    kind: 'verb',
    name: 'remove cookie',
    doc: 'Takes a cookie away, so that servers do not see it.',
    example: 'remove cookie tracking',
    part: 'change',
    phase: 'request',
    args: [{ name: 'cookie', type: 'cookie', doc: 'The name of the cookie. Case matters.' }],
  },
  {
    kind: 'verb',
    name: 'set cookie',
    doc: 'Gives the client a cookie. `same site none` is always secure.',
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
        doc: 'How long it lives; without it, until the browser is closed; 0s takes it away.',
        isOptional: true,
        min: 0,
        max: 400 * 86_400_000,
      },
      { name: 'path', type: 'path', before: 'path', doc: 'The paths it is for. Default: all.', default: '/' },
      { name: 'secure', type: 'flag', before: 'secure', doc: 'For https only.', isOptional: true },
      { name: 'httpOnly', type: 'flag', before: 'http only', doc: 'Hidden from scripts.', isOptional: true },
      {
        name: 'sameSite',
        type: 'name',
        before: 'same site',
        doc: 'Whether other sites make the browser send it.',
        isOptional: true,
        choices: ['lax', 'strict', 'none'],
      },
    ],
  },
];

/**
 * The words that the language's own tests use: what the standard plugins declare, in short.
 */
import type { Operator } from '../src/plan/index.ts';
import type { ComponentWord, FieldWord, VerbWord, Word } from '../src/vocabulary/index.ts';

const TEXT: readonly Operator[] = ['is', 'in', 'starts', 'ends', 'contains', 'like', 'matches'];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'CONNECT'];

const FIELDS: readonly FieldWord[] = [
  {
    kind: 'field',
    name: 'ip',
    doc: 'the client’s address',
    example: 'ip 10.0.0.0/8',
    phase: 'connection',
    type: 'ip',
    operators: ['is', 'in'],
    defaultOperator: 'is',
    index: 'ip',
  },
  {
    kind: 'field',
    name: 'port',
    doc: 'the port the client connected to',
    example: 'port 8080',
    phase: 'connection',
    type: 'number',
    operators: ['is', 'in', 'over', 'below', 'between'],
    defaultOperator: 'is',
    index: 'number',
  },
  {
    kind: 'field',
    name: 'path',
    doc: 'the path, normalised',
    example: 'path under /admin',
    phase: 'request',
    type: 'text',
    operators: ['is', 'in', 'under', 'starts', 'ends', 'contains', 'like', 'matches'],
    defaultOperator: null,
    index: 'path',
  },
  {
    kind: 'field',
    name: 'method',
    doc: 'the method',
    example: 'method GET, HEAD',
    phase: 'request',
    type: 'text',
    operators: ['is', 'in'],
    defaultOperator: 'is',
    values: METHODS,
    isOpen: true,
    index: 'text',
  },
  {
    kind: 'field',
    name: 'host',
    doc: 'the host, without port',
    example: 'host is www.example.com',
    phase: 'request',
    type: 'text',
    operators: TEXT,
    defaultOperator: 'is',
    ignoresCase: true,
    index: 'host',
  },
  {
    kind: 'field',
    name: 'scheme',
    doc: 'http or https',
    example: 'scheme https',
    phase: 'request',
    type: 'text',
    operators: ['is', 'in'],
    defaultOperator: 'is',
    values: ['http', 'https'],
    index: 'text',
  },
  {
    kind: 'field',
    name: 'header',
    doc: 'a header field',
    example: 'header X-Team is blue',
    phase: 'request',
    type: 'text',
    operators: TEXT,
    defaultOperator: 'is',
    key: { placeholder: 'NAME', ignoresCase: true },
    isOptional: true,
    isMany: true,
    onResponse: 'response header',
    index: 'text',
  },
  {
    kind: 'field',
    name: 'response header',
    doc: 'a header field of the answer',
    example: 'response header X-Team is blue',
    phase: 'response',
    type: 'text',
    operators: TEXT,
    defaultOperator: 'is',
    key: { placeholder: 'NAME', ignoresCase: true },
    isOptional: true,
    isMany: true,
    index: 'text',
  },
  {
    kind: 'field',
    name: 'status',
    doc: 'the status of the answer',
    example: 'status 500..599',
    phase: 'response',
    type: 'number',
    operators: ['is', 'in', 'over', 'below', 'between'],
    defaultOperator: 'is',
    index: 'number',
  },
  {
    kind: 'field',
    name: 'cookie',
    doc: 'a cookie',
    example: 'cookie sid present',
    phase: 'request',
    type: 'text',
    operators: TEXT,
    defaultOperator: 'is',
    key: { placeholder: 'NAME', ignoresCase: false },
    isOptional: true,
    isMany: true,
    index: 'text',
  },
  {
    kind: 'field',
    name: 'query',
    doc: 'a parameter of the query',
    example: 'query page is 1',
    phase: 'request',
    type: 'text',
    operators: TEXT,
    defaultOperator: 'is',
    key: { placeholder: 'NAME', ignoresCase: false },
    isOptional: true,
    isMany: true,
    index: 'text',
  },
];

const VERBS: VerbWord[] = [
  {
    kind: 'verb',
    name: 'deny',
    doc: 'answers with a status',
    example: 'deny ip 10.0.0.0/8',
    part: 'guard',
    alsoIn: ['route'],
    phase: 'connection',
    takesCondition: true,
    args: [{ name: 'status', type: 'status', doc: 'a status', isOptional: true, default: 403, min: 400, max: 599 }],
  },
  {
    kind: 'verb',
    name: 'allow',
    doc: 'ends the guards',
    example: 'allow ip 10.0.0.0/8',
    part: 'guard',
    phase: 'connection',
    takesCondition: true,
    args: [],
  },
  {
    kind: 'verb',
    name: 'redirect',
    doc: 'sends the client elsewhere',
    example: 'redirect 301 to "https://{host}{path}" when scheme http',
    part: 'guard',
    alsoIn: ['route'],
    phase: 'request',
    args: [
      {
        name: 'status',
        type: 'status',
        doc: 'a status',
        isOptional: true,
        default: 302,
        choices: [301, 302, 303, 307, 308],
      },
      { name: 'target', type: 'template', before: 'to', doc: 'where to' },
    ],
  },
  {
    kind: 'verb',
    name: 'send',
    doc: 'forwards to a backend',
    example: 'send to app when path under /app',
    part: 'route',
    phase: 'connection',
    args: [
      { name: 'share', type: 'percent', doc: 'a share', isOptional: true, isPartial: true, min: 0, max: 100 },
      { name: 'backend', type: 'backend', before: 'to', doc: 'a backend' },
      {
        name: 'key',
        type: 'key',
        before: 'by',
        doc: 'whose share',
        isOptional: true,
        needs: 'share',
        choices: ['ip', 'cookie', 'header'],
      },
    ],
  },
  ...(['set', 'add'] as const).map(
    (name): VerbWord => ({
      kind: 'verb',
      name: `${name} header`,
      doc: 'changes a header',
      example: `${name} header X-Team to "blue"`,
      part: 'change',
      phase: 'request',
      isForAnswers: true,
      args: [
        { name: 'name', type: 'header', doc: 'a header' },
        { name: 'value', type: 'template', before: 'to', doc: 'a value' },
      ],
    }),
  ),
  {
    kind: 'verb',
    name: 'remove header',
    doc: 'removes a header',
    example: 'remove header X-Team',
    part: 'change',
    phase: 'request',
    isForAnswers: true,
    args: [{ name: 'name', type: 'header', doc: 'a header' }],
  },
];

VERBS.push({
  kind: 'verb',
  name: 'rewrite',
  doc: 'changes the path',
  example: 'rewrite /v1 to /api/v1',
  part: 'change',
  phase: 'request',
  args: [
    { name: 'from', type: 'pattern', doc: 'a prefix or an expression' },
    { name: 'target', type: 'template', before: 'to', doc: 'what it becomes', replaces: 'from' },
  ],
});
VERBS.push({
  kind: 'verb',
  name: 'remove query',
  doc: 'takes a parameter away',
  example: 'remove query page',
  part: 'change',
  phase: 'request',
  args: [{ name: 'name', type: 'text', doc: 'a parameter' }],
});
VERBS.push({
  kind: 'verb',
  name: 'remove cookie',
  doc: 'takes a cookie away',
  example: 'remove cookie sid',
  part: 'change',
  phase: 'request',
  args: [{ name: 'name', type: 'cookie', doc: 'a cookie' }],
});
VERBS.push({
  kind: 'verb',
  name: 'set cookie',
  doc: 'gives the client a cookie',
  example: 'set cookie sid to "x"',
  part: 'change',
  phase: 'response',
  isForAnswers: true,
  args: [
    { name: 'name', type: 'cookie', doc: 'a cookie' },
    { name: 'value', type: 'template', before: 'to', doc: 'a value' },
    { name: 'maxAge', type: 'duration', before: 'max age', doc: 'a time', isOptional: true },
    { name: 'path', type: 'path', before: 'path', doc: 'a path', isOptional: true },
    { name: 'secure', type: 'flag', before: 'secure', doc: 'https only', isOptional: true },
    { name: 'httpOnly', type: 'flag', before: 'http only', doc: 'no scripts', isOptional: true },
    { name: 'sameSite', type: 'name', before: 'same site', doc: 'which sites', choices: ['lax'], isOptional: true },
  ],
});
VERBS.push({
  kind: 'verb',
  name: 'limit',
  doc: 'answers 429 to those who ask too often',
  example: 'limit 20/s per ip',
  part: 'guard',
  phase: 'request',
  isPartial: true,
  args: [
    { name: 'rate', type: 'rate', doc: 'how often' },
    { name: 'burst', type: 'number', before: 'burst', doc: 'how many at once', isOptional: true, min: 1 },
    {
      name: 'key',
      type: 'key',
      before: 'per',
      doc: 'what is counted apart',
      choices: ['ip', 'host', 'path', 'global', 'header', 'cookie'],
    },
  ],
});
VERBS.push({
  kind: 'verb',
  name: 'set query',
  doc: 'changes a parameter',
  example: 'set query page to "1"',
  part: 'change',
  phase: 'request',
  args: [
    { name: 'name', type: 'text', doc: 'a parameter' },
    { name: 'value', type: 'template', before: 'to', doc: 'a value' },
  ],
});

VERBS.push({
  kind: 'verb',
  name: 'send to map',
  doc: 'sends where a map says',
  example: 'send to map tenants of host',
  part: 'route',
  phase: 'request',
  args: [
    { name: 'map', type: 'map', doc: 'a map', choices: ['backend'] },
    { name: 'of', type: 'field', before: 'of', doc: 'a field' },
  ],
});

function component(
  slot: ComponentWord['slot'],
  name: string,
  args: ComponentWord['args'],
  isDefault = false,
): ComponentWord {
  return { kind: 'component', slot, name, doc: name, example: `${slot} ${name}`, args, isDefault };
}

const COMPONENTS: readonly ComponentWord[] = [
  component('balance', 'round-robin', []),
  component('balance', 'least-connections', []),
  component('balance', 'first', []),
  component('stick', 'on cookie', [
    { name: 'cookie', type: 'cookie', doc: 'a cookie' },
    { name: 'ttl', type: 'duration', before: 'ttl', doc: 'how long', default: 3_600_000 },
  ]),
  component('check', 'tcp', []),
  component(
    'check',
    'http',
    [
      { name: 'method', type: 'method', doc: 'a method' },
      { name: 'path', type: 'path', doc: 'a path' },
      { name: 'host', type: 'text', before: 'host', doc: 'the Host field', isOptional: true },
      { name: 'expect', type: 'statuses', before: 'expect', doc: 'statuses', isOptional: true },
    ],
    true,
  ),
];

/** WORDS are the test vocabulary. */
export const WORDS: readonly Word[] = [...FIELDS, ...VERBS, ...COMPONENTS];

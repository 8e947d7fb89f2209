import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { normalisePath } from '../../../src/match/request/path.ts';
import {
  DEFAULT_PATHS,
  PATH_READERS,
  type PathPolicy,
  pathPolicyFor,
  WRITTEN_PATHS,
} from '../../../src/plan/path-policy.ts';

const RUNS = Number(process.env.SLUICE_PROPERTY_RUNS ?? 1) * 3000;

test('a plain path is its own normal form', () => {
  const plain = [
    '/',
    '/a/b/c/',
    '/.well-known/x',
    '/a..b/.../..c',
    "/~a-b_c;v=1,2/@:!$&'()*+=",
    '/[x]|{y}^`<">',
    '/__proto__',
  ];
  for (const path of plain) assert.equal(normalisePath(path), path);
});

test('slashes are merged and dot segments removed, never above the root', () => {
  const cases: [string, string][] = [
    ['/.', '/'],
    ['/..', '/'],
    ['/./', '/'],
    ['/a/.', '/a/'],
    ['/a/..', '/'],
    ['/a/b/..', '/a/'],
    ['/a/./b/../c', '/a/c'],
    ['/../../etc/passwd', '/etc/passwd'],
    ['/a//../b', '/b'],
    ['//a', '/a'],
    ['/a/..//b', '/b'],
    ['///', '/'],
    ['/a//', '/a/'],
    ['/%2e//%2E/a', '/a'],
    ['/a/../../b', '/b'],
    ['/a/%2e%2E/b', '/b'],
    ['/a/.%2e/b', '/b'],
    ['/a/%2e', '/a/'],
  ];
  for (const [raw, normal] of cases) assert.equal(normalisePath(raw), normal, raw);
});

test('escapes of unreserved characters are decoded once, others are written in upper case', () => {
  const cases: [string, string][] = [
    ['/%61dmin', '/admin'],
    ['/%7euser', '/~user'],
    ['/%2d%5f%30', '/-_0'],
    ['/a%3ab', '/a%3Ab'],
    ['/a%20b', '/a%20b'],
    ['/%2561', '/%2561'],
    ['/caf%c3%a9', '/caf%C3%A9'],
    ['/caf%e9', '/caf%E9'],
    ['/%ff%fe', '/%FF%FE'],
    ['/%c3', '/%C3'],
    ['/%c3%41', '/%C3A'],
    ['/%e2%82', '/%E2%82'],
    ['/%a9%c0', '/%A9%C0'],
    ['/%c0a%c3%a9', '/%C0a%C3%A9'],
    ['/%f4%90%80%80', '/%F4%90%80%80'],
    ['/%f0%9f%98%80/%e2%82%ac', '/%F0%9F%98%80/%E2%82%AC'],
  ];
  for (const [raw, normal] of cases) assert.equal(normalisePath(raw), normal, raw);
});

test('ambiguous paths have no normal form', () => {
  const refused = [
    '',
    '*',
    'a',
    '%2Fa',
    '/a%2fb',
    '/a%5cb',
    '/a\\b',
    '/a%00',
    '/a\0',
    '/a b',
    '/a\tb',
    '/a\x7f',
    '/a#b',
    '/a?b',
    '/%',
    '/%4',
    '/%4g',
    '/%g4',
    '/%%41',
    '/\xe9',
    '/%61\xe9',
    '/%61 b',
    '/%c0%af',
    '/%c1%81',
    '/%e0%80%af',
    '/%ed%a0%80',
    '/%f0%80%80%80',
    '/%f8%80%80%80%af',
    '/%fc%80%80%80%80%af',
    '/a/..;/b',
    '/a/.;x',
    '/a/%2e%2e;x/b',
    '/a/..%3bx/b',
  ];
  for (const raw of refused) assert.equal(normalisePath(raw), null, JSON.stringify(raw));
});

test('encoded slashes stay encoded where they are allowed, and backslashes stay refused', () => {
  assert.equal(normalisePath('/a%2fb/../c%2F..%2Fd', WRITTEN_PATHS), '/c%2F..%2Fd');
  assert.equal(normalisePath('/a%5cb', WRITTEN_PATHS), null);
  assert.equal(normalisePath('/a%00', WRITTEN_PATHS), null);
});

const pieces = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.constantFrom('/', '.', '..', '/..', '/./', 'a', 'b', '%2e', '%2E', '%2f', '%61', '~', ';'),
    },
    { weight: 2, arbitrary: fc.constantFrom('%c3%a9', '%e2%82%ac', '%F0%9F%98%80', '%3a', '%25', '%20', '%7B') },
    {
      weight: 1,
      arbitrary: fc.constantFrom('%', '%4', '%zz', '%00', '%5C', '\\', ' ', '\xe9', '%c3', '%80', '%ed%a0%80'),
    },
    { weight: 1, arbitrary: fc.string({ maxLength: 4 }) },
  ),
  { maxLength: 12 },
);

/** The slow reference: decode and check every escape alone, merge, then let the WHATWG URL parser resolve the dots. */
function reference(raw: string, { emptySegments, encodedSlashes, invalidUtf8 }: PathPolicy): string | null {
  if (!raw.startsWith('/') || /[^\x21-\x7e]|[\\#?]/.test(raw) || /%(?![0-9a-f]{2})/i.test(raw)) return null;
  if (/%(?:00|5c)/i.test(raw) || (encodedSlashes === 'refuse' && /%2f/i.test(raw))) return null;
  const escapes = raw.match(/(?:%[89a-f][0-9a-f])+/gi) ?? [];
  const isOverlong = (text: string): boolean =>
    /%C[01]%[89AB]|%E0%[89]|%ED%[AB]|%F0%8|%F8%8[0-7]|%FC%8[0-3]/i.test(text.replace(CHARACTER, ''));
  if (invalidUtf8 === 'refuse' && escapes.some((each) => each.replace(CHARACTER, '') !== '')) return null;
  if (invalidUtf8 === 'refuse overlong' && escapes.some(isOverlong)) return null;
  let path = raw.replace(/%../g, (written) => {
    const character = String.fromCharCode(Number.parseInt(written.slice(1), 16));
    return /[A-Za-z0-9\-._~]/.test(character) ? character : written.toUpperCase();
  });
  if (/\/\.{1,2}(?:;|%3B)/.test(path)) return null;
  if (emptySegments === 'refuse' && path.includes('//')) return null;
  if (emptySegments === 'merge') path = path.replace(/\/+/g, '/');
  // The URL parser escapes some characters that a request may carry raw: hide them from it.
  const hidden = path.replace(/["<>`{}^|[\]]/g, (character) => `!x${character.charCodeAt(0).toString(16)}x!`);
  const dotless = new URL(`http://h${hidden}`).pathname.replace(/!x(..)x!/g, (_, hex) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return dotless;
}

/** One UTF-8 character beyond ASCII, as escapes: RFC 3629 section 4. */
const CHARACTER =
  /%(?:C[2-9A-F]|D[0-9A-F])%[89AB][0-9A-F]|%E0%[AB][0-9A-F]%[89AB][0-9A-F]|%(?:E[1-9A-CEF])(?:%[89AB][0-9A-F]){2}|%ED%[89][0-9A-F]%[89AB][0-9A-F]|%F0%[9AB][0-9A-F](?:%[89AB][0-9A-F]){2}|%F[1-3](?:%[89AB][0-9A-F]){3}|%F4%8[0-9A-F](?:%[89AB][0-9A-F]){2}/gi;

const policies = fc.record({
  emptySegments: fc.constantFrom('merge', 'keep', 'refuse'),
  encodedSlashes: fc.constantFrom('keep', 'refuse'),
  invalidUtf8: fc.constantFrom('keep', 'refuse overlong', 'refuse'),
} as const);

test('normalisePath agrees with a slow reference on random paths', () => {
  fc.assert(
    fc.property(pieces, policies, (parts, some) => {
      const raw = `/${parts.join('')}`;
      const policy = { ...DEFAULT_PATHS, ...some };
      assert.equal(normalisePath(raw, policy), reference(raw, policy), JSON.stringify(raw));
    }),
    { numRuns: RUNS },
  );
});

const anyPolicy = fc.oneof(
  fc.subarray([...PATH_READERS]).map((readers) => pathPolicyFor(readers)),
  policies.map((some): PathPolicy => ({ ...DEFAULT_PATHS, ...some })),
  fc.constantFrom('keep', 'strip', 'refuse').map((parameters) => ({ ...DEFAULT_PATHS, parameters }) as PathPolicy),
);

test('the normal form is stable, whatever the policy', () => {
  fc.assert(
    fc.property(pieces, anyPolicy, (parts, policy) => {
      const once = normalisePath(`/${parts.join('')}`, policy);
      if (once === null) return;
      assert.equal(normalisePath(once, policy), once);
      assert.match(once, /^\/[\x21-\x7e]*$/);
    }),
    { numRuns: RUNS },
  );
});

test('a policy refuses or strips only what it names', () => {
  const cases: [Partial<PathPolicy>, raw: string, normal: string | null][] = [
    [{ emptySegments: 'keep' }, '//a//../b', '//a/b'],
    [{ emptySegments: 'refuse' }, '/a//b', null],
    [{ emptySegments: 'refuse' }, '/a/', '/a/'],
    [{ parameters: 'strip' }, '/a;v=1/b;c', '/a/b'],
    [{ parameters: 'strip' }, '/a/..;x/b', '/b'],
    [{ parameters: 'strip' }, '/;x/a', '/a'],
    [{ parameters: 'strip' }, '/a%3Bb', '/a%3Bb'],
    [{ parameters: 'refuse' }, '/a;b', null],
    [{ parameters: 'refuse' }, '/a%3bb', null],
    [{ doubleEscapes: 'refuse' }, '/%2561', null],
    [{ doubleEscapes: 'refuse' }, '/%25%36%31', null],
    [{ doubleEscapes: 'refuse' }, '/100%25', '/100%25'],
    [{ doubleEscapes: 'refuse' }, '/%25zz', '/%25zz'],
    [{ controlBytes: 'refuse' }, '/a%0a', null],
    [{ controlBytes: 'refuse' }, '/a%7f', null],
    [{ invalidUtf8: 'refuse' }, '/caf%e9', null],
    [{ invalidUtf8: 'refuse' }, '/caf%c3%a9', '/caf%C3%A9'],
    [{ invalidUtf8: 'keep' }, '/%c0%af', '/%C0%AF'],
    [{ windowsNames: 'refuse' }, '/admin.', null],
    [{ windowsNames: 'refuse' }, '/admin%20/x', null],
    [{ windowsNames: 'refuse' }, '/admin::$DATA', null],
    [{ windowsNames: 'refuse' }, '/ADMIN~1', null],
    [{ windowsNames: 'refuse' }, '/a.b/~user/.c', '/a.b/~user/.c'],
  ];
  for (const [part, raw, normal] of cases) {
    assert.equal(normalisePath(raw, { ...DEFAULT_PATHS, ...part }), normal, `${JSON.stringify(part)} ${raw}`);
  }
});

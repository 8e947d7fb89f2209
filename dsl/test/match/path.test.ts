import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { normalisePath } from '../../src/match/path.ts';

const RUNS = Number(process.env.SLUICE_PROPERTY_RUNS ?? 1) * 3000;

test('a plain path is its own normal form', () => {
  const plain = [
    '/',
    '//',
    '/a/b//c/',
    '/.well-known/x',
    '/a..b/.../..c',
    "/~a-b_c;v=1,2/@:!$&'()*+=",
    '/[x]|{y}^`<">',
    '/__proto__',
  ];
  for (const path of plain) assert.equal(normalisePath(path, false), path);
});

test('dot segments are removed, never above the root', () => {
  const cases: [string, string][] = [
    ['/.', '/'],
    ['/..', '/'],
    ['/./', '/'],
    ['/a/.', '/a/'],
    ['/a/..', '/'],
    ['/a/b/..', '/a/'],
    ['/a/./b/../c', '/a/c'],
    ['/../../etc/passwd', '/etc/passwd'],
    ['/a//../b', '/a/b'],
    ['/a/../../b', '/b'],
    ['/a/%2e%2E/b', '/b'],
    ['/a/.%2e/b', '/b'],
    ['/a/%2e', '/a/'],
  ];
  for (const [raw, normal] of cases) assert.equal(normalisePath(raw, false), normal, raw);
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
    ['/%f0%9f%98%80/%e2%82%ac', '/%F0%9F%98%80/%E2%82%AC'],
  ];
  for (const [raw, normal] of cases) assert.equal(normalisePath(raw, false), normal, raw);
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
    '/%c3',
    '/%c3a9',
    '/%a9',
    '/%c0%af',
    '/%c1%81',
    '/%e0%80%af',
    '/%ed%a0%80',
    '/%f0%80%80%80',
    '/%f4%90%80%80',
    '/%f5%80%80%80',
    '/%ff',
    '/%e2%82',
    '/%e2%82a',
    '/%c3%41',
  ];
  for (const raw of refused) assert.equal(normalisePath(raw, false), null, JSON.stringify(raw));
});

test('encoded slashes stay encoded where they are allowed, and backslashes stay refused', () => {
  assert.equal(normalisePath('/a%2fb/../c%2F..%2Fd', true), '/c%2F..%2Fd');
  assert.equal(normalisePath('/a%5cb', true), null);
  assert.equal(normalisePath('/a%00', true), null);
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

/** The slow reference: decode and check every escape alone, then let the WHATWG URL parser resolve the dots. */
function reference(raw: string, allowEncodedSlashes: boolean): string | null {
  if (!raw.startsWith('/') || /[^\x21-\x7e]|[\\#?]/.test(raw) || /%(?![0-9a-f]{2})/i.test(raw)) return null;
  if (/%(?:00|5c)/i.test(raw) || (!allowEncodedSlashes && /%2f/i.test(raw))) return null;
  try {
    decodeURIComponent(raw);
  } catch {
    return null;
  }
  const decoded = raw.replace(/%../g, (written) => {
    const character = String.fromCharCode(Number.parseInt(written.slice(1), 16));
    return /[A-Za-z0-9\-._~]/.test(character) ? character : written.toUpperCase();
  });
  // The URL parser escapes some characters that a request may carry raw: hide them from it.
  const hidden = decoded.replace(/["<>`{}^|[\]]/g, (character) => `!x${character.charCodeAt(0).toString(16)}x!`);
  return new URL(`http://h${hidden}`).pathname.replace(/!x(..)x!/g, (_, hex) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

test('normalisePath agrees with a slow reference on random paths', () => {
  fc.assert(
    fc.property(pieces, fc.boolean(), (parts, allowed) => {
      const raw = `/${parts.join('')}`;
      assert.equal(normalisePath(raw, allowed), reference(raw, allowed), JSON.stringify(raw));
    }),
    { numRuns: RUNS },
  );
});

test('the normal form is stable', () => {
  fc.assert(
    fc.property(pieces, fc.boolean(), (parts, allowed) => {
      const once = normalisePath(`/${parts.join('')}`, allowed);
      if (once !== null) assert.equal(normalisePath(once, allowed), once);
    }),
    { numRuns: RUNS },
  );
});

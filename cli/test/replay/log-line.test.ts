import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BadLine, readLogLine } from '../../src/replay/log-line.ts';

const COMBINED = '198.51.100.7 - - [01/Mar/2026:12:00:00 +0000] "GET /a?b=1 HTTP/1.1" 200 123 "-" "curl/8.5"';

test('a combined line contains client, method, path, query, status, referer and user agent', () => {
  const line = readLogLine(COMBINED);
  assert.equal(line.client?.text, '198.51.100.7');
  assert.deepEqual([line.method, line.path, line.query, line.status], ['GET', '/a', 'b=1', 200]);
  assert.deepEqual({ ...line.headers }, { referer: null, 'user-agent': 'curl/8.5' });
  const unknown = [line.host, line.scheme, line.port, line.listener, line.rule, line.backend];
  assert.deepEqual(unknown, [undefined, undefined, undefined, undefined, undefined, undefined]);
});

test('common lines, users with blanks, escapes and whole URLs are read', () => {
  const common = readLogLine('::1 - bob smith [x] "POST /in HTTP/1.0" 201 -');
  assert.deepEqual([common.client?.text, common.method, common.status], ['::1', 'POST', 201]);
  assert.deepEqual({ ...common.headers }, {});
  const escaped = readLogLine(COMBINED.replace('curl/8.5', 'a \\"b\\" \\x41\\\\'));
  assert.equal(escaped.headers['user-agent'], 'a "b" A\\');
  const absolute = readLogLine(COMBINED.replace('/a?b=1', 'https://Shop.example.com:8443/x'));
  assert.deepEqual(
    [absolute.scheme, absolute.host, absolute.port, absolute.path],
    ['https', 'shop.example.com', 8443, '/x'],
  );
  assert.equal(readLogLine(COMBINED.replace('198.51.100.7', 'client.example.com')).client, undefined);
});

test('a JSON line distinguishes absent fields from unlogged ones', () => {
  const said = { method: 'GET', path: '/', client: '2001:db8::1', host: 'A.example.com', backend: null };
  const line = readLogLine(JSON.stringify({ ...said, headers: { Cookie: null, 'X-Two': ['a', 'b'] }, more: 1 }));
  assert.equal(line.host, 'a.example.com');
  assert.equal(line.backend, null);
  assert.equal(line.rule, undefined);
  assert.deepEqual({ ...line.headers }, { cookie: null, 'x-two': ['a', 'b'] });
});

test('an invalid line is rejected with the reason', () => {
  const reasons: readonly (readonly [string, RegExp])[] = [
    ['garbage', /neither JSON nor/],
    ['{"method":', /not JSON/],
    ['{"method":"GET"}', /no method or no path/],
    ['{"method":1,"path":"/"}', /`method` is not a text/],
    ['{"method":"GET","path":"/","client":"nobody"}', /`nobody` is not an address/],
    ['{"method":"GET","path":"/","status":20}', /`20` is not a status/],
    ['{"method":"GET","path":"/","headers":[]}', /`headers` is no object/],
    [COMBINED.replace('GET /a?b=1 HTTP/1.1', '\\x16\\x03\\x01'), /is not a request/],
    [COMBINED.replace(' 200 ', ' abc '), /no status/],
    [COMBINED.slice(0, 60), /does not end/],
  ];
  for (const [text, reason] of reasons) {
    assert.throws(
      () => readLogLine(text),
      (thrown) => thrown instanceof BadLine && reason.test(thrown.message),
      text,
    );
  }
});

test('lines with odd bytes and of great length are read or refused, never worse', () => {
  const pieces = ['"', '\\', ' ', '[', '] "', '{', '-', 'GET', '\u0000', 'é', '1'];
  let seed = 7;
  const next = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed % below;
  };
  for (let run = 0; run < 3000; run++) {
    const text = Array.from({ length: next(30) }, () => pieces[next(pieces.length)]).join('');
    try {
      readLogLine(text);
    } catch (thrown) {
      assert.ok(thrown instanceof BadLine, text);
    }
  }
  for (const piece of pieces) {
    assert.throws(() => readLogLine(`1.2.3.4 - - [x] "${piece.repeat(100_000)}`), BadLine, piece);
  }
});

test('a host is read as live traffic reads it, and an address with or without its brackets', () => {
  const hostOf = (host: string) => readLogLine(JSON.stringify({ method: 'GET', path: '/', host })).host;
  assert.deepEqual(['A.Example.', 'a:', '::1', '[0:0::1]:80', '127.0.0.1', 'a=b'].map(hostOf), [
    'a.example',
    'a',
    '::1',
    '::1',
    '127.0.0.1',
    'a=b',
  ]);
  assert.throws(() => hostOf('127.1'), /is not a host/);
});

test('a combined line without a request line is of a head that could not be read, which no rule can change', () => {
  const line = readLogLine('198.51.100.7 - - [01/Mar/2026:12:00:00 +0000] "-" 400 341 "-" "-"');
  assert.deepEqual([line.isRefused, line.format, line.client?.text], [true, 'combined', '198.51.100.7']);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_PATHS } from '@sluice/dsl/plan';
import { BY_LENGTH, CHUNKED, NO_BODY } from '../../../src/data/message/body-framer.ts';
import { LiveRequest } from '../../../src/data/message/live-request.ts';
import { ANY_METHODS, CAPITAL_METHODS, STANDARD_METHODS } from '../../../src/data/message/method.ts';
import {
  framing,
  HEAD_NEEDS_MORE,
  type HeadLimits,
  parseLength,
  parseRequestHead,
} from '../../../src/data/message/request-head.ts';

const LIMITS: HeadLimits = { headBytes: 2048, targetBytes: 256, headerCount: 20, methods: CAPITAL_METHODS };

interface Verdict {
  /** The status that refuses it; 0: accepted. */
  readonly status: number;
  readonly request: LiveRequest;
  readonly mode: number;
  readonly length: number;
}

function parse(text: string, paths = DEFAULT_PATHS): Verdict {
  const request = new LiveRequest();
  const bytes = Buffer.from(`#${text}GARBAGE`, 'latin1');
  const behind = parseRequestHead(request, bytes, 1, bytes.length - 7, LIMITS, paths);
  if (behind === HEAD_NEEDS_MORE) throw new Error('the head is whole, and still more is wanted');
  const status = behind < 0 ? -behind : 0;
  if (status === 0) assert.equal(behind, bytes.length - 7, 'all of it is head');
  return { status, request, mode: framing.mode, length: framing.length };
}

/** assertSameWhenCut feeds every beginning of a head: more is wanted, or the verdict is there early; never another one. */
function assertSameWhenCut(text: string, status: number): void {
  const bytes = Buffer.from(text, 'latin1');
  let isRefused = false;
  for (let end = 0; end < bytes.length; end++) {
    const behind = parseRequestHead(new LiveRequest(), bytes, 0, end, LIMITS, DEFAULT_PATHS);
    if (behind === HEAD_NEEDS_MORE) {
      assert.equal(isRefused, false, `refused earlier, wanted more at ${end}: ${JSON.stringify(text)}`);
      continue;
    }
    assert.equal(behind, -status, `cut at ${end}: ${JSON.stringify(text)}`);
    isRefused = true;
  }
  if (isRefused) assert.notEqual(status, 0);
}

const HOST = 'Host: example.com\r\n';
const get = (fields: string) => `GET / HTTP/1.1\r\n${HOST}${fields}\r\n`;
const post = (fields: string) => `POST / HTTP/1.1\r\n${HOST}${fields}\r\n`;
const line = (start: string) => `${start}\r\n${HOST}\r\n`;

test('well-formed heads are read, however they are cut', () => {
  const table: [string, Partial<LiveRequest>, number, number][] = [
    [
      line('GET / HTTP/1.1'),
      { method: 'GET', path: '/', query: '', host: 'example.com', isKeepAlive: true },
      NO_BODY,
      0,
    ],
    [line('GET /a?b=c?d HTTP/1.1'), { path: '/a', query: 'b=c?d', target: '/a?b=c?d' }, NO_BODY, 0],
    [line('GET /%7Ea/../b/./c HTTP/1.1'), { path: '/b/c' }, NO_BODY, 0],
    [line('GET //a//b HTTP/1.1'), { path: '/a/b' }, NO_BODY, 0],
    [line('OPTIONS * HTTP/1.1'), { method: 'OPTIONS', path: '*' }, NO_BODY, 0],
    [line('M-SEARCH /x HTTP/1.1'), { method: 'M-SEARCH' }, NO_BODY, 0],
    [line('GET http://example.com HTTP/1.1'), { path: '/', host: 'example.com' }, NO_BODY, 0],
    [line('GET HTTP://EXAMPLE.com:80?q HTTP/1.1'), { path: '/', query: 'q', host: 'example.com' }, NO_BODY, 0],
    [post('Content-Length: 12\r\n'), { method: 'POST' }, BY_LENGTH, 12],
    [post('Content-Length: 000\r\n'), {}, BY_LENGTH, 0],
    [post('Transfer-Encoding: chunked\r\n'), {}, CHUNKED, 0],
    [post('transfer-encoding:\tChunKed \r\n'), {}, CHUNKED, 0],
    [get('Connection: close\r\n'), { isKeepAlive: false }, NO_BODY, 0],
    [get('Connection: foo , CLOSE,\tbar\r\n'), { isKeepAlive: false }, NO_BODY, 0],
    [get('Connection: keep-alive\r\nConnection: close\r\n'), { isKeepAlive: false }, NO_BODY, 0],
    [get('Connection: closed, not-close\r\n'), { isKeepAlive: true }, NO_BODY, 0],
    ['GET / HTTP/1.0\r\n\r\n', { isHttp11: false, isKeepAlive: false, host: '', authority: '' }, NO_BODY, 0],
    ['GET / HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n', { isKeepAlive: true, host: 'a' }, NO_BODY, 0],
    ['GET / HTTP/1.1\r\nhost: [::1]:8080\r\n\r\n', { host: '::1', authority: '[::1]:8080' }, NO_BODY, 0],
    ['GET / HTTP/1.1\r\nHOST: EXAMPLE.com:8080\r\n\r\n', { host: 'example.com' }, NO_BODY, 0],
    [post('Expect: 100-Continue\r\nContent-Length: 1\r\n'), { expectsContinue: true }, BY_LENGTH, 1],
    ['POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n', { expectsContinue: false }, BY_LENGTH, 1],
    [get('TE: gzip, Trailers\r\n'), { acceptsTrailers: true }, NO_BODY, 0],
    [get('Connection: Upgrade\r\nUpgrade: websocket\r\n'), { upgrade: 'websocket' }, NO_BODY, 0],
    [get('Upgrade: websocket\r\n'), { upgrade: '' }, NO_BODY, 0],
    [get('Connection: upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n'), { upgrade: '' }, NO_BODY, 0],
    [get('Connection: upgrade\r\nUpgrade: H2C, foo/1\r\n'), { upgrade: 'foo/1' }, NO_BODY, 0],
    [get('Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n'), { upgrade: '' }, BY_LENGTH, 2],
    [get('__proto__: x\r\nconstructor: y\r\n'), {}, NO_BODY, 0],
    [get('X: \x80\xff\r\n'), {}, NO_BODY, 0],
  ];
  for (const [text, expected, mode, length] of table) {
    const verdict = parse(text);
    assert.equal(verdict.status, 0, text);
    for (const [key, value] of Object.entries(expected)) {
      assert.equal(verdict.request[key as keyof LiveRequest], value, `${key} of ${JSON.stringify(text)}`);
    }
    assert.deepEqual([verdict.mode, verdict.length], [mode, length], text);
    assertSameWhenCut(text, 0);
  }
});

const REFUSED: Record<string, [number, string]> = {
  'lower-case method': [501, line('get / HTTP/1.1')],
  'mixed-case method': [501, line('Get / HTTP/1.1')],
  'no method': [400, line(' / HTTP/1.1')],
  'a method that is no token': [400, line('G(T / HTTP/1.1')],
  'a very long method': [501, line(`${'A'.repeat(25)} / HTTP/1.1`)],
  'NUL in the method': [400, line('GE\0T / HTTP/1.1')],
  'two blanks before the target': [400, line('GET  / HTTP/1.1')],
  'a tab before the target': [400, line('GET\t/ HTTP/1.1')],
  'two blanks behind the target': [400, line('GET /  HTTP/1.1')],
  'a tab behind the target': [400, line('GET /\tHTTP/1.1')],
  'a blank behind the version': [400, line('GET / HTTP/1.1 ')],
  'no version': [400, line('GET /')],
  'version 0.9': [400, line('GET / HTTP/0.9')],
  'version 1.2': [400, line('GET / HTTP/1.2')],
  'version 2.0': [400, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  'version in lower case': [400, line('GET / http/1.1')],
  'version with a zero': [400, line('GET / HTTP/1.01')],
  'version with another slash': [400, line('GET / HTTP\\1.1')],
  'bare LF behind the request line': [400, `GET / HTTP/1.1\n${HOST}\r\n`],
  'bare CR behind the request line': [400, `GET / HTTP/1.1\r${HOST}\r\n`],
  'bare LF in the fields': [400, 'GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n'],
  'bare LF as the empty line': [400, 'GET / HTTP/1.1\r\nHost: a\r\n\n'],
  'TLS instead of HTTP': [400, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  'folded field': [400, get('X: a\r\n b\r\n')],
  'folded first field': [400, `GET / HTTP/1.1\r\n ${HOST}\r\n`],
  'blank before a colon': [400, get('X : a\r\n')],
  'blank before the colon of Content-Length': [400, post('Content-Length : 5\r\n')],
  'tab before the colon of Transfer-Encoding': [400, post('Transfer-Encoding\t: chunked\r\n')],
  'vertical tab before the colon of Transfer-Encoding': [400, post('Transfer-Encoding\x0b: chunked\r\n')],
  'control byte in a value': [400, get('X: a\x01b\r\n')],
  'NUL in a value': [400, get('X: a\0b\r\n')],
  'empty name': [400, get(': a\r\n')],
  'NBSP in a name': [400, get('X\xa0: a\r\n')],
  'length and coding': [400, post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n')],
  'coding and length': [400, post('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n')],
  'empty coding beside a length': [400, post('Transfer-Encoding:\r\nContent-Length: 5\r\n')],
  'empty coding': [400, post('Transfer-Encoding:\r\n')],
  'two lengths': [400, post('Content-Length: 5\r\nContent-Length: 6\r\n')],
  'two equal lengths': [400, post('Content-Length: 5\r\ncontent-length: 5\r\n')],
  'a list of lengths': [400, post('Content-Length: 5, 5\r\n')],
  'an empty length': [400, post('Content-Length:\r\n')],
  'a signed length': [400, post('Content-Length: +5\r\n')],
  'a negative length': [400, post('Content-Length: -5\r\n')],
  'a hexadecimal length': [400, post('Content-Length: 0x5\r\n')],
  'a length with a fraction': [400, post('Content-Length: 5.0\r\n')],
  'a length in scientific notation': [400, post('Content-Length: 5e1\r\n')],
  'a quoted length': [400, post('Content-Length: "5"\r\n')],
  'a length with a blank in it': [400, post('Content-Length: 5 5\r\n')],
  'a length that is not exact': [400, post('Content-Length: 9007199254740993\r\n')],
  'a length with NBSP': [400, post('Content-Length: \xa05\r\n')],
  'chunked twice in one field': [400, post('Transfer-Encoding: chunked, chunked\r\n')],
  'chunked in two fields': [400, post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n')],
  'identity in a second field': [400, post('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n')],
  'chunked not last': [400, post('Transfer-Encoding: chunked, gzip\r\n')],
  'a coding without chunked': [400, post('Transfer-Encoding: gzip\r\n')],
  identity: [400, post('Transfer-Encoding: identity\r\n')],
  'a quoted coding': [400, post('Transfer-Encoding: "chunked"\r\n')],
  'a coding with a parameter': [400, post('Transfer-Encoding: chunked;q=1\r\n')],
  'a coding with a comma before': [400, post('Transfer-Encoding: ,chunked\r\n')],
  'a coding with a comma behind': [400, post('Transfer-Encoding: chunked,\r\n')],
  'an almost chunked coding': [400, post('Transfer-Encoding: xchunked\r\n')],
  'a coding with a control byte': [400, post('Transfer-Encoding: \x0bchunked\r\n')],
  'a coding with a high byte': [400, post('Transfer-Encoding: \x85chunked\r\n')],
  'a coding in HTTP/1.0': [400, 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n'],
  'an unknown coding before chunked': [501, post('Transfer-Encoding: gzip, chunked\r\n')],
  'no Host': [400, 'GET / HTTP/1.1\r\n\r\n'],
  'two Hosts': [400, get('Host: example.com\r\n')],
  'two Hosts in HTTP/1.0': [400, 'GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n'],
  'empty Host': [400, 'GET / HTTP/1.1\r\nHost:\r\n\r\n'],
  'Host with a path': [400, 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n'],
  'Host with a user': [400, 'GET / HTTP/1.1\r\nHost: u@a\r\n\r\n'],
  'Host with a blank': [400, 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n'],
  'a list of Hosts': [400, 'GET / HTTP/1.1\r\nHost: a,b\r\n\r\n'],
  'Host with an escape': [400, 'GET / HTTP/1.1\r\nHost: a%00\r\n\r\n'],
  'Host with a high byte': [400, 'GET / HTTP/1.1\r\nHost: \xe9\r\n\r\n'],
  'Host with a bad port': [400, 'GET / HTTP/1.1\r\nHost: a:b\r\n\r\n'],
  'Host with a port that is too large': [400, 'GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n'],
  'Host with two ports': [400, 'GET / HTTP/1.1\r\nHost: a:80:80\r\n\r\n'],
  'Host with an open bracket': [400, 'GET / HTTP/1.1\r\nHost: [::1\r\n\r\n'],
  'Host with brackets around a name': [400, 'GET / HTTP/1.1\r\nHost: [name]\r\n\r\n'],
  'absolute-form that disagrees with Host': [400, line('GET http://other.example/ HTTP/1.1')],
  'absolute-form with another port': [400, line('GET http://example.com:81/ HTTP/1.1')],
  'absolute-form with a user': [400, line('GET http://u@example.com/ HTTP/1.1')],
  'absolute-form without an authority': [400, line('GET http:///x HTTP/1.1')],
  'absolute-form with another scheme': [400, line('GET ftp://example.com/ HTTP/1.1')],
  'authority-form': [400, line('GET example.com:80 HTTP/1.1')],
  'an asterisk without OPTIONS': [400, line('GET * HTTP/1.1')],
  'a fragment': [400, line('GET /a#b HTTP/1.1')],
  'a backslash': [400, line('GET /a\\b HTTP/1.1')],
  'a high byte in the target': [400, line('GET /\xe9 HTTP/1.1')],
  'a NUL in the target': [400, line('GET /\0 HTTP/1.1')],
  'an encoded NUL': [400, line('GET /%00 HTTP/1.1')],
  'an encoded slash': [400, line('GET /a%2fb HTTP/1.1')],
  'an encoded backslash': [400, line('GET /a%5cb HTTP/1.1')],
  'half an escape': [400, line('GET /a%2 HTTP/1.1')],
  'an overlong escape': [400, line('GET /%c0%af HTTP/1.1')],
  'a dot segment with a parameter': [400, line('GET /a/..;/b HTTP/1.1')],
  'an unknown expectation': [417, post('Expect: 200-ok\r\nContent-Length: 1\r\n')],
  'CONNECT with a path': [405, line('CONNECT / HTTP/1.1')],
  TRACE: [405, line('TRACE / HTTP/1.1')],
  'a target over the limit': [414, line(`GET /${'a'.repeat(256)} HTTP/1.1`)],
  'a query over the limit': [414, line(`GET /?${'a'.repeat(256)} HTTP/1.1`)],
  'a head over the limit': [431, get(`X: ${'a'.repeat(2048)}\r\n`)],
  'too many fields': [431, get('X: a\r\n'.repeat(20))],
};

for (const [what, [status, text]] of Object.entries(REFUSED)) {
  test(`${what}: ${status}`, () => {
    assert.equal(parse(text).status, status);
    assertSameWhenCut(text, status);
  });
}

test('limits allow what reaches them', () => {
  assert.equal(parse(line(`GET /${'a'.repeat(255)} HTTP/1.1`)).status, 0);
  assert.equal(parse(get('X: a\r\n'.repeat(19))).status, 0);
  const bare = get('X: \r\n').length;
  assert.equal(parse(get(`X: ${'a'.repeat(2048 - bare)}\r\n`)).status, 0);
  assert.equal(parse(get(`X: ${'a'.repeat(2049 - bare)}\r\n`)).status, 431);
});

test('encoded slashes are allowed if the listener allows them, and stay encoded', () => {
  assert.equal(parse(line('GET /a%2fb HTTP/1.1'), { ...DEFAULT_PATHS, encodedSlashes: 'keep' }).request.path, '/a%2Fb');
});

test('no data of an earlier request is left in the next one', () => {
  const request = new LiveRequest();
  const read = (text: string) => {
    const bytes = Buffer.from(text, 'latin1');
    assert.ok(parseRequestHead(request, bytes, 0, bytes.length, LIMITS, DEFAULT_PATHS) > 0, text);
  };
  read('POST /a?b HTTP/1.1\r\nHost: one\r\nExpect: 100-continue\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n\r\n');
  read('GET /c HTTP/1.1\r\nHost: two\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  assert.deepEqual([request.expectsContinue, request.acceptsTrailers, framing.mode], [false, false, NO_BODY]);
  read('GET / HTTP/1.0\r\n\r\n');
  assert.deepEqual([request.host, request.authority, request.upgrade, request.query], ['', '', '', '']);
  read('GET / HTTP/1.1\r\nHost: one\r\n\r\n');
  assert.equal(request.host, 'one');
});

test('an HTTP/1.0 request without Host belongs to the host of its absolute-form', () => {
  const { status, request } = parse('GET http://example.com/x HTTP/1.0\r\n\r\n');
  assert.equal(status, 0);
  assert.deepEqual([request.host, request.authority], ['example.com', 'example.com']);
});

test('a Host is brought into the one form of names, for rules and for the server', () => {
  const cases: [written: string, host: string, authority: string][] = [
    ['A-b.Example.com.:443', 'a-b.example.com', 'a-b.example.com:443'],
    ['admin.example.com.', 'admin.example.com', 'admin.example.com'],
    ['h:', 'h', 'h'],
    ['h:080', 'h', 'h:80'],
    ['[0:0::1]', '::1', '[::1]'],
  ];
  for (const [written, host, authority] of cases) {
    const { status, request } = parse(`GET / HTTP/1.1\r\nHost: ${written}\r\n\r\n`);
    assert.deepEqual(
      [status, request.host, request.authority, request.header('host')],
      [0, host, authority, authority],
    );
  }
});

test('absolute-form agrees with Host when both name the same host and port', () => {
  const status = (target: string, host: string): number =>
    parse(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`).status;
  for (const [target, host] of [
    ['http://A./x', 'a'],
    ['http://a:80/', 'a.:'],
    ['https://a/', 'a:443'],
    ['http://[::1]/', '[0::1]:80'],
  ] as const) {
    assert.equal(status(target, host), 0, `${target} ${host}`);
  }
  for (const [target, host] of [
    ['http://a/', 'b'],
    ['http://a/', 'a:443'],
    ['http://a,b/', 'a'],
  ] as const) {
    assert.equal(status(target, host), 400, `${target} ${host}`);
  }
});

test('slashes are merged before the path is judged, and the query is left alone', () => {
  const { request } = parse(line('GET //a/..///b//?u=http://x//y HTTP/1.1'));
  assert.deepEqual([request.path, request.query], ['/b/', 'u=http://x//y']);
});

test('an escape that is not UTF-8 is a byte of the path', () => {
  assert.equal(parse(line('GET /caf%e9 HTTP/1.1')).request.path, '/caf%E9');
});

test('lengths are up to fifteen digits', () => {
  assert.equal(parseLength('999999999999999'), 999_999_999_999_999);
  assert.equal(parseLength('0001'), 1);
  for (const bad of ['', ' ', '1 ', '１', '1e3', '1000000000000000', '1_0']) assert.equal(parseLength(bad), -1, bad);
});

test('fields that Connection names are dropped, but none that steer the message', () => {
  const text = get('X-Secret: a\r\nCookie: b\r\nConnection: x-secret, host, cookie, content-length, nothing\r\n');
  const { request } = parse(text);
  const kinds = new Map<string, number>();
  for (let index = 0; index < request.fields.count; index++) {
    const name = request.head.substring(request.fields.lineStart(index), request.fields.nameEnd(index));
    kinds.set(name, request.fields.kind(index));
  }
  const dropped = kinds.get('X-Secret');
  assert.notEqual(kinds.get('Host'), dropped);
  assert.notEqual(kinds.get('Cookie'), dropped);
  assert.notEqual(dropped, 0);
});

test('a header’s values come in order, one as text, several as a list', () => {
  const { request } = parse(get('A: 1\r\nB: 2\r\na: 3\r\nA:\r\n'));
  assert.deepEqual(request.header('a'), ['1', '3', '']);
  assert.equal(request.header('b'), '2');
  assert.equal(request.header('c'), undefined);
  assert.equal(request.header('__proto__'), undefined);
});

test('`methods any` accepts lower case: rules see capitals, servers get the original', () => {
  const any = (text: string) => {
    const request = new LiveRequest();
    const bytes = Buffer.from(text, 'latin1');
    const behind = parseRequestHead(
      request,
      bytes,
      0,
      bytes.length,
      { ...LIMITS, methods: ANY_METHODS },
      DEFAULT_PATHS,
    );
    return { request, status: behind < 0 ? -behind : 0 };
  };
  for (const [sent, seen] of [
    ['delete', 'DELETE'],
    ['Get', 'GET'],
    ['m-Search', 'M-SEARCH'],
    ['GET', 'GET'],
  ]) {
    const { request, status } = any(line(`${sent} / HTTP/1.1`));
    assert.deepEqual([status, request.method, request.sentMethod], [0, seen, sent]);
  }
  // Where the body of its answer ends would depend on whether the server ignores case.
  assert.equal(any(line('head / HTTP/1.1')).status, 501);
  assert.equal(any(line('HEAD / HTTP/1.1')).status, 0);
  for (const method of ['TRACE', 'trace', 'CONNECT', 'Connect']) {
    assert.equal(any(line(`${method} / HTTP/1.1`)).status, 405, method);
  }
});

test('`methods standard` accepts those of RFC 9110 and PATCH', () => {
  const standard = (method: string) => {
    const bytes = Buffer.from(line(`${method} / HTTP/1.1`), 'latin1');
    const limits = { ...LIMITS, methods: STANDARD_METHODS };
    return parseRequestHead(new LiveRequest(), bytes, 0, bytes.length, limits, DEFAULT_PATHS);
  };
  for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
    assert.ok(standard(method) > 0, method);
  for (const method of ['PROPFIND', 'BREW', 'get', 'QUERY']) assert.equal(standard(method), -501, method);
  for (const method of ['TRACE', 'CONNECT']) assert.equal(standard(method), -405, method);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ANSWER_NEEDS_MORE,
  AnswerHead,
  BAD_ANSWER,
  MAX_ANSWER_HEAD_BYTES,
} from '../../../src/data/message/answer-head.ts';
import { BY_LENGTH, CHUNKED, NO_BODY, UNTIL_CLOSE } from '../../../src/data/message/body-framer.ts';
import { DROPPED } from '../../../src/data/message/field-block.ts';

function parse(text: string, isHead = false): { behind: number; answer: AnswerHead } {
  const answer = new AnswerHead();
  const bytes = Buffer.from(`#${text}\r\n\r\n`, 'latin1');
  const behind = answer.parse(bytes, 1, bytes.length - 4, isHead);
  return { behind: behind < 0 ? behind : behind - 1, answer };
}

function assertSameWhenCut(text: string, verdict: number): void {
  const bytes = Buffer.from(text, 'latin1');
  for (let end = 0; end < bytes.length; end++) {
    const behind = new AnswerHead().parse(bytes, 0, end, false);
    if (behind !== ANSWER_NEEDS_MORE) assert.equal(behind, verdict, `cut at ${end}: ${JSON.stringify(text)}`);
  }
}

const ok = (fields: string) => `HTTP/1.1 200 OK\r\n${fields}\r\n`;

test('well-formed answers are read, however they are cut', () => {
  const table: [string, Partial<AnswerHead>][] = [
    [ok('Content-Length: 5\r\n'), { status: 200, reason: 'OK', mode: BY_LENGTH, length: 5, isKeepAlive: true }],
    [ok('Transfer-Encoding: Chunked\r\n'), { mode: CHUNKED, isKeepAlive: true }],
    [ok(''), { mode: UNTIL_CLOSE, isKeepAlive: false }],
    [ok('Content-Length: 5\r\nConnection: close\r\n'), { isKeepAlive: false }],
    [ok('Content-Length: 5\r\nConnection: x, Close\r\n'), { isKeepAlive: false }],
    ['HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n', { isHttp11: false, isKeepAlive: false }],
    ['HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n', { isKeepAlive: true }],
    ['HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n', { status: 404, reason: '', mode: BY_LENGTH }],
    ['HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n', { status: 404, reason: '' }],
    ['HTTP/1.1 299 A\xe9 b\r\nContent-Length: 0\r\n\r\n', { reason: 'A\xe9 b' }],
    ['HTTP/1.1 204 No Content\r\n\r\n', { mode: NO_BODY, isKeepAlive: true }],
    ['HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n', { mode: NO_BODY, hasLength: true }],
    ['HTTP/1.1 100 Continue\r\n\r\n', { status: 100, mode: NO_BODY }],
    ['HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n', { upgrade: 'websocket' }],
    ['HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n', { upgrade: '' }],
  ];
  for (const [text, expected] of table) {
    const { behind, answer } = parse(text);
    assert.equal(behind, text.length, text);
    for (const [key, value] of Object.entries(expected)) {
      assert.equal(answer[key as keyof AnswerHead], value, `${key} of ${JSON.stringify(text)}`);
    }
    assertSameWhenCut(text, text.length);
  }
});

test('a response to HEAD has no body, whatever its headers', () => {
  for (const fields of ['Content-Length: 5\r\n', 'Transfer-Encoding: chunked\r\n', '']) {
    const { answer } = parse(ok(fields), true);
    assert.deepEqual(
      [answer.mode, answer.isKeepAlive, answer.hasLength],
      [NO_BODY, true, fields.startsWith('Content')],
    );
  }
});

const BAD: Record<string, string> = {
  'another protocol': 'SSH-2.0-OpenSSH\r\n\r\n',
  'HTTP/0.9': '<html></html>\r\n\r\n',
  'HTTP/2': 'HTTP/2.0 200 OK\r\n\r\n',
  'HTTP/1.2': 'HTTP/1.2 200 OK\r\n\r\n',
  'lower case': 'http/1.1 200 OK\r\n\r\n',
  'a blank first': ' HTTP/1.1 200 OK\r\n\r\n',
  'two blanks before the status': 'HTTP/1.1  200 OK\r\n\r\n',
  'a tab before the status': 'HTTP/1.1\t200 OK\r\n\r\n',
  'two digits': 'HTTP/1.1 20 OK\r\n\r\n',
  'four digits': 'HTTP/1.1 2000 OK\r\n\r\n',
  'status 000': 'HTTP/1.1 000 OK\r\n\r\n',
  'status 099': 'HTTP/1.1 099 OK\r\n\r\n',
  'status 600': 'HTTP/1.1 600 OK\r\n\r\n',
  'a signed status': 'HTTP/1.1 +20 OK\r\n\r\n',
  'no blank before the reason': 'HTTP/1.1 200OK\r\n\r\n',
  'a tab before the reason': 'HTTP/1.1 200\tOK\r\n\r\n',
  'a control byte in the reason': 'HTTP/1.1 200 O\x01K\r\n\r\n',
  'bare LF behind the status line': 'HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n',
  'bare CR behind the status line': 'HTTP/1.1 200 OK\rContent-Length: 0\r\n\r\n',
  'a reason without end': `HTTP/1.1 200 ${'a'.repeat(1100)}\r\n\r\n`,
  'bare LF in the fields': ok('A: b\nC: d\r\n'),
  'folded field': ok('A: b\r\n c\r\n'),
  'a blank in a name': ok('Content Length: 5\r\n'),
  'length and coding with blanks before their colons': ok('Content-Length : 5\r\nTransfer-Encoding\t: chunked\r\n'),
  'a blank before a colon and a folded field': ok('A : b\r\n c\r\n'),
  'a blank before a colon and bare LF': ok('A : b\nC: d\r\n'),
  'length and coding': ok('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n'),
  'two lengths': ok('Content-Length: 5\r\nContent-Length: 5\r\n'),
  'a list of lengths': ok('Content-Length: 5, 5\r\n'),
  'a bad length': ok('Content-Length: 5x\r\n'),
  'an empty length': ok('Content-Length:\r\n'),
  'two codings': ok('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n'),
  'gzip, chunked': ok('Transfer-Encoding: gzip, chunked\r\n'),
  'an unknown coding': ok('Transfer-Encoding: gzip\r\n'),
  'an empty coding': ok('Transfer-Encoding:\r\n'),
  'a coding in HTTP/1.0': 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
  'length and coding without a body':
    'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
  'too many fields': ok('A: b\r\n'.repeat(257)),
  'too large': ok(`A: ${'b'.repeat(MAX_ANSWER_HEAD_BYTES)}\r\n`),
};

test('invalid responses are refused, however they are split', () => {
  for (const [what, text] of Object.entries(BAD)) {
    assert.equal(parse(text).behind, BAD_ANSWER, what);
    if (text.length < 4096) assertSameWhenCut(text, BAD_ANSWER);
  }
});

test('whitespace before a colon is removed from a response (RFC 9112 section 5.1), however it is split', () => {
  const text = ok('X-A \t: b : c\r\nContent-Length : 5\r\nSet-Cookie : a=1\r\n');
  const { answer, behind } = parse(text);
  assert.equal(behind, text.length);
  assert.equal(answer.text, ok('X-A: b : c\r\nContent-Length: 5\r\nSet-Cookie: a=1\r\n'));
  assert.deepEqual([answer.mode, answer.length, answer.setCookies()], [BY_LENGTH, 5, ['a=1']]);
  assertSameWhenCut(text, text.length);
});

test('`servers lax` takes folded fields and one length said twice, and nothing with two readings', () => {
  const lax = (text: string) => {
    const answer = new AnswerHead();
    const bytes = Buffer.from(text, 'latin1');
    return { answer, behind: answer.parse(bytes, 0, bytes.length, false, true) };
  };
  const folded = ok('X: a\r\n  b\r\n\tc\r\nContent-Length : 5\r\n');
  assert.equal(lax(folded).behind, folded.length);
  assert.equal(lax(folded).answer.text, ok('X: a b c\r\nContent-Length: 5\r\n'));
  const twice = ok('Content-Length: 5\r\nX: a\r\ncontent-length: 05\r\n');
  const { answer, behind } = lax(twice);
  assert.deepEqual([behind, answer.mode, answer.length], [twice.length, BY_LENGTH, 5]);
  assert.equal(answer.fields.kind(2), DROPPED, 'it is said once to the client');
  for (const [what, text] of Object.entries({
    ...BAD,
    'two lengths': ok('Content-Length: 5\r\nContent-Length: 6\r\n'),
    'folded field': ok(' X: a\r\n'),
    'a blank before a colon and a folded field': ok('\tA : b\r\n'),
  })) {
    assert.equal(lax(text).behind, BAD_ANSWER, what);
  }
});

test('the values of Set-Cookie come in order, and are not taken from an earlier answer', () => {
  const answer = new AnswerHead();
  const read = (text: string) => {
    const bytes = Buffer.from(text, 'latin1');
    answer.parse(bytes, 0, bytes.length, false);
  };
  read(ok('Set-Cookie: a=1\r\nX: y\r\nset-cookie: b=2\r\nContent-Length: 0\r\n'));
  assert.deepEqual(answer.setCookies(), ['a=1', 'b=2']);
  read(ok('Content-Length: 0\r\n'));
  assert.deepEqual(answer.setCookies(), []);
  assert.throws(() => (answer.setCookies() as string[]).push('x'), TypeError);
});

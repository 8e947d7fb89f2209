/**
 * The judge is judged: what the kit's strict reader takes, and what it refuses.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fieldOf, Malformed, readAnswer, readRequest, readRequests } from './http-message.ts';

const bytes = (text: string) => Buffer.from(text, 'latin1');
const head = (...fields: string[]) =>
  `POST /a HTTP/1.1\r\nHost: h\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;

describe('requests', () => {
  test('a body by length, and where it ends', () => {
    const text = `${head('Content-Length: 3')}abc`;
    const request = readRequest(bytes(`${text}rest`))!;
    assert.equal(request.body.toString(), 'abc');
    assert.equal(request.end, text.length);
    assert.equal(fieldOf(request, 'HOST'), 'h');
  });

  test('a body in chunks with a trailer', () => {
    const request = readRequest(
      bytes(`${head('Transfer-Encoding: chunked')}3\r\nabc\r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\n`),
    )!;
    assert.equal(request.body.toString(), 'abc0123456789');
    assert.deepEqual(request.chunks, [3, 10]);
    assert.deepEqual(request.trailers, [['X', 'y']]);
  });

  test('no beginning of a good request is refused or taken for whole', () => {
    const text = `${head('Transfer-Encoding: chunked')}3\r\nabc\r\n0\r\nX: y\r\n\r\n`;
    for (let cut = 0; cut < text.length; cut++)
      assert.equal(readRequest(bytes(text.slice(0, cut))), null, `cut at ${cut}`);
  });

  for (const bad of [
    'GET / HTTP/1.1\nHost: h\n\n',
    'GET / HTTP/1.1\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n',
    'GET / HTTP/1.1\r\nHost : h\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n',
    'GET  / HTTP/1.1\r\nHost: h\r\n\r\n',
    'GET / HTTP/1.2\r\nHost: h\r\n\r\n',
    'GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n',
    head('Content-Length: 3', 'Content-Length: 3'),
    head('Content-Length: +3'),
    head('Content-Length: 3', 'Transfer-Encoding: chunked'),
    head('Transfer-Encoding: gzip, chunked'),
    `${head('Transfer-Encoding: chunked')}3;x\r\nabc\r\n0\r\n\r\n`,
    `${head('Transfer-Encoding: chunked')}3\r\nabcd\r\n0\r\n\r\n`,
    `${head('Transfer-Encoding: chunked')}0x3\r\n`,
  ]) {
    test(`${JSON.stringify(bad.slice(-50))} is refused`, () => assert.throws(() => readRequest(bytes(bad)), Malformed));
  }

  test('a stream is read up to its fault', () => {
    const stream = readRequests(bytes(`${head()}${head('Content-Length: 1')}xGET / HTTP/9\r\nHost: h\r\n\r\n`));
    assert.equal(stream.requests.length, 2);
    assert.match(stream.fault!.message, /bad version/);
  });
});

describe('answers', () => {
  test('HEAD, 1xx, 204 and 304 have no body', () => {
    const long = 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n';
    assert.equal(readAnswer(bytes(long), 0, { to: 'HEAD' })!.end, long.length);
    assert.equal(readAnswer(bytes(long)), null);
    for (const status of [103, 204, 304])
      assert.equal(readAnswer(bytes(`HTTP/1.1 ${status} X\r\n\r\n`))!.status, status);
  });

  test('without a length, a response lasts until the end of the connection', () => {
    const text = bytes('HTTP/1.1 200 OK\r\n\r\nabc');
    assert.equal(readAnswer(text), null);
    assert.equal(readAnswer(text, 0, { isEnded: true })!.body.toString(), 'abc');
  });

  for (const bad of [
    'HTTP/2 200 OK\r\n\r\n',
    'HTTP/1.1 20 OK\r\n\r\n',
    'HTTP/1.1 204 X\r\nContent-Length: 0\r\n\r\n',
  ]) {
    test(`${JSON.stringify(bad)} is refused`, () => assert.throws(() => readAnswer(bytes(bad)), Malformed));
  }
});

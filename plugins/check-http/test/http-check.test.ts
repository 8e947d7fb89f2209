import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { Args } from '@sluice/dsl/plan';
import { tryCheck } from '@sluice/plugin-kit';
import plugin from '../src/index.ts';

async function listen(t: TestContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

const serve = (t: TestContext, listener: RequestListener) => listen(t, createHttpServer(listener));

/** speak starts a server that does what it is told with its connection, after the request has come. */
async function speak(t: TestContext, answer: (socket: Socket) => void): Promise<{ port: number; gone: Promise<void> }> {
  let isGone = () => {};
  const gone = new Promise<void>((resolve) => {
    isGone = resolve;
  });
  const server = createServer((socket) => {
    t.after(() => socket.destroy());
    socket.on('error', () => {});
    socket.once('close', isGone);
    socket.once('data', () => answer(socket));
    socket.resume();
  });
  return { port: await listen(t, server), gone };
}

function probe(port: number, options: Args = {}, signal?: AbortSignal) {
  const whole = { method: 'GET', uri: '/healthz', ...options };
  return tryCheck(plugin, 'http', port, { options: whole, ...(signal === undefined ? {} : { signal }) });
}

test('a server that answers 200 passes and sees the request as written', async (t) => {
  let seen: unknown;
  const port = await serve(t, (request, response) => {
    seen = [request.method, request.url, request.headers.host, request.headers.connection];
    response.end('ok');
  });
  const result = await probe(port, { method: 'OPTIONS', uri: '/ready?deep=1' });
  assert.deepEqual(result, { status: 'passed', reason: 'status 200' });
  assert.deepEqual(seen, ['OPTIONS', '/ready?deep=1', `127.0.0.1:${port}`, 'close']);
});

test('a HEAD probe passes', async (t) => {
  const port = await serve(t, (_request, response) => response.end());
  assert.equal((await probe(port, { method: 'HEAD' })).status, 'passed');
});

test('the Host header is the one that is written', async (t) => {
  let host: string | undefined;
  const port = await serve(t, (request, response) => {
    host = request.headers.host;
    response.end();
  });
  await probe(port, { host: 'www.example.com' });
  assert.equal(host, 'www.example.com');
});

const STATUSES: readonly [
  status: number,
  expect: Args[string] | undefined,
  reason: string,
  status_: 'passed' | 'failed',
][] = [
  [302, undefined, 'status 302', 'passed'],
  [404, undefined, 'status 404, expected 200..399', 'failed'],
  [503, null, 'status 503, expected 200..399', 'failed'],
  [204, [204], 'status 204', 'passed'],
  [200, [204], 'status 200, expected 204', 'failed'],
  [299, ['200..299', 401], 'status 299', 'passed'],
  [401, ['200..299', 401], 'status 401', 'passed'],
  [300, ['200..299', 401], 'status 300, expected 200..299, 401', 'failed'],
];
for (const [status, expect, reason, verdict] of STATUSES) {
  test(`an answer of ${status} with expect ${JSON.stringify(expect) ?? 'left out'} has ${verdict}`, async (t) => {
    const port = await serve(t, (_request, response) => response.writeHead(status).end());
    const options = expect === undefined ? {} : { expect };
    assert.deepEqual(await probe(port, options), { status: verdict, reason });
  });
}

test('a body that contains the text passes, also when it comes in pieces', async (t) => {
  const port = await serve(t, (_request, response) => {
    response.write('status: he');
    response.end('althy\n');
  });
  assert.equal((await probe(port, { contains: 'healthy' })).status, 'passed');
});

test('a body without the text fails', async (t) => {
  const port = await serve(t, (_request, response) => response.end('starting'));
  assert.deepEqual(await probe(port, { contains: 'healthy' }), {
    status: 'failed',
    reason: 'body does not contain "healthy"',
  });
});

test('a `drain on` status needs no text in its body', async (t) => {
  const port = await serve(t, (_request, response) => response.writeHead(404).end('not found'));
  assert.deepEqual(await probe(port, { contains: 'healthy', drain: [404] }), {
    status: 'condpass',
    reason: 'status 404',
  });
});

test('a body that never ends is left after its first 64 KiB', async (t) => {
  const { port, gone } = await speak(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    const more = () => {
      while (!socket.destroyed && socket.write(`1000\r\n${'x'.repeat(4096)}\r\n`));
    };
    socket.on('drain', more);
    more();
  });
  assert.deepEqual(await probe(port, { contains: 'healthy' }), {
    status: 'failed',
    reason: 'body does not contain "healthy" in its first 64 KiB',
  });
  await gone;
});

test('without a text to look for, the body is not waited for', async (t) => {
  const { port, gone } = await speak(t, (socket) =>
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nx'),
  );
  assert.deepEqual(await probe(port), { status: 'passed', reason: 'status 200' });
  await gone;
});

test('a body that breaks off fails', async (t) => {
  const { port } = await speak(t, (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx'));
  assert.deepEqual(await probe(port, { contains: 'healthy' }), { status: 'failed', reason: 'the body broke off' });
});

test('a closed port fails', async (t) => {
  const server = createServer();
  const port = await listen(t, server);
  server.close();
  await once(server, 'close');
  assert.deepEqual(await probe(port), { status: 'failed', reason: 'connection refused' });
});

test('a server that answers rubbish fails', async (t) => {
  const { port } = await speak(t, (socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n'));
  const result = await probe(port);
  assert.equal(result.status, 'failed');
  assert.equal(result.reason, 'the answer is not HTTP: it does not begin with HTTP/1.');
});

test('a server that hangs up fails', async (t) => {
  const { port } = await speak(t, (socket) => socket.destroy());
  assert.deepEqual(await probe(port), { status: 'failed', reason: 'connection closed without an answer' });
});

test('a server that switches protocols unasked fails', async (t) => {
  const { port } = await speak(t, (socket) =>
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'),
  );
  assert.deepEqual(await probe(port), { status: 'failed', reason: 'status 101, expected 200..399' });
});

test('a server that sends no more than 1xx answers is not healthy', async (t) => {
  const aborting = new AbortController();
  const { port, gone } = await speak(t, (socket) =>
    socket.write('HTTP/1.1 103 Early Hints\r\n\r\n', () => aborting.abort()),
  );
  assert.deepEqual(await probe(port, {}, aborting.signal), { status: 'failed', reason: 'no answer in time' });
  await gone;
});

test('a server that accepts and never responds fails at the timeout, and its connection is closed', async (t) => {
  const aborting = new AbortController();
  const { port, gone } = await speak(t, () => aborting.abort());
  assert.deepEqual(await probe(port, {}, aborting.signal), { status: 'failed', reason: 'no answer in time' });
  await gone;
});

test('a server that responds slowly fails at the timeout, and its connection is closed', async (t) => {
  const aborting = new AbortController();
  const { port, gone } = await speak(t, (socket) => socket.write('HTTP/1.1 200 O', () => aborting.abort()));
  assert.deepEqual(await probe(port, {}, aborting.signal), { status: 'failed', reason: 'no answer in time' });
  await gone;
});

test('a probe that is aborted before it began opens nothing', async () => {
  const result = await probe(9, {}, AbortSignal.abort());
  assert.deepEqual(result, { status: 'failed', reason: 'stopped before it began' });
});

test('a path that cannot be sent fails without throwing', async () => {
  const result = await probe(9, { uri: '/a b' });
  assert.equal(result.status, 'failed');
  assert.equal(result.reason, 'cannot ask for "GET /a b"');
});

/**
 * Trailers beside a content-length: HTTP/2 has both at once, HTTP/1.1 has trailers only behind chunks.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Session, connect, createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { after, before, describe, test } from 'node:test';
import {
  type Address,
  connectTo,
  eventually,
  FLAG,
  FRAME,
  fieldBlock,
  frame,
  Http2Wire,
  ok,
  plainRules,
  RawServer,
  startGateway,
} from '../kit/index.ts';

let server: Http2Server;
let own: Awaited<ReturnType<typeof startGateway>>;
const open = new Set<{ destroy(): void }>();

before(async () => {
  server = createServer();
  server.on('session', (session) => open.add(session));
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    let trailers = {};
    const pieces: Buffer[] = [];
    stream.on('error', () => {});
    stream.on('trailers', (got) => (trailers = got));
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    stream.on('end', () => {
      if (stream.destroyed) return;
      const body = Buffer.concat(pieces);
      const seen = JSON.stringify({ length: headers['content-length'], bytes: body.length, trailers });
      const hasTrailers = headers[':path'] !== '/none';
      stream.respond(
        { ':status': 200, 'content-length': body.length, 'x-seen': seen },
        { waitForTrailers: hasTrailers },
      );
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-after': 'yes' }));
      stream.end(body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const to = { host: '127.0.0.1', port: (server.address() as { port: number }).port };
  own = await startGateway(plainRules([to], '', 'protocol http2'));
});
after(async () => {
  for (const each of open) each.destroy();
  await own.stop();
  server.close();
});

function dial(to: Address = own.address): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${to.port}`);
  session.on('error', () => {});
  open.add(session);
  return session;
}

async function ask(session: ClientHttp2Session, path: string, body: Buffer, trailers: Record<string, string> | null) {
  const stream = session.request({ ':method': 'POST', ':path': path, 'content-length': body.length }, {
    waitForTrailers: trailers !== null,
  } as never);
  stream.on('wantTrailers', () => stream.sendTrailers(trailers!));
  let after: Record<string, unknown> = {};
  stream.on('trailers', (got) => (after = got));
  const head = once(stream, 'response');
  stream.end(body);
  const [headers] = await head;
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece as Buffer);
  return { headers, seen: JSON.parse(String(headers['x-seen'])), body: Buffer.concat(pieces), after: { ...after } };
}

describe('from HTTP/2 to HTTP/2', () => {
  for (const size of [0, 1, 70_000, 1_000_000]) {
    test(`both arrive beside a body of ${size} bytes, with requests and with answers`, async () => {
      const session = dial();
      const body = Buffer.alloc(size, 'a');
      const got = await ask(session, '/', body, { 'x-sum': '42' });
      assert.deepEqual(got.seen, { length: String(size), bytes: size, trailers: { 'x-sum': '42' } });
      assert.equal(got.headers['content-length'], String(size));
      assert.equal(got.body.length, size);
      assert.equal(got.after['x-after'], 'yes');
      session.close();
    });

    test(`without trailers a body of ${size} bytes ends as it should`, async () => {
      const session = dial();
      const got = await ask(session, '/none', Buffer.alloc(size, 'a'), null);
      assert.deepEqual(got.seen, { length: String(size), bytes: size, trailers: {} });
      assert.equal(got.body.length, size);
      assert.deepEqual(got.after, {});
      session.close();
    });
  }
});

test('from and to HTTP/1.1 the length stays, and trailers beside it have no place', async () => {
  const wire = await connectTo(own.address);
  wire.send('POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\nContent-Length: 4\r\n\r\nbody');
  const got = await wire.answer();
  assert.equal(got.body.toString(), 'body');
  assert.deepEqual(got.trailers, []);
  wire.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.equal((await wire.answer()).status, 200);
  wire.destroy();
  const plain = await RawServer.start(async (server) => {
    for (;;) server.send(ok((await server.request()).body.toString()));
  });
  const to = await startGateway(plainRules([plain.address]));
  const session = dial(to.address);
  for (const text of ['one', 'two', '']) {
    const stream = session.request({ ':method': 'POST', ':path': '/', 'content-length': text.length }, {
      waitForTrailers: true,
    } as never);
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '42' }));
    stream.end(text);
    let body = '';
    for await (const piece of stream) body += piece;
    assert.equal(body, text);
  }
  assert.equal(plain.wires.length, 1, 'the connection was kept');
  session.destroy();
  await to.stop();
  await plain.stop();
});

test('a server that ends a body of known length with its last byte needs no frame more', async () => {
  const raw = await RawServer.start(async (socket) => {
    await socket.bytes(24);
    const wire = new Http2Wire(socket);
    socket.send(frame(FRAME.SETTINGS, 0, 0));
    await wire.until(({ type }) => type === FRAME.HEADERS);
    const block = fieldBlock([
      [':status', '200'],
      ['content-length', '4'],
    ]);
    wire.frame(FRAME.HEADERS, FLAG.END_HEADERS, 1, block).frame(FRAME.DATA, FLAG.END_STREAM, 1, 'body');
  });
  const to = await startGateway(plainRules([raw.address], '', 'protocol http2'));
  const client = new Http2Wire(await connectTo(to.address)).greet().ask(1);
  const data = await client.until(({ type }) => type === FRAME.DATA);
  assert.equal(data.payload.toString(), 'body');
  assert.equal(data.flags & FLAG.END_STREAM, FLAG.END_STREAM);
  client.wire.destroy();
  await to.stop();
  await raw.stop();
});

test('a client that sends the declared length but never ends its stream runs into `timeout body`', async () => {
  const to = await startGateway(
    plainRules(
      [{ host: '127.0.0.1', port: (server.address() as { port: number }).port }],
      'timeout body 200ms',
      'protocol http2',
    ),
  );
  const client = new Http2Wire(await connectTo(to.address)).greet();
  client.ask(
    1,
    [
      [':method', 'POST'],
      [':scheme', 'http'],
      [':authority', 'a'],
      [':path', '/'],
      ['content-length', '4'],
    ],
    false,
  );
  client.frame(FRAME.DATA, 0, 1, 'body');
  assert.equal(await client.status(1), 408);
  await eventually('nothing to be open', () => to.gateway.stats().backends[0]!.servers[0]!.open === 0);
  client.wire.destroy();
  await to.stop();
});

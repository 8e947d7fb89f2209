/**
 * Servers that speak HTTP/2, behind clients of either version, and a real gRPC client and server.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type ClientHttp2Session, connect, createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { createServer as createPlain } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { createGateway, type Gateway } from 'sluice';
import {
  type Address,
  connectTo,
  ERROR,
  eventually,
  FLAG,
  FRAME,
  fieldBlock,
  frame,
  plainRules,
  RawServer,
  startGateway,
  uint32,
  type Wire,
} from '../kit/index.ts';

const big = randomBytes(2_000_000);

let server: Http2Server;
let sessions = 0;
let gateway: Gateway;
let at: Address;
const open = new Set<{ destroy(): void }>();

function answer(stream: ServerHttp2Stream, headers: Record<string, unknown>): void {
  stream.on('error', () => {});
  const path = String(headers[':path']);
  if (path === '/big') {
    stream.respond({ ':status': 200 });
    stream.end(big);
  } else if (path === '/reset') stream.close(2);
  else if (path === '/head') {
    stream.respond({ ':status': 200, 'content-length': 5 }, { endStream: true });
  } else {
    const pieces: Buffer[] = [];
    let trailers = {};
    stream.on('trailers', (got) => (trailers = got));
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    stream.on('end', () => {
      if (stream.destroyed) return;
      if (path === '/hint') stream.additionalHeaders({ ':status': 103, link: '</a.css>; rel=preload' });
      stream.respond({ ':status': 200, 'x-seen': JSON.stringify({ ...headers, trailers }) }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-after': 'yes' }));
      stream.end(pieces.length > 0 ? Buffer.concat(pieces) : Buffer.from(path));
    });
  }
}

before(async () => {
  server = createServer({ settings: { maxConcurrentStreams: 30 } });
  server.on('session', (session) => {
    sessions++;
    session.on('error', () => {});
    open.add(session);
  });
  server.on('stream', answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const to = { host: '127.0.0.1', port: (server.address() as { port: number }).port };
  gateway = await createGateway({ rules: plainRules([to], '', 'protocol http2'), threads: 0, logger: false });
  await gateway.start();
  at = gateway.addresses().web as Address;
});
after(async () => {
  for (const each of open) each.destroy();
  await gateway?.stop({ deadline: '1s' });
  server?.close();
});

const get = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: a.test\r\n${more}\r\n`;

async function ask(wire: Wire, path: string, more = '') {
  return wire.send(get(path, more)).answer();
}

const seenBy = ({ fields }: { fields: readonly (readonly [string, string])[] }) =>
  JSON.parse(fields.find(([name]) => name === 'x-seen')![1]);

describe('clients of HTTP/1.1', () => {
  test('a request becomes a stream, and its answer comes back in chunks with trailers', async () => {
    const wire = await connectTo(at);
    const got = await ask(wire, '/a?b', 'X-Mixed: Value\r\nCookie: a=1\r\nTE: trailers\r\nConnection: TE\r\n');
    assert.equal(got.status, 200);
    assert.equal(got.body.toString(), '/a?b');
    assert.deepEqual(got.trailers, [['x-after', 'yes']]);
    const seen = seenBy(got);
    assert.equal(seen[':authority'], 'a.test');
    assert.equal(seen[':scheme'], 'http');
    assert.equal(seen['x-mixed'], 'Value');
    assert.equal(seen.te, 'trailers');
    assert.equal(seen.connection, undefined);
    wire.destroy();
  });

  test('bodies of known and unknown length arrive, with trailers', async () => {
    const wire = await connectTo(at);
    wire.send(`POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: ${big.length}\r\n\r\n`).send(big);
    assert.ok((await wire.answer()).body.equals(big));
    wire.send('POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 42\r\n\r\n');
    const got = await wire.answer();
    assert.equal(got.body.toString(), 'hello');
    assert.deepEqual(seenBy(got).trailers, { 'x-sum': '42' });
    wire.send('POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n');
    assert.equal((await wire.answer()).body.toString(), 'abc');
    wire.destroy();
  });

  test('large answers come through, HEAD has none, hints come before', async () => {
    const wire = await connectTo(at);
    assert.ok((await ask(wire, '/big')).body.equals(big));
    const head = await wire.send('HEAD /head HTTP/1.1\r\nHost: a\r\n\r\n').answer({ to: 'HEAD' });
    assert.equal(head.status, 200);
    assert.equal((await ask(wire, '/hint')).status, 103);
    assert.equal((await wire.answer()).status, 200);
    wire.destroy();
  });

  test('a stream that the server resets before it answers is 502', async () => {
    const wire = await connectTo(at);
    assert.equal((await ask(wire, '/reset')).status, 502);
    wire.destroy();
  });

  test('many requests share a connection, and more of them are made than the server takes on one', async () => {
    const before = sessions;
    const wires = await Promise.all(Array.from({ length: 40 }, () => connectTo(at)));
    const answers = await Promise.all(wires.map((wire, index) => ask(wire, `/${index}`)));
    assert.deepEqual(
      answers.map(({ body }) => body.toString()),
      wires.map((_, index) => `/${index}`),
    );
    assert.ok(sessions - before <= 2, `${sessions - before} connections for 40 requests`);
    for (const wire of wires) wire.destroy();
  });

  test('a client that gives up costs its stream, not the connection', async () => {
    const wire = await connectTo(at);
    wire.send('POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf');
    await eventually('the request to be open', () => gateway.stats().backends[0]!.servers[0]!.open === 1);
    const before = sessions;
    wire.reset();
    await eventually('nothing to be open', () => gateway.stats().backends[0]!.servers[0]!.open === 0);
    const next = await connectTo(at);
    assert.equal((await ask(next, '/next')).status, 200);
    assert.equal(sessions, before);
    next.destroy();
  });

  test('a WebSocket still uses HTTP/1.1', async () => {
    const plain = await RawServer.start(async (wire) => {
      await wire.request();
      wire.send('HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello');
    });
    const own = await startGateway(plainRules([plain.address], '', 'protocol http2'));
    const wire = await connectTo(own.address);
    const got = await ask(wire, '/', 'Connection: Upgrade\r\nUpgrade: websocket\r\n');
    assert.equal(got.status, 101);
    await wire.text('hello');
    wire.destroy();
    await own.stop();
    await plain.stop();
  });
});

describe('servers that are broken or hostile', () => {
  /** A server that sends these frames behind its settings, whatever it is asked. */
  async function hostile(...frames: Buffer[]) {
    const plain = createPlain((socket) => {
      socket.on('error', () => {});
      socket.write(frame(FRAME.SETTINGS, 0, 0));
      socket.once('data', () => socket.write(Buffer.concat(frames)));
    }).listen(0, '127.0.0.1');
    await once(plain, 'listening');
    const address = { host: '127.0.0.1', port: (plain.address() as { port: number }).port };
    const own = await startGateway(plainRules([address], '', 'protocol http2\n  retry 0\n  timeout response 500ms'));
    return {
      address: own.address,
      gateway: own.gateway,
      stop: async () => {
        await own.stop();
        plain.close();
      },
    };
  }

  const headers = (flags: number, ...fields: (readonly [string, string])[]) =>
    frame(FRAME.HEADERS, flags | FLAG.END_HEADERS, 1, fieldBlock(fields));
  const status = [':status', '200'] as const;

  for (const [what, wanted, frames] of [
    ['rubbish', 502, [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')]],
    ['an answer without a status', 502, [headers(FLAG.END_STREAM, ['x-a', 'b'])]],
    ['a line end in a value', 502, [headers(FLAG.END_STREAM, status, ['x-a', 'b\r\nset-cookie: c=d'])]],
    ['a transfer coding', 502, [headers(FLAG.END_STREAM, status, ['transfer-encoding', 'chunked'])]],
    ['a status that is none', 502, [headers(FLAG.END_STREAM, [':status', '2x0'])]],
    ['a status twice', 502, [headers(FLAG.END_STREAM, status, status)]],
    ['a length, and no body', 502, [headers(FLAG.END_STREAM, status, ['content-length', '5'])]],
    ['two lengths', 502, [headers(FLAG.END_STREAM, status, ['content-length', '0'], ['content-length', '5'])]],
    ['a length that is none', 502, [headers(FLAG.END_STREAM, status, ['content-length', '+0'])]],
    ['no status', 502, [headers(FLAG.END_STREAM, ['x-a', 'b'])]],
    ['an empty status', 502, [headers(FLAG.END_STREAM, [':status', ''])]],
    ['a status with a line end', 502, [headers(FLAG.END_STREAM, [':status', '200\r\nx: y'])]],
    ['a status behind another field', 502, [headers(FLAG.END_STREAM, ['x-a', 'b'], status)]],
    ['a pseudo-field of requests', 502, [headers(FLAG.END_STREAM, status, [':path', '/'])]],
    ['a pseudo-field that nobody knows', 502, [headers(FLAG.END_STREAM, status, [':x', 'y'])]],
    ['a line end in a value', 502, [headers(FLAG.END_STREAM, status, ['x-a', 'b\r\nset-cookie: c=d'])]],
    ['a bare LF in a value', 502, [headers(FLAG.END_STREAM, status, ['x-a', 'b\nc'])]],
    ['NUL in a value', 502, [headers(FLAG.END_STREAM, status, ['x-a', 'b\0c'])]],
    ['a line end in a name', 502, [headers(FLAG.END_STREAM, status, ['x-a: b\r\nx-c', 'd'])]],
    ['capitals in a name', 502, [headers(FLAG.END_STREAM, status, ['X-A', 'b'])]],
    ['transfer-encoding', 502, [headers(FLAG.END_STREAM, status, ['transfer-encoding', 'chunked'])]],
    ['a connection field', 502, [headers(FLAG.END_STREAM, status, ['connection', 'close'])]],
    ['an upgrade', 502, [headers(FLAG.END_STREAM, status, ['upgrade', 'h2c'])]],
    ['an interim answer that is the end', 502, [headers(FLAG.END_STREAM, [':status', '103'])]],
    [
      'a list of fields over the limit',
      502,
      [headers(0, status, ...Array.from({ length: 2000 }, (_, at) => [`x-${at}`, 'v'.repeat(40)] as const))],
    ],
    ['a 101', 502, [headers(0, [':status', '101'])]],
    ['DATA before HEADERS', 502, [frame(FRAME.DATA, 0, 1, 'x')]],
    ['a field block that is none', 502, [frame(FRAME.HEADERS, FLAG.END_HEADERS, 1, [0x80])]],
    ['a promise', 502, [frame(FRAME.PUSH_PROMISE, FLAG.END_HEADERS, 1, uint32(2))]],
    ['a stream that nobody opened', 502, [frame(FRAME.HEADERS, FLAG.END_HEADERS, 7, fieldBlock([status]))]],
    ['GOAWAY before it looked at the request', 503, [frame(FRAME.GOAWAY, 0, 0, Buffer.alloc(8))]],
    ['a refused stream', 503, [frame(FRAME.RST_STREAM, 0, 1, uint32(ERROR.REFUSED_STREAM))]],
    ['nothing', 504, []],
  ] as [string, number, Buffer[]][]) {
    test(`${what}: ${wanted}`, async () => {
      const { address, gateway: own, stop } = await hostile(...frames);
      const wire = await connectTo(address);
      assert.equal((await ask(wire, '/')).status, wanted);
      assert.equal(own.stats().backends[0]!.servers[0]!.open, 0);
      wire.destroy();
      await stop();
    });
  }

  for (const [what, frames] of [
    [
      'more than its length says',
      [headers(0, status, ['content-length', '3']), frame(FRAME.DATA, FLAG.END_STREAM, 1, 'four')],
    ],
    [
      'less than its length says',
      [headers(0, status, ['content-length', '5']), frame(FRAME.DATA, FLAG.END_STREAM, 1, 'four')],
    ],
    [
      'an answer that breaks off',
      [headers(0, status), frame(FRAME.DATA, 0, 1, 'part'), frame(FRAME.RST_STREAM, 0, 1, uint32(2))],
    ],
    ['trailers with a pseudo-field', [headers(0, status), headers(FLAG.END_STREAM, [':path', '/'])]],
  ] as [string, Buffer[]][]) {
    test(`${what}: the client’s connection is reset`, async () => {
      const { address, stop } = await hostile(...frames);
      const wire = await connectTo(address);
      wire.send(get('/'));
      assert.equal(await wire.closed(), 'reset');
      await stop();
    });
  }

  test('a server that is not there is 503', async () => {
    const gone = createPlain().listen(0, '127.0.0.1');
    await once(gone, 'listening');
    const { port } = gone.address() as { port: number };
    await new Promise((resolve) => gone.close(resolve));
    const own = await startGateway(plainRules([{ host: '127.0.0.1', port }], '', 'protocol http2'));
    const wire = await connectTo(own.address);
    assert.equal((await ask(wire, '/')).status, 503);
    wire.destroy();
    await own.stop();
  });

  test('a server that sends GOAWAY finishes its requests, and the next one uses a new connection', async () => {
    const own = createServer();
    const seen: import('node:http2').ServerHttp2Session[] = [];
    own.on('session', (session) => seen.push(session));
    own.on('stream', (stream: ServerHttp2Stream) => {
      stream.respond({ ':status': 200 });
      stream.end('ok');
    });
    own.listen(0, '127.0.0.1');
    await once(own, 'listening');
    const to = { host: '127.0.0.1', port: (own.address() as { port: number }).port };
    const { address, stop } = await startGateway(plainRules([to], '', 'protocol http2'));
    const wire = await connectTo(address);
    assert.equal((await ask(wire, '/1')).status, 200);
    seen[0]!.close();
    await once(seen[0]!, 'close');
    assert.equal((await ask(wire, '/2')).status, 200);
    assert.equal(seen.length, 2);
    wire.destroy();
    await stop();
    for (const each of seen) each.destroy();
    own.close();
  });
});

describe('clients of HTTP/2', () => {
  function dial(): ClientHttp2Session {
    const session = connect(`http://127.0.0.1:${at.port}`);
    session.on('error', () => {});
    open.add(session);
    return session;
  }

  test('bytes go both ways at once, piece by piece, with trailers at the end', async () => {
    const both = createServer();
    both.on('stream', (stream: ServerHttp2Stream) => {
      stream.on('error', () => {});
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('data', (piece: Buffer) => stream.write(piece.toString().toUpperCase()));
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.on('end', () => stream.end());
    });
    both.listen(0, '127.0.0.1');
    await once(both, 'listening');
    const to = { host: '127.0.0.1', port: (both.address() as { port: number }).port };
    const own = await startGateway(plainRules([to], '', 'protocol http2'));
    const session = connect(`http://127.0.0.1:${own.address.port}`);
    const stream = session.request({ ':method': 'POST', ':path': '/', te: 'trailers' });
    await once(stream, 'response');
    for (const word of ['one', 'two', 'three']) {
      stream.write(word);
      assert.equal(String((await once(stream, 'data'))[0]), word.toUpperCase());
    }
    const trailers = once(stream, 'trailers');
    stream.end();
    assert.equal((await trailers)[0]['grpc-status'], '0');
    session.destroy();
    await own.stop();
    both.close();
  });

  test('a large response waits for a client that does not read, while other streams continue', async () => {
    const session = dial();
    const slow = session.request({ ':path': '/big' });
    slow.pause();
    await once(slow, 'response');
    const quick = session.request({ ':path': '/quick' });
    let text = '';
    for await (const piece of quick) text += piece;
    assert.equal(text, '/quick');
    const pieces: Buffer[] = [];
    for await (const piece of slow) pieces.push(piece);
    assert.ok(Buffer.concat(pieces).equals(big));
    session.close();
  });
});

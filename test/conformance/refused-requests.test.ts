/**
 * Requests that a server is known not to have processed (RFC 9113 section 8.7): they are sent again, whatever their method, and never
 * held against the server. With real servers that do it, and scripted ones.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import {
  type ClientHttp2Session,
  connect,
  createServer as createHttp2Server,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { after, describe, test } from 'node:test';
import { Client, credentials } from '@grpc/grpc-js';
import {
  type Address,
  connectTo,
  ERROR,
  eventually,
  FLAG,
  FRAME,
  fieldBlock,
  frame,
  freePort,
  Http2Wire,
  ok,
  plainRules,
  RawServer,
  setting,
  skipUnless,
  startGateway,
  startNginx,
  uint32,
} from '../kit/index.ts';

const closing: (() => unknown)[] = [];
after(async () => {
  for (const close of closing.reverse()) await close();
});

/** gatewayTo runs a gateway in front of these servers, with lines for its backend. */
async function gatewayTo(servers: readonly Address[], ...lines: string[]) {
  const own = await startGateway(plainRules(servers, '', ['protocol http2', ...lines].join('\n  ')));
  closing.push(own.stop);
  const server = (at = 0) => own.gateway.stats().backends[0]!.servers[at]!;
  return { ...own, server, counters: (at = 0) => server(at).counters };
}

/** http2Server runs node's, with this for every stream. */
async function http2Server(
  onStream: (stream: ServerHttp2Stream, headers: Record<string, unknown>) => void,
  settings = {},
): Promise<{ address: Address; server: Http2Server; sessions: ServerHttp2Session[] }> {
  const server = createHttp2Server({ settings });
  const sessions: ServerHttp2Session[] = [];
  server.on('session', (session) => {
    sessions.push(session);
    session.on('error', () => {});
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    onStream(stream as ServerHttp2Stream, headers);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  const { port } = server.address() as { port: number };
  return { address: { host: '127.0.0.1', port }, server, sessions };
}

async function collected(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** echo answers with the body. */
async function echo(stream: ServerHttp2Stream): Promise<void> {
  const body = await collected(stream as never).catch(() => null);
  if (body === null || stream.destroyed) return;
  stream.respond({ ':status': 200 });
  stream.end(body);
}

function session(address: Address): ClientHttp2Session {
  const own = connect(`http://127.0.0.1:${address.port}`);
  own.on('error', () => {});
  closing.push(() => own.destroy());
  return own;
}

interface Answer {
  readonly status: number;
  readonly body: Buffer;
  /** The code that the stream was reset with; 0: it was not. */
  readonly code: number;
}

async function post(over: ClientHttp2Session, body: Buffer): Promise<Answer> {
  const stream = over.request({ ':method': 'POST', ':path': '/' });
  let status = 0;
  stream.on('response', (headers) => (status = Number(headers[':status'])));
  const pieces: Buffer[] = [];
  stream.on('data', (piece: Buffer) => pieces.push(piece));
  stream.on('error', () => {});
  stream.end(body);
  await new Promise((resolve) => stream.on('close', resolve));
  return { status, body: Buffer.concat(pieces), code: stream.rstCode };
}

/** A scripted HTTP/2 server: `play` gets each connection behind its preface, and the number of it. */
async function scripted(
  play: (wire: Http2Wire, index: number) => Promise<unknown>,
  settings: Buffer | null = Buffer.of(),
) {
  const server = await RawServer.start(async (wire, index) => {
    await wire.bytes(24);
    if (settings !== null) wire.send(frame(FRAME.SETTINGS, 0, 0, settings));
    await play(new Http2Wire(wire), index);
  });
  closing.push(() => server.stop());
  return server;
}

const heads = ({ type }: { type: number }) => type === FRAME.HEADERS;
const OK = fieldBlock([[':status', '200']]);

/** refusesAll refuses every stream, for ever. Returns how many it has refused. */
async function refusesAll() {
  const seen = { streams: 0 };
  const server = await scripted(async (wire) => {
    for (;;) {
      const { stream } = await wire.until(heads);
      seen.streams++;
      wire.frame(FRAME.RST_STREAM, 0, stream, uint32(ERROR.REFUSED_STREAM));
    }
  });
  return { address: server.address, seen };
}

describe('servers that close a connection after so many requests', () => {
  test(
    'nginx with `keepalive_requests 3`: thousands of POSTs of 1 to 100 at once are all answered',
    skipUnless('nginx'),
    async () => {
      const origin = createServer(async (request, response) => response.end(await collected(request)));
      origin.listen(0, '127.0.0.1');
      await once(origin, 'listening');
      closing.push(() => origin.close());
      const port = await freePort();
      const { port: to } = origin.address() as { port: number };
      const nginx = await startNginx(
        port,
        `upstream app { server 127.0.0.1:${to}; keepalive 32; }
  server {
    listen 127.0.0.1:${port} http2;
    keepalive_requests 3;
    location / { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }`,
      );
      closing.push(() => nginx.program.stop());
      const { address, counters, server } = await gatewayTo([nginx.address]);
      const over = session(address);
      const bodies = [1, 100, 30_000].map((size) => randomBytes(size));
      let count = 0;
      for (const [atOnce, total] of [
        [1, 60],
        [10, 500],
        [100, 2000],
      ] as const) {
        let left = total;
        const one = async () => {
          while (left-- > 0) {
            const body = bodies[count++ % bodies.length]!;
            const got = await post(over, body);
            assert.equal(got.status, 200);
            assert.ok(got.body.equals(body));
          }
        };
        await Promise.all(Array.from({ length: atOnce }, one));
      }
      assert.equal(counters().badAnswers, 0);
      assert.equal(counters().answers2xx, 2560);
      assert.ok(counters().refusals > 0, 'nginx has refused some');
      assert.ok(
        counters().refusals < 500,
        `${counters().refusals} of 2560 were refused: a connection is not overfilled again and again`,
      );
      assert.equal(server().open, 0);
    },
  );

  test('gRPC calls to a server that goes away after three streams are all answered', async () => {
    const counts = new WeakMap<object, number>();
    const { address: to } = await http2Server((stream) => {
      const own = stream.session!;
      const count = (counts.get(own) ?? 0) + 1;
      counts.set(own, count);
      // What comes later on this connection is left alone, as by a server that is about to close it.
      if (count > 3) return;
      if (count === 3) own.goaway(0, stream.id!);
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.on('data', () => {});
      stream.end(Buffer.from([0, 0, 0, 0, 2, 0x6f, 0x6b]));
      stream.on('close', () => {
        if (count === 3) own.close();
      });
    });
    const { address, counters } = await gatewayTo([to]);
    const client = new Client(`127.0.0.1:${address.port}`, credentials.createInsecure());
    closing.push(() => client.close());
    const call = () =>
      new Promise<string>((resolve, reject) => {
        client.makeUnaryRequest(
          '/test.Words/say',
          (text: string) => Buffer.from(text),
          (bytes: Buffer) => bytes.toString(),
          'hello',
          (error, value) => (error === null ? resolve(value!) : reject(error)),
        );
      });
    for (let round = 0; round < 20; round++) {
      const answers = await Promise.all(Array.from({ length: 50 }, call));
      assert.ok(answers.every((answer) => answer === 'ok'));
    }
    assert.equal(counters().badAnswers, 0);
    assert.equal(counters().answers2xx, 1000);
  });
});

describe('a stream that is refused', () => {
  /** Refuses the first stream once so much of its body has come, and echoes from then on. */
  async function refusesOnce(afterBytes: number) {
    let refused = 0;
    const { address } = await http2Server((stream) => {
      if (refused > 0) return void echo(stream);
      let bytes = 0;
      const refuse = () => {
        if (bytes < afterBytes || refused > 0) return;
        refused++;
        stream.close(ERROR.REFUSED_STREAM);
      };
      stream.on('data', (piece: Buffer) => {
        bytes += piece.length;
        refuse();
      });
      refuse();
    });
    return address;
  }

  for (const [what, sent] of [
    ['at once', 0],
    ['when some of its body has come', 20_000],
    ['when all of it has come', 60_000],
  ] as const) {
    test(`${what} is sent again with its body: from clients of HTTP/2 and HTTP/1.1, with and without a length`, async () => {
      const body = randomBytes(60_000);
      for (const head of [null, `Content-Length: ${body.length}`, 'Transfer-Encoding: chunked']) {
        const { address, counters } = await gatewayTo([await refusesOnce(sent)], 'retry 0');
        if (head === null) {
          assert.ok((await post(session(address), body)).body.equals(body));
        } else {
          const wire = await connectTo(address);
          wire.send(`POST / HTTP/1.1\r\nHost: a\r\n${head}\r\n\r\n`);
          if (head.startsWith('T')) wire.send(`${body.length.toString(16)}\r\n`);
          wire.send(body);
          if (head.startsWith('T')) wire.send('\r\n0\r\n\r\n');
          const answer = await wire.answer();
          assert.equal(answer.status, 200);
          assert.ok(answer.body.equals(body));
          // The next request's bytes are where they belong.
          wire.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nnext');
          assert.equal((await wire.answer()).body.toString(), 'next');
          wire.destroy();
        }
        assert.equal(counters().refusals, 1);
        assert.equal(counters().badAnswers, 0);
      }
    });
  }

  test('with a longer body than is held is refused to the client: REFUSED_STREAM in HTTP/2, 503 in HTTP/1.1', async () => {
    const body = randomBytes(200_000);
    const over = await gatewayTo([await refusesOnce(100_000)]);
    const got = await post(session(over.address), body);
    assert.deepEqual([got.status, got.code], [0, ERROR.REFUSED_STREAM]);
    assert.equal(over.server().open, 0);
    const plain = await gatewayTo([await refusesOnce(100_000)]);
    const wire = await connectTo(plain.address);
    wire.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`).send(body);
    assert.equal((await wire.answer()).status, 503);
    assert.equal(plain.server().open, 0);
    wire.destroy();
  });

  test('by a server that refuses everything is tried six times, then the client gets an error', async () => {
    const { address: to, seen } = await refusesAll();
    const { address, counters } = await gatewayTo([to], 'retry 0');
    const got = await post(session(address), Buffer.from('hello'));
    assert.equal(got.code, ERROR.REFUSED_STREAM);
    assert.equal(seen.streams, 6);
    const wire = await connectTo(address);
    wire.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello');
    assert.equal((await wire.answer()).status, 503);
    assert.equal(seen.streams, 12);
    assert.equal(counters().refusals, 12);
    wire.destroy();
  });

  test('by one of two servers goes to the other', async () => {
    const { address: to, seen } = await refusesAll();
    const { address: good } = await http2Server(echo);
    const { address } = await gatewayTo([to, good], 'balance first');
    const over = session(address);
    for (let count = 1; count <= 20; count++) assert.equal((await post(over, Buffer.from('hello'))).status, 200);
    assert.equal(seen.streams, 40, 'each was tried twice before it went elsewhere');
  });

  test('does not count against its server: it is not ejected, and no circuit opens', async () => {
    const { address: to } = await refusesAll();
    const { address, gateway, server } = await gatewayTo(
      [to],
      'eject after 3 failures for 60s',
      'break circuit after 3 failures for 60s',
    );
    const over = session(address);
    for (let count = 0; count < 10; count++)
      assert.equal((await post(over, Buffer.from('a'))).code, ERROR.REFUSED_STREAM);
    assert.equal(server().state, 'running');
    assert.equal(server().ejections, 0);
    assert.equal(gateway.stats().backends[0]!.circuit, 'closed');
    assert.equal(server().counters.badAnswers, 0);
  });

  test('falls back where there is something to fall back to', async () => {
    const { address: to } = await refusesAll();
    const plain = await RawServer.start(async (wire) => {
      for (;;) wire.send(ok((await wire.request()).body.toString()));
    });
    closing.push(() => plain.stop());
    const rules = `listener web on 127.0.0.1:0 { otherwise send to app }
backend app of 127.0.0.1:${to.port} {
  protocol http2
  fall back to other
}
backend other of 127.0.0.1:${plain.address.port}
`;
    const own = await startGateway(rules);
    closing.push(own.stop);
    assert.equal((await post(session(own.address), Buffer.from('body'))).body.toString(), 'body');
  });
});

describe('uncertain cases', () => {
  test('a stream at or below the last of a GOAWAY is not sent again when the connection ends', async () => {
    let posts = 0;
    const server = await scripted(async (wire) => {
      const { stream } = await wire.until(heads);
      posts++;
      wire.frame(FRAME.GOAWAY, 0, 0, Buffer.concat([uint32(stream), uint32(0)]));
      wire.wire.end();
    });
    const { address } = await gatewayTo([server.address]);
    assert.equal((await post(session(address), Buffer.from('once'))).status, 502);
    assert.equal(posts, 1);
  });

  test('a stream above it is, on another connection', async () => {
    const server = await scripted(async (wire, index) => {
      const { stream } = await wire.until(heads);
      if (index === 0) wire.frame(FRAME.GOAWAY, 0, 0, Buffer.concat([uint32(0), uint32(0)]));
      else wire.frame(FRAME.HEADERS, FLAG.END_HEADERS | FLAG.END_STREAM, stream, OK);
    });
    const { address } = await gatewayTo([server.address]);
    assert.equal((await post(session(address), Buffer.from('twice'))).status, 200);
  });
});

test('a POST is sent again if its keep-alive HTTP/1.1 connection accepted none of it', async () => {
  const server = await RawServer.start(async (wire) => {
    for (;;) wire.send(ok((await wire.request()).body.toString()));
  });
  closing.push(() => server.stop());
  const own = await startGateway(plainRules([server.address]));
  closing.push(own.stop);
  const client = await connectTo(own.address);
  for (let round = 1; round <= 20; round++) {
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nfirst');
    assert.equal((await client.answer()).body.toString(), 'first');
    // In one turn, so that the gateway reads the request before it hears of the reset.
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nsecond');
    server.wires.at(-1)!.reset();
    const second = await client.answer();
    assert.equal(second.status, 200);
    assert.equal(second.body.toString(), 'second');
  }
  const { counters } = own.gateway.stats().backends[0]!.servers[0]!;
  assert.ok(counters.refusals > 0, 'some were turned down');
  assert.equal(counters.badAnswers, 0);
});

describe('streams that a server takes at once', () => {
  test('a first connection gets one stream until the server’s SETTINGS allow more, and never exceeds them', async () => {
    let streams = 0;
    let settle = () => {};
    const server = await scripted(async (wire, index) => {
      if (index === 0) {
        await wire.until(heads);
        streams++;
        settle = () => wire.frame(FRAME.SETTINGS, 0, 0, setting(3, 4));
      } else wire.frame(FRAME.SETTINGS, 0, 0, setting(3, 4));
      for (;;) {
        await wire.until(heads);
        streams++;
      }
    }, null);
    const { address, server: its } = await gatewayTo([server.address]);
    const over = session(address);
    for (let count = 0; count < 10; count++) over.request({ ':path': '/' }).on('error', () => {});
    await eventually('ten to be under way', () => its().open === 10);
    await eventually('the first stream', () => streams === 1);
    settle();
    await eventually('all streams', () => streams === 10);
    const perConnection = server.wires.map((wire) => {
      let found = 0;
      for (let at = 24; at + 9 <= wire.received.length; at += 9 + wire.received.readUIntBE(at, 3)) {
        if (wire.received[at + 3] === FRAME.HEADERS) found++;
      }
      return found;
    });
    assert.deepEqual(perConnection.sort(), [2, 4, 4]);
    over.destroy();
    await eventually('nothing to be open', () => its().open === 0);
  });

  test('bursts to node with a limit of 5 never get a stream refused, over first and later connections', async () => {
    const { address: to, sessions } = await http2Server(echo, { maxConcurrentStreams: 5 });
    const { address, counters } = await gatewayTo([to]);
    const over = session(address);
    for (let round = 0; round < 5; round++) {
      const all = await Promise.all(Array.from({ length: 60 }, () => post(over, Buffer.from('hi'))));
      assert.ok(all.every(({ status }) => status === 200));
      // The next burst finds no connection that stands.
      for (const each of sessions) each.destroy();
      await eventually('connections to be gone', () => sessions.every(({ destroyed }) => destroyed));
    }
    assert.equal(counters().refusals, 0);
    assert.equal(counters().answers2xx, 300);
  });
});

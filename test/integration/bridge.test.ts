/**
 * TLS from the gateway to servers: real servers behind it, good ones, bad ones, and such as are no TLS servers at all.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer as createHttps, type Server, type ServerOptions } from 'node:https';
import { createServer as createTcp, type Socket, type Server as TcpServer } from 'node:net';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { createSecureContext, createServer as createTls, TLSSocket } from 'node:tls';
import { Authority, certify, hasOpenssl, makeKey } from '@sluice/plugin-kit/tls';
import { pino } from 'pino';
import { createGateway, type Gateway } from 'sluice';
import {
  type Address,
  connectTo,
  eventually,
  freePort,
  Program,
  skipUnless,
  temporaryFolder,
  Wire,
} from '../kit/index.ts';

const skip = hasOpenssl ? false : 'openssl not installed';
const authority = new Authority(temporaryFolder());
const stranger = new Authority(temporaryFolder());
const CA = authority.at('root.crt');
const GET = 'GET / HTTP/1.1\r\nHost: site.test\r\n\r\n';

const closing: (() => unknown)[] = [];
after(async () => {
  for (const close of closing.reverse()) await close();
});

interface Behind {
  readonly port: number;
  /** Connections on which a handshake ended well. */
  readonly streams: TLSSocket[];
  /** Of each of them: the session was resumed. */
  readonly resumed: boolean[];
  /** Heads of requests that were read. */
  readonly requests: IncomingMessage[];
  readonly server: Server;
}

/** startHttps is a server that answers `hello`, or what the handler does. */
async function startHttps(options: ServerOptions, handler?: RequestListener): Promise<Behind> {
  const streams: TLSSocket[] = [];
  const resumed: boolean[] = [];
  const requests: IncomingMessage[] = [];
  const server = createHttps(options, (request, response) => {
    requests.push(request);
    if (handler === undefined) response.end('hello');
    else handler(request, response);
  });
  server.on('secureConnection', (stream) => {
    streams.push(stream);
    resumed.push(stream.isSessionReused());
  });
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as { port: number }).port, streams, resumed, requests, server };
}

function credentialsOf(name: string, by = authority): ServerOptions {
  return { cert: by.read(`${name}.crt`), key: by.read(`${name}.key`) };
}

async function startTcp(serve: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server: TcpServer = createTcp((socket) => {
    sockets.add(socket.on('error', () => {}));
    serve(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as { port: number }).port;
}

interface Started {
  readonly gateway: Gateway;
  readonly address: Address;
  /** What was logged at `warn` and above. */
  readonly told: string[];
}

async function start(
  ports: readonly number[],
  backend: string,
  { threads = 0, listener = '', protocol = 'http' } = {},
): Promise<Started> {
  const told: string[] = [];
  const logger = pino({ level: 'warn' }, { write: (line) => void told.push(JSON.parse(line).msg) });
  const rules = `listener web on 127.0.0.1:0 ${protocol} {
  ${listener}
  otherwise send to app
}
backend app ${ports.length === 0 ? '' : `of ${ports.map((port) => `127.0.0.1:${port}`).join(', ')}`} {
  ${backend}
}
`;
  const gateway = await createGateway({ rules, threads, logger });
  await gateway.start();
  closing.push(() => gateway.stop({ deadline: '1s' }));
  return { gateway, address: gateway.addresses().web as Address, told };
}

async function ask({ address }: Started, request = GET) {
  const client = await connectTo(address);
  const answer = await client.send(request).answer({ to: request.slice(0, request.indexOf(' ')) });
  client.destroy();
  return answer;
}

const countersOf = ({ gateway }: Started) => gateway.stats().backends[0]!.servers[0]!.counters;

if (!skip) {
  authority.issue('api', ['api.internal']);
  authority.issue('local', ['127.0.0.1']);
  authority.issue('client', ['client.internal']);
  stranger.issue('api', ['api.internal']);
}
const TRUSTING = `tls bridge ca "${CA}" name api.internal`;

describe('a bridged backend', { skip }, () => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(`${version}: asks by the name, speaks HTTP/1.1, and keeps the connection`, async () => {
      const behind = await startHttps({ ...credentialsOf('api'), maxVersion: version });
      const started = await start([behind.port], TRUSTING);
      const client = await connectTo(started.address);
      assert.equal((await client.send(GET).answer()).body.toString(), 'hello');
      assert.equal((await client.send(GET).answer()).body.toString(), 'hello');
      client.destroy();
      const [stream] = behind.streams;
      assert.equal(behind.streams.length, 1);
      assert.equal(stream!.getProtocol(), version);
      assert.equal(stream!.alpnProtocol, 'http/1.1');
      assert.equal((stream as unknown as { servername: string }).servername, 'api.internal');
      const { connects, tlsHandshakes, tlsResumed, tlsFailures } = countersOf(started);
      assert.deepEqual(
        { connects, tlsHandshakes, tlsResumed, tlsFailures },
        { connects: 1, tlsHandshakes: 1, tlsResumed: 0, tlsFailures: 0 },
      );
      assert.deepEqual(started.told, []);
    });

    test(`${version}: the next connection resumes the session`, async () => {
      const behind = await startHttps({ ...credentialsOf('api'), maxVersion: version }, (_request, response) => {
        response.setHeader('Connection', 'close').end('bye');
      });
      const started = await start([behind.port], TRUSTING);
      for (let count = 0; count < 3; count++) assert.equal((await ask(started)).body.toString(), 'bye');
      assert.deepEqual(behind.resumed, [false, true, true]);
      assert.equal(countersOf(started).tlsResumed, 2);
    });
  }

  test('works from threads too', async () => {
    const behind = await startHttps(credentialsOf('api'));
    const started = await start([behind.port], TRUSTING, { threads: 2 });
    for (let count = 0; count < 4; count++) assert.equal((await ask(started)).status, 200);
  });

  test('a server known by its address is verified by its address', async () => {
    const behind = await startHttps(credentialsOf('local'));
    assert.equal((await ask(await start([behind.port], `tls bridge ca "${CA}"`))).status, 200);
    const other = await startHttps(credentialsOf('api'));
    const started = await start([other.port], `tls bridge ca "${CA}"`);
    assert.equal((await ask(started)).status, 503);
    assert.match(started.told[0]!, /its certificate is for another name: .*127\.0\.0\.1/);
    assert.equal(other.requests.length, 0);
  });

  test('`insecure` takes any certificate', async () => {
    const key = makeKey();
    const behind = await startHttps({ ...certify('whatever.test', key, { toDay: -0.5 }), key });
    assert.equal((await ask(await start([behind.port], 'tls bridge insecure'))).status, 200);
  });

  test('a request that one server cannot be sent goes to the next', async () => {
    const bad = await startHttps(credentialsOf('api', stranger));
    const good = await startHttps(credentialsOf('api'));
    const started = await start([bad.port, good.port], TRUSTING);
    for (let count = 0; count < 4; count++) assert.equal((await ask(started)).status, 200);
    assert.equal(bad.requests.length, 0);
    assert.equal(good.requests.length, 4);
  });

  test('a POST that could not be sent goes to the next, whole', async () => {
    const bad = await startHttps(credentialsOf('api', stranger));
    const good = await startHttps(credentialsOf('api'), (request, response) => request.pipe(response));
    const started = await start([bad.port, good.port], TRUSTING);
    for (let count = 0; count < 2; count++) {
      const answer = await ask(started, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody');
      assert.equal(answer.body.toString(), 'body');
    }
  });
});

describe('a server that is not who it should be, or speaks no TLS', { skip }, () => {
  /** Refused: the client gets 503, the server no request, and the log the reason. */
  async function refused(port: number, reason: RegExp, { backend = TRUSTING, isTls = true } = {}): Promise<void> {
    const started = await start([port], `${backend}\n retry 0 on connect-failure`);
    assert.equal((await ask(started)).status, 503);
    assert.equal(started.told.length, 1, started.told.join('\n'));
    assert.match(started.told[0]!, reason);
    const { connectFailures, tlsFailures, tlsHandshakes } = countersOf(started);
    assert.deepEqual(
      { connectFailures, tlsFailures, tlsHandshakes },
      { connectFailures: 1, tlsFailures: isTls ? 1 : 0, tlsHandshakes: 0 },
    );
    // Once a minute is enough.
    assert.equal((await ask(started)).status, 503);
    assert.equal(started.told.length, 1);
  }

  const key = makeKey();
  const SERVERS: Readonly<Record<string, readonly [ServerOptions, RegExp, string?]>> = skip
    ? {}
    : {
        'another name': [credentialsOf('local'), /its certificate is for another name: .*api\.internal/],
        'an unknown authority': [
          credentialsOf('api', stranger),
          /its certificate is of an authority that is not trusted/,
        ],
        'its own signature': [{ ...certify('api.internal', key), key }, /its certificate is self-signed/],
        'only an older TLS': [
          { ...credentialsOf('api'), maxVersion: 'TLSv1.2' },
          /it refuses the handshake \(protocol version\)|does not speak TLS that fits/,
          `${TRUSTING} min 1.3`,
        ],
      };
  for (const [name, [options, reason, backend]] of Object.entries(SERVERS)) {
    test(`a certificate or TLS with ${name}: 503, and nothing is sent to it`, async () => {
      const behind = await startHttps(options);
      await refused(behind.port, reason, backend === undefined ? {} : { backend });
      assert.equal(behind.requests.length, 0);
    });
  }

  test('an expired certificate: 503, and nothing is sent to it', async () => {
    const expired = certify('api.internal', key, { fromDay: -3, toDay: -1, isAuthority: true });
    const file = join(temporaryFolder(), 'expired.pem');
    writeFileSync(file, expired.cert);
    const behind = await startHttps(expired);
    await refused(behind.port, /its certificate has expired/, { backend: `tls bridge ca "${file}" name api.internal` });
    assert.equal(behind.requests.length, 0);
  });

  test('a certificate of the system’s authorities is required by default', async () => {
    const behind = await startHttps(credentialsOf('api'));
    await refused(behind.port, /its certificate is of an authority that is not trusted/, {
      backend: 'tls bridge name api.internal',
    });
  });

  test('a server that speaks plain HTTP: 503', async () => {
    let heard = '';
    const port = await startTcp((socket) => {
      socket.on('data', (bytes) => {
        heard += bytes.toString('latin1');
        socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n');
      });
    });
    await refused(port, /it does not speak TLS/);
    assert.doesNotMatch(heard, /GET/);
  });

  test('a server that resets, or closes, in the handshake: 503', async () => {
    const resetting = await startTcp((socket) => socket.once('data', () => socket.resetAndDestroy()));
    await refused(resetting, /it closed the connection in the handshake/);
    const closer = await startTcp((socket) => socket.once('data', () => socket.end()));
    await refused(closer, /it closed the connection in the handshake/);
  });

  test('a server that never answers the handshake: 503 after `timeout connect`', async () => {
    const port = await startTcp(() => {});
    await refused(port, /no handshake in time/, { backend: `${TRUSTING}\n timeout connect 300ms` });
  });

  test('a server that is not there at all: 503, and nothing is said of TLS', async () => {
    const started = await start([await freePort()], `${TRUSTING}\n retry 0 on connect-failure`);
    assert.equal((await ask(started)).status, 503);
    assert.deepEqual(started.told, []);
    assert.equal(countersOf(started).tlsFailures, 0);
  });

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(`${version}: a server that wants a certificate and gets none: 503 or 502, and a reason`, async () => {
      const behind = await startHttps({
        ...credentialsOf('api'),
        ...{ requestCert: true, rejectUnauthorized: true, ca: authority.read('root.crt'), maxVersion: version },
      });
      const started = await start([behind.port], `${TRUSTING}\n retry 0 on connect-failure`);
      // In TLS 1.3 the refusal comes when the request has left already.
      assert.equal((await ask(started)).status, version === 'TLSv1.2' ? 503 : 502);
      assert.match(
        started.told[0]!,
        /wants a certificate, and is shown none|refuses the handshake|closed the connection/,
      );
      assert.equal(behind.requests.length, 0);
    });
  }

  for (const protocol of ['http1', 'http2', 'tcp'] as const) {
    test(`${protocol}: a server that rejects the gateway’s certificate is reported in the log`, async () => {
      const port = await freePort();
      const wanting = ['-Verify', '1', '-verify_return_error', '-CAfile', stranger.at('root.crt'), '-tls1_3'];
      const own = ['-cert', authority.at('api.crt'), '-key', authority.at('api.key'), '-alpn', 'h2,http/1.1'];
      const server = new Program('openssl', ['s_server', '-accept', `127.0.0.1:${port}`, '-quiet', ...own, ...wanting]);
      closing.push(() => server.stop());
      await server.listening(port);
      const backend = `${TRUSTING} certificate "${authority.at('client.crt')}"\n retry 0 on connect-failure`;
      const more = protocol === 'http2' ? '\n protocol http2' : '';
      const started = await start([port], `${backend}${more}`, { protocol: protocol === 'tcp' ? 'tcp' : 'http' });
      const client = await connectTo(started.address);
      client.send(GET);
      if (protocol === 'tcp') await client.closed();
      else assert.equal((await client.answer()).status, 502);
      await eventually('the reason', () => started.told.length > 0);
      assert.match(started.told.join('\n'), /it does not take the certificate that it is shown \(unknown ca\)/);
      client.destroy();
    });
  }
});

describe('the gateway’s own certificate', { skip }, () => {
  const asking: ServerOptions = skip
    ? {}
    : { ...credentialsOf('api'), requestCert: true, rejectUnauthorized: true, ca: authority.read('root.crt') };

  test('is shown to a server that asks, PEM with its key beside it', async () => {
    const behind = await startHttps(asking);
    const started = await start([behind.port], `${TRUSTING} certificate "${authority.at('client.crt')}"`);
    assert.equal((await ask(started)).status, 200);
    assert.equal(behind.streams[0]!.getPeerCertificate().subject.CN, 'client');
  });

  test('is shown to a server that asks, PKCS#12 with its password', async () => {
    process.env.SLUICE_TEST_P12 = 'x';
    process.env.SLUICE_SECRET_CLIENT_PASSWORD = 'hidden';
    const file = authority.pkcs12('client', 'hidden');
    const behind = await startHttps(asking);
    const started = await start([behind.port], `${TRUSTING} certificate "${file}" password secret "client-password"`);
    assert.equal((await ask(started)).status, 200);
  });
});

describe('traffic over a bridge', { skip }, () => {
  const big = randomBytes(8_000_000);
  const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

  test('a large upload and a large answer come through byte for byte, to a client that reads slowly', async () => {
    const behind = await startHttps(credentialsOf('api'), (request, response) => {
      if (request.method === 'GET') return void response.end(big);
      const hash = createHash('sha256');
      request.on('data', (piece) => hash.update(piece)).on('end', () => response.end(hash.digest('hex')));
    });
    const started = await start([behind.port], TRUSTING);
    const client = await connectTo(started.address);
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${big.length}\r\n\r\n`).send(big);
    assert.equal((await client.answer()).body.toString(), digest(big));
    client.socket.pause();
    client.send(GET);
    await eventually(
      'the answer to wait for its reader',
      () => client.socket.readableLength > 0 || client.socket.bytesRead > 0,
    );
    client.socket.resume();
    assert.equal(digest((await client.answer()).body), digest(big));
    client.destroy();
    assert.equal(behind.streams.length, 1);
  });

  test('a server that takes an upload slowly is not drowned, and the client waits', async () => {
    let go = (): void => {};
    const behind = await startHttps(credentialsOf('api'), (request, response) => {
      go = () => {
        const hash = createHash('sha256');
        request.on('data', (piece) => hash.update(piece)).on('end', () => response.end(hash.digest('hex')));
      };
    });
    const started = await start([behind.port], TRUSTING);
    const body = randomBytes(48_000_000);
    const client = await connectTo(started.address);
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`).send(body);
    await eventually('the request', () => behind.requests.length === 1);
    assert.ok(client.socket.writableLength > 1_000_000, 'most of it has not left the client');
    go();
    assert.equal((await client.answer()).body.toString(), digest(body));
    client.destroy();
  });

  test('a tunnel carries both directions, which end independently', async () => {
    const server = createTls({ ...credentialsOf('api'), allowHalfOpen: true } as never, (stream) => {
      const wire = new Wire(stream);
      void (async () => {
        await wire.text('\r\n\r\n');
        wire.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nfirst');
        await wire.text('ping');
        wire.send('pong');
        await wire.closed();
        wire.send('last words');
        wire.end();
      })();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(() => server.close());
    const started = await start([(server.address() as { port: number }).port], TRUSTING);
    const client = await connectTo(started.address);
    client.send('GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    assert.equal((await client.answer()).status, 101);
    await client.text('first');
    client.send('ping');
    await client.text('pong');
    client.end();
    await client.text('last words');
    assert.equal(await client.closed(), 'ended');
  });

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const ends: readonly (readonly [how: string, isWhole: boolean, end: (stream: TLSSocket, raw: Socket) => void])[] = [
      ['with TLS’s own end', true, (stream) => stream.end()],
      ['with the connection alone', false, (_, raw) => raw.end()],
      ['in the middle of a record', false, (_, raw) => raw.end(Buffer.from('170303006401020304', 'hex'))],
      [
        'in a record that is as long as TLS’s own end',
        false,
        (_, raw) => raw.end(Buffer.from(`1703030013${'01'.repeat(19)}`, 'hex')),
      ],
      ['with a reset', false, (_, raw) => raw.resetAndDestroy()],
    ];
    for (const [how, isWhole, end] of ends) {
      for (const size of [10, 300_000]) {
        test(`${version}: an answer of ${size} bytes and no length that ends ${how} is ${isWhole ? '' : 'not '}whole`, async () => {
          const context = createSecureContext({ ...credentialsOf('api'), maxVersion: version });
          const port = await startTcp((raw) => {
            const stream = new TLSSocket(raw, { isServer: true, secureContext: context });
            stream.on('error', () => {});
            stream.once('data', () => {
              stream.write(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${'x'.repeat(size)}`, () => end(stream, raw));
            });
          });
          const started = await start([port], TRUSTING);
          const client = await connectTo(started.address);
          client.send(GET);
          if (isWhole) {
            const { body } = await client.answer();
            assert.equal(body.length, size);
          } else {
            assert.equal(await client.closed(), 'reset');
            assert.ok(!client.received.includes('\r\n0\r\n'));
          }
          assert.equal(countersOf(started).badAnswers, isWhole ? 0 : 1);
          client.destroy();
        });
      }
    }
  }

  test('a server that dies in the middle of an answer is seen', async () => {
    const behind = await startHttps(credentialsOf('api'), (request, response) => {
      response.writeHead(200, { 'Content-Length': '100' }).write('half of it');
      setImmediate(() => request.socket.destroy());
    });
    const started = await start([behind.port], TRUSTING);
    const client = await connectTo(started.address);
    client.send(GET);
    assert.equal(await client.closed(), 'reset');
  });
});

describe('a reload', { skip }, () => {
  test('keeps connections and sessions if nothing changed, and trusts no server by earlier rules', async () => {
    const folder = temporaryFolder();
    const ca = join(folder, 'ca.pem');
    copyFileSync(CA, ca);
    const behind = await startHttps(credentialsOf('api'));
    const started = await start([behind.port], `tls bridge ca "${ca}" name api.internal\n retry 0 on connect-failure`);
    assert.equal((await ask(started)).status, 200);
    await started.gateway.reload();
    assert.equal((await ask(started)).status, 200);
    assert.equal(behind.streams.length, 1);
    copyFileSync(stranger.at('root.crt'), ca);
    await started.gateway.reload();
    assert.equal((await ask(started)).status, 503);
    assert.equal(behind.requests.length, 2);
    copyFileSync(CA, ca);
    await started.gateway.reload();
    assert.equal((await ask(started)).status, 200);
  });
});

describe('the health check of a bridged backend', { skip }, () => {
  async function stateOf(port: number, backend: string): Promise<string> {
    const { gateway } = await start([port], `${backend} every 20ms timeout 2s fall 1 rise 1`);
    await eventually('a probe', () => gateway.stats().backends[0]!.servers[0]!.lastCheck !== 'unknown');
    return gateway.stats().backends[0]!.servers[0]!.reason;
  }

  test('speaks TLS as the requests do', async () => {
    const good = await startHttps(credentialsOf('api'));
    const bad = await startHttps(credentialsOf('api', stranger));
    assert.equal(await stateOf(good.port, `${TRUSTING}\n check GET /healthz`), 'status 200');
    assert.equal(good.requests[0]!.url, '/healthz');
    assert.equal(
      await stateOf(bad.port, `${TRUSTING}\n check GET /healthz`),
      'its certificate is of an authority that is not trusted',
    );
    assert.equal(await stateOf(good.port, `${TRUSTING}\n check tcp`), 'connected');
    assert.match(await stateOf(good.port, `${TRUSTING}\n check GET /healthz without tls`), /not HTTP|closed/);
  });
});

test('TLS that is passed on undecrypted is not wrapped in TLS once more', { skip }, async () => {
  for (const listener of [
    `tls passthrough to app when sni a.test\n tls terminate cert "${authority.at('api.pem')}"\n otherwise send to other`,
    null,
  ]) {
    const rules =
      listener === null
        ? 'listener web on 127.0.0.1:0 tcp { tls passthrough; otherwise send to app }'
        : `listener web on 127.0.0.1:0 {\n ${listener} }`;
    await assert.rejects(
      createGateway({
        rules: `${rules}\nbackend app of 127.0.0.1:1 { tls bridge }\nbackend other of 127.0.0.1:2`,
        logger: false,
      }),
      /passes TLS on to it that is not opened here/,
    );
  }
});

describe('a tcp listener', { skip }, () => {
  async function relay(port: number): Promise<Started> {
    const told: string[] = [];
    const logger = pino({ level: 'warn' }, { write: (line) => void told.push(JSON.parse(line).msg) });
    const rules = `listener db on 127.0.0.1:0 tcp { otherwise send to db }
backend db of 127.0.0.1:${port} { ${TRUSTING}\n retry 0 on connect-failure }
`;
    const gateway = await createGateway({ rules, threads: 0, logger });
    await gateway.start();
    closing.push(() => gateway.stop({ deadline: '1s' }));
    return { gateway, address: gateway.addresses().db as Address, told };
  }

  async function echo(
    by: Authority,
  ): Promise<{ port: number; heard: () => string; protocols: (string | false | null)[] }> {
    let heard = '';
    const protocols: (string | false | null)[] = [];
    const server = createTls({ ...credentialsOf('api', by), allowHalfOpen: true } as never, (stream) => {
      protocols.push(stream.alpnProtocol);
      stream.on('data', (bytes) => {
        heard += bytes;
        stream.write(bytes);
      });
      stream.on('end', () => stream.end('bye'));
    }).listen(0, '127.0.0.1');
    server.on('tlsClientError', () => {});
    await once(server, 'listening');
    closing.push(() => server.close());
    return { port: (server.address() as { port: number }).port, heard: () => heard, protocols };
  }

  test('carries plain text from clients to a server over TLS, in both directions, to the end', async () => {
    const server = await echo(authority);
    const started = await relay(server.port);
    const client = await connectTo(started.address);
    client.send('question');
    await client.text('question');
    client.end();
    await client.text('bye');
    assert.equal(await client.closed(), 'ended');
    assert.deepEqual(server.protocols, [false]);
    assert.equal(countersOf(started).tlsHandshakes, 1);
  });

  test('loses nothing to a server that reads slowly, and to a client that does', async () => {
    const bytes = randomBytes(16_000_000);
    const server = createTls({ ...credentialsOf('api'), allowHalfOpen: true } as never).listen(0, '127.0.0.1');
    const arrived = once(server, 'secureConnection');
    await once(server, 'listening');
    closing.push(() => server.close());
    const started = await relay((server.address() as { port: number }).port);
    const client = await connectTo(started.address);
    client.socket.pause();
    for (let at = 0; at < bytes.length; at += 1_000_003) client.send(bytes.subarray(at, at + 1_000_003));
    client.end();
    const [stream] = (await arrived) as [TLSSocket];
    await eventually('the way to be full', () => client.socket.writableLength > 0);
    stream.pipe(stream);
    client.socket.resume();
    const got = createHash('sha256')
      .update(await client.bytes(bytes.length))
      .digest('hex');
    assert.equal(got, createHash('sha256').update(bytes).digest('hex'));
    assert.equal(await client.closed(), 'ended');
  });

  test('sends nothing to a server with the wrong certificate', async () => {
    const server = await echo(stranger);
    const started = await relay(server.port);
    const client = await connectTo(started.address);
    client.send('question');
    await client.closed();
    assert.equal(server.heard(), '');
    assert.match(started.told[0]!, /TLS handshake with server db\/.* failed: .*an authority that is not trusted/);
    assert.equal(countersOf(started).tlsFailures, 1);
  });
});

describe('a site by https', { skip }, () => {
  test('is asked over TLS, by its own name', async () => {
    const behind = await startHttps(credentialsOf('local'), (request, response) => response.end(request.headers.host));
    const started = await start([], `serve site "https://127.0.0.1:${behind.port}"\n tls bridge ca "${CA}"`);
    assert.equal((await ask(started)).body.toString(), `127.0.0.1:${behind.port}`);
    const wary = await start([], `serve site "https://127.0.0.1:${behind.port}"`);
    assert.equal((await ask(wary)).status, 503);
  });
});

describe('other servers', { skip }, () => {
  test('openssl s_server is asked, and its session resumed', async () => {
    const port = await freePort();
    const files = ['-cert', authority.at('api.crt'), '-key', authority.at('api.key')];
    const server = new Program('openssl', ['s_server', '-accept', `127.0.0.1:${port}`, ...files, '-www']);
    closing.push(() => server.stop());
    await server.printed(/ACCEPT/);
    const started = await start([port], TRUSTING);
    assert.match((await ask(started)).body.toString(), /New, TLSv1\.3/);
    assert.match((await ask(started)).body.toString(), /Reused, TLSv1\.3/);
  });

  test('nginx with ssl is asked, over one connection', skipUnless('nginx'), async () => {
    const port = await freePort();
    const folder = temporaryFolder();
    writeFileSync(
      join(folder, 'nginx.conf'),
      `daemon off; master_process off; pid ${folder}/pid; error_log stderr;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${authority.at('api.crt')};
    ssl_certificate_key ${authority.at('api.key')};
    location / { return 200 "$ssl_protocol $ssl_server_name $connection_requests"; }
  }
}
`,
    );
    const server = new Program('nginx', ['-c', join(folder, 'nginx.conf'), '-e', 'stderr']);
    closing.push(() => server.stop());
    const started = await start([port], `${TRUSTING}\n retry 20 on connect-failure`);
    await eventually('nginx to listen', async () => (await ask(started)).status === 200);
    assert.match((await ask(started)).body.toString(), /^TLSv1\.[23] api\.internal [2-9]$/);
  });
});

/**
 * Real HTTP/2 clients through the gateway: bodies both ways, trailers, many streams, slow readers, WebSockets, reloads and drains.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders } from 'node:http2';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import { Authority, hasOpenssl } from '@sluice/plugin-kit/tls';
import { createGateway, type Gateway } from 'sluice';
import { type Address, connectTo, eventually, plainRules, skipUnless, temporaryFolder } from '../kit/index.ts';

const run = promisify(execFile);
const big = randomBytes(3_000_000);

let server: Server;
let to: Address;
let gateway: Gateway;
let at: Address;
let url: string;
const session: { open: ClientHttp2Session[] } = { open: [] };

before(async () => {
  server = createServer((request, response) => {
    if (request.url === '/big') return void response.end(big);
    if (request.url === '/trailers') {
      response.writeHead(200, { Trailer: 'X-After', 'Content-Type': 'text/plain' });
      response.write('body');
      response.addTrailers({ 'X-After': 'yes', 'Transfer-Encoding': 'never' });
      return void response.end();
    }
    if (request.url === '/break') {
      response.writeHead(200, { 'Content-Length': 100 });
      return void response.write('part', () => request.socket.destroy());
    }
    if (request.url === '/early') return void response.writeHead(200).end('enough');
    if (request.url === '/interim') response.writeEarlyHints({ link: '</a.css>; rel=preload' });
    const pieces: Buffer[] = [];
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', () => {
      response.setHeader('Connection', 'X-Hop, keep-alive');
      response.setHeader('X-Hop', 'one');
      response.setHeader('X-Seen', JSON.stringify({ ...request.headers, trailers: request.trailers }));
      response.setHeader('Set-Cookie', ['a=1', 'b=2']);
      response.end(request.method === 'POST' ? Buffer.concat(pieces) : `${request.method} ${request.url}`);
    });
  });
  server.on('upgrade', (request, socket) => {
    if (request.url === '/no') return void socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
    const protocol = `Sec-WebSocket-Protocol: ${request.headers['sec-websocket-protocol'] ?? 'none'}\r\n`;
    const key = request.headers['sec-websocket-key'];
    const proof = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    const accept =
      request.url === '/proofless' ? '' : `Sec-WebSocket-Accept: ${request.url === '/wrong' ? 'x' : proof}\r\n`;
    socket.write(`HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${accept}${protocol}\r\n`);
    socket.on('data', (piece: Buffer) => socket.write(piece.toString('latin1').toUpperCase()));
    socket.on('end', () => socket.end('bye'));
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  to = { host: '127.0.0.1', port: (server.address() as { port: number }).port };
  gateway = await createGateway({
    rules: plainRules([to], 'deny path under /denied'),
    threads: 0,
    logger: false,
  });
  await gateway.start();
  at = gateway.addresses().web as Address;
  url = `http://127.0.0.1:${at.port}`;
});
after(async () => {
  for (const each of session.open) each.destroy();
  await gateway?.stop({ deadline: '1s' });
  server?.closeAllConnections();
  server?.close();
});

function dial(to = url, options = {}): ClientHttp2Session {
  const own = connect(to, options);
  own.on('error', () => {});
  session.open.push(own);
  return own;
}

interface Got {
  readonly headers: IncomingHttpHeaders & { ':status'?: number | undefined };
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
}

async function read(stream: ClientHttp2Stream): Promise<Got> {
  let headers: Got['headers'] = {};
  let trailers: IncomingHttpHeaders = {};
  stream.on('response', (got) => (headers = got));
  stream.on('trailers', (got) => (trailers = got));
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece);
  return { headers, trailers, body: Buffer.concat(pieces) };
}

const seenBy = ({ headers }: Got) => JSON.parse(String(headers['x-seen']));

describe('node:http2', () => {
  test('a request and its answer, field by field', async () => {
    const own = dial();
    const got = await read(own.request({ ':path': '/a?b', cookie: ['c=1', 'd=2'], 'x-mixed': 'Value' }));
    assert.equal(got.headers[':status'], 200);
    assert.equal(String(got.body), 'GET /a?b');
    assert.deepEqual(got.headers['set-cookie'], ['a=1', 'b=2']);
    // What Connection names ends at this hop, and so does it.
    assert.equal(got.headers['x-hop'], undefined);
    assert.equal(got.headers.connection, undefined);
    const seen = seenBy(got);
    assert.equal(seen.cookie, 'c=1; d=2');
    assert.equal(seen['x-mixed'], 'Value');
    assert.equal(seen.host, `127.0.0.1:${at.port}`);
    assert.equal(seen['x-forwarded-proto'], 'http');
    own.close();
  });

  test('HEAD has no body, and the gateway’s own answers are its own', async () => {
    const own = dial();
    const head = await read(own.request({ ':method': 'HEAD', ':path': '/a' }));
    assert.equal(head.headers[':status'], 200);
    assert.equal(head.body.length, 0);
    const denied = await read(own.request({ ':path': '/denied' }));
    assert.equal(denied.headers[':status'], 403);
    assert.ok(denied.body.length > 0);
    own.close();
  });

  test('bodies of known and unknown length come through byte for byte, both ways', async () => {
    const own = dial();
    for (const fields of [{ 'content-length': big.length }, {}]) {
      const stream = own.request({ ':method': 'POST', ':path': '/echo', ...fields });
      stream.end(big);
      const got = await read(stream);
      assert.ok(got.body.equals(big));
      assert.equal(seenBy(got)['transfer-encoding'], 'content-length' in fields ? undefined : 'chunked');
    }
    assert.ok((await read(own.request({ ':path': '/big' }))).body.equals(big));
    own.close();
  });

  test('trailers come through both ways, without those that would frame', async () => {
    const own = dial();
    const got = await read(own.request({ ':path': '/trailers', te: 'trailers' }));
    assert.equal(String(got.body), 'body');
    assert.equal(got.trailers['x-after'], 'yes');
    assert.equal(got.trailers['transfer-encoding'], undefined);
    const stream = own.request({ ':method': 'POST', ':path': '/echo' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '42' }));
    stream.end('text');
    assert.deepEqual(seenBy(await read(stream)).trailers, { 'x-sum': '42' });
    own.close();
  });

  test('hints come before the answer', async () => {
    const own = dial();
    const stream = own.request({ ':path': '/interim' });
    const hint = once(stream, 'headers');
    const got = await read(stream);
    assert.equal((await hint)[0][':status'], 103);
    assert.equal(got.headers[':status'], 200);
    own.close();
  });

  test('a hundred streams at once, each with its own answer', async () => {
    const own = dial();
    const all = await Promise.all(
      Array.from({ length: 100 }, (_, index) => read(own.request({ ':path': `/${index}` }))),
    );
    assert.deepEqual(
      all.map(({ body }) => String(body)),
      all.map((_, index) => `GET /${index}`),
    );
    own.close();
  });

  test('a stream that is not read blocks no other, and continues when it is', async () => {
    const own = dial();
    const slow = own.request({ ':path': '/big' });
    slow.pause();
    await once(slow, 'response');
    assert.equal(String((await read(own.request({ ':path': '/quick' }))).body), 'GET /quick');
    assert.ok((await read(slow)).body.equals(big));
    own.close();
  });

  test('an answer that breaks off resets its stream, and no other', async () => {
    const own = dial();
    const broken = own.request({ ':path': '/break' });
    await assert.rejects(read(broken), /NGHTTP2_INTERNAL_ERROR/);
    assert.equal(String((await read(own.request({ ':path': '/next' }))).body), 'GET /next');
    own.close();
  });

  test('a response before the end of the request ends the stream, and the client is told to stop sending', async () => {
    const own = dial();
    const stream = own.request({ ':method': 'POST', ':path': '/early' });
    stream.write('more will come');
    stream.on('error', () => {});
    const got = await read(stream);
    assert.equal(String(got.body), 'enough');
    await eventually('the stream to be closed', () => stream.closed);
    assert.equal(stream.rstCode, 0);
    own.close();
  });

  test('a client that gives up on a request leaves nothing open', async () => {
    const own = dial();
    const stream = own.request({ ':method': 'POST', ':path': '/echo' });
    stream.on('error', () => {});
    stream.write('x');
    await eventually('the request to be open', () => gateway.stats().backends[0]!.servers[0]!.open === 1);
    stream.close(8);
    await eventually('nothing to be open', () => gateway.stats().backends[0]!.servers[0]!.open === 0);
    assert.equal(String((await read(own.request({ ':path': '/next' }))).body), 'GET /next');
    own.close();
  });
});

describe('WebSockets by RFC 8441', () => {
  const wanted = { ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/socket', 'sec-websocket-version': '13' };

  test('become an upgrade at the server, and bytes go both ways until each side has ended', async () => {
    const own = dial();
    await once(own, 'remoteSettings');
    const stream = own.request({ ...wanted, 'sec-websocket-protocol': 'chat' });
    const [headers] = await once(stream, 'response');
    assert.equal(headers[':status'], 200);
    assert.equal(headers['sec-websocket-protocol'], 'chat');
    assert.equal(headers['sec-websocket-accept'], undefined);
    stream.write('hello');
    assert.equal(String((await once(stream, 'data'))[0]), 'HELLO');
    stream.end();
    assert.equal(String((await once(stream, 'data'))[0]), 'bye');
    await once(stream, 'close');
    await eventually('nothing to be open', () => gateway.stats().backends[0]!.servers[0]!.open === 0);
    own.close();
  });

  for (const [what, path] of [
    ['a server that does not answer the key that it was sent', '/wrong'],
    ['a server that proves nothing', '/proofless'],
  ]) {
    test(`${what} is 502, and gets no bytes`, async () => {
      const own = dial();
      await once(own, 'remoteSettings');
      const stream = own.request({ ...wanted, ':path': path });
      const [headers] = await once(stream, 'response');
      assert.equal(headers[':status'], 502);
      stream.close();
      own.close();
      await eventually('nothing to be open', () => gateway.stats().backends[0]!.servers[0]!.open === 0);
    });
  }

  test('a key of the client’s own does not reach the server', async () => {
    const own = dial();
    await once(own, 'remoteSettings');
    const stream = own.request({ ...wanted, 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==' });
    const [headers] = await once(stream, 'response');
    assert.equal(headers[':status'], 200);
    stream.close();
    own.close();
  });

  test('over HTTP/1.1 the server’s proof is the client’s to check', async () => {
    const wire = await connectTo(at);
    const head =
      'GET /wrong HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: a\r\n\r\n';
    const answer = await wire.send(head).answer();
    assert.equal(answer.status, 101);
    assert.ok(answer.fields.some(([name, value]) => name.toLowerCase() === 'sec-websocket-accept' && value === 'x'));
    wire.destroy();
  });

  test('a server can refuse one', async () => {
    const own = dial();
    await once(own, 'remoteSettings');
    const stream = own.request({ ...wanted, ':path': '/no' });
    const [headers] = await once(stream, 'response');
    assert.equal(headers[':status'], 403);
    stream.close();
    own.close();
  });
});

describe('a reload, and a stop', () => {
  test('streams end on the rules that they began with; new ones get the new rules on the same connection', async () => {
    const rules = (more: string) => plainRules([to], more);
    const own = await createGateway({ rules: rules(''), threads: 2, logger: false });
    await own.start();
    const client = dial(`http://127.0.0.1:${(own.addresses().web as Address).port}`);
    const long = client.request({ ':method': 'POST', ':path': '/echo' });
    long.write('one ');
    await eventually('the request to be open', () => own.stats().backends[0]!.servers[0]!.open === 1);
    await own.reload({ rules: rules('deny 404 when path is /gone') });
    assert.equal((await read(client.request({ ':path': '/gone' }))).headers[':status'], 404);
    const away = once(client, 'goaway');
    const stopped = own.stop({ deadline: '10s' });
    await away;
    long.end('two');
    assert.equal(String((await read(long)).body), 'one two');
    assert.deepEqual(await stopped, { cut: 0 });
  });
});

describe('other clients', () => {
  test('curl, by prior knowledge', skipUnless('curl'), async () => {
    const args = ['-s', '--noproxy', '*', '--http2-prior-knowledge', '-w', ' %{http_version} %{http_code}'];
    assert.equal((await run('curl', [...args, `${url}/x`])).stdout, 'GET /x 2 200');
  });

  test('nghttp, with priorities', skipUnless('nghttp'), async () => {
    const { stdout } = await run('nghttp', ['--stat', `${url}/x`, `${url}/y`]);
    assert.match(stdout, /GET \/x/);
    assert.match(stdout, /GET \/y/);
  });

  test('h2load: every request is answered', skipUnless('h2load'), async () => {
    const { stdout } = await run('h2load', ['-n', '2000', '-c', '5', '-m', '20', `${url}/x`]);
    assert.match(stdout, /2000 succeeded, 0 failed, 0 errored, 0 timeout/);
    assert.equal(gateway.stats().backends[0]!.servers[0]!.open, 0);
  });
});

describe('over TLS', { skip: hasOpenssl ? false : 'openssl not installed' }, () => {
  const authority = new Authority(temporaryFolder());
  let own: Gateway;
  let tls: string;

  before(async () => {
    authority.issue('site', ['site.test']);
    own = await createGateway({
      rules: plainRules([to], `tls terminate cert "${authority.at('site.pem')}"`),
      threads: 2,
      logger: false,
    });
    await own.start();
    tls = `https://127.0.0.1:${(own.addresses().web as Address).port}`;
  });
  after(async () => void (await own?.stop({ deadline: '1s' })));

  test('the client chooses by ALPN, and the server is told that it was https', async () => {
    const client = dial(tls, { ca: authority.read('root.crt'), servername: 'site.test' });
    const got = await read(client.request({ ':path': '/a' }));
    assert.equal(client.alpnProtocol, 'h2');
    assert.equal(seenBy(got)['x-forwarded-proto'], 'https');
    client.close();
  });

  test('curl gets HTTP/2 or HTTP/1.1, as it likes', skipUnless('curl'), async () => {
    for (const [version, wanted] of [
      ['--http2', '2'],
      ['--http1.1', '1.1'],
    ] as const) {
      const args = ['-sk', '--noproxy', '*', version, '-w', ' %{http_version} %{http_code}', `${tls}/x`];
      assert.equal((await run('curl', args)).stdout, `GET /x ${wanted} 200`);
    }
  });

  test('large bodies come through byte for byte', async () => {
    const client = dial(tls, { ca: authority.read('root.crt'), servername: 'site.test' });
    const stream = client.request({ ':method': 'POST', ':path': '/echo' });
    stream.end(big);
    assert.ok((await read(stream)).body.equals(big));
    client.close();
  });
});

describe('`protocol http1`', () => {
  test('by prior knowledge, HTTP/2 is a bad request', async () => {
    const one = await createGateway({ rules: plainRules([to], 'protocol http1'), threads: 0, logger: false });
    await one.start();
    const { port } = one.addresses().web as { port: number };
    try {
      const client = await connectTo({ host: '127.0.0.1', port });
      client.send('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0');
      assert.equal((await client.answer()).status, 400);
      assert.equal(await client.closed(), 'ended');
      const plain = await connectTo({ host: '127.0.0.1', port });
      assert.equal((await plain.send('GET /a HTTP/1.1\r\nHost: a\r\n\r\n').answer()).status, 200);
      plain.destroy();
    } finally {
      await one.stop({ deadline: '1s' });
    }
  });

  test('over TLS, HTTP/2 is not offered', { skip: hasOpenssl ? false : 'openssl not installed' }, async () => {
    const authority = new Authority(temporaryFolder());
    const pem = authority.issue('site', ['site.test']);
    const rules = plainRules([to], `tls terminate cert "${pem}"; protocol http1`);
    const one = await createGateway({ rules, threads: 0, logger: false });
    await one.start();
    const { port } = one.addresses().web as { port: number };
    const agreed = async (protocols: string[]): Promise<string | false | null> => {
      const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: protocols });
      await once(socket, 'secureConnect');
      const { alpnProtocol } = socket;
      socket.destroy();
      return alpnProtocol;
    };
    try {
      assert.equal(await agreed(['h2', 'http/1.1']), 'http/1.1');
      await assert.rejects(agreed(['h2']), /no application protocol/);
    } finally {
      await one.stop({ deadline: '1s' });
    }
  });
});

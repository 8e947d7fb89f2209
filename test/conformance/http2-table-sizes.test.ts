/**
 * Peers whose HPACK tables are smaller than usual (SETTINGS_HEADER_TABLE_SIZE, RFC 9113 section 6.5.2): real clients and real servers, whose
 * decoders end the connection unless a field block says that the table has become smaller.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import {
  type ClientHttp2Session,
  connect,
  createServer,
  type Http2Server,
  type ServerHttp2Stream,
  type Settings,
} from 'node:http2';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import {
  type Address,
  connectTo,
  FLAG,
  FRAME,
  Http2Wire,
  plainRules,
  RawServer,
  setting,
  skipUnless,
  startGateway,
} from '../kit/index.ts';

const run = promisify(execFile);
const HEADER_TABLE_SIZE = 1;
const SIZES = [0, 1, 31, 64, 100, 4095, 4096, 65_536];

describe('clients', () => {
  let server: RawServer;
  let gateway: Awaited<ReturnType<typeof startGateway>>;
  let url: string;

  before(async () => {
    server = await RawServer.start();
    gateway = await startGateway(plainRules([server.address]));
    url = `http://127.0.0.1:${gateway.address.port}`;
  });
  after(async () => {
    await gateway?.stop();
    await server?.stop();
  });

  async function get(session: ClientHttp2Session, path: string): Promise<string> {
    const request = session.request({ ':path': path });
    let body = '';
    request.setEncoding('latin1').on('data', (piece) => {
      body += piece;
    });
    await once(request, 'end');
    return body;
  }

  for (const size of SIZES) {
    test(`node:http2 with a table of ${size} bytes is answered, time and again`, async () => {
      const session = connect(url, { settings: { headerTableSize: size } });
      for (const path of ['/a', '/b', '/c']) assert.equal(await get(session, path), path);
      session.destroy();
    });
  }

  test('node:http2 may change its table between requests, and several times between two of them', async () => {
    const session = connect(url);
    const change = (settings: Settings) => new Promise<void>((resolve) => session.settings(settings, () => resolve()));
    assert.equal(await get(session, '/first'), '/first');
    for (const sizes of [[0], [4096], [100, 0, 2000], [50, 4096], [0, 4096], [65_536], [10]]) {
      await Promise.all(sizes.map((headerTableSize) => change({ headerTableSize })));
      for (const path of [`/${sizes}`, '/again']) assert.equal(await get(session, path), path);
    }
    session.destroy();
  });

  for (const size of [0, 64, 65_536]) {
    test(`nghttp -c ${size} is answered`, skipUnless('nghttp'), async () => {
      const { stdout } = await run('nghttp', ['-c', String(size), '-v', `${url}/one`, `${url}/two`]);
      assert.equal(stdout.match(/:status: 200/g)?.length, 2, stdout);
      assert.match(stdout, /error_code=NO_ERROR/);
    });
  }

  test('curl, whose table is as large as any, is answered', skipUnless('curl'), async () => {
    const { stdout } = await run('curl', ['-s', '--http2-prior-knowledge', `${url}/one`]);
    assert.equal(stdout, '/one');
  });

  test('the first block after the settings begins with the update, the next one with none', async () => {
    const wire = new Http2Wire(await connectTo(gateway.address)).greet(
      Buffer.concat([setting(HEADER_TABLE_SIZE, 0), setting(HEADER_TABLE_SIZE, 200)]),
    );
    const block = async (stream: number) => {
      wire.ask(stream);
      const head = await wire.until(({ type }) => type === FRAME.HEADERS);
      assert.equal(head.stream, stream);
      assert.ok((head.flags & FLAG.END_HEADERS) !== 0);
      return head.payload;
    };
    // 0x20: a table of nothing; 0x3f 0xa9 0x01: one of 200; 0x88: status 200.
    assert.equal((await block(1)).toString('latin1', 0, 5), '\x20\x3f\xa9\x01\x88');
    assert.equal((await block(3))[0], 0x88);
    wire.wire.destroy();
  });
});

describe('servers', () => {
  let server: Http2Server;
  let to: Address;
  let settings: Settings = {};
  const open = new Set<{ destroy(): void }>();

  before(async () => {
    server = createServer();
    server.on('session', (session) => {
      open.add(session);
      session.on('error', () => {});
      session.settings(settings);
    });
    server.on('stream', (stream: ServerHttp2Stream, headers) => {
      stream.on('error', () => {});
      stream.respond({ ':status': 200, 'x-path': headers[':path'] });
      stream.end(String(headers['x-own'] ?? ''));
      // Each request finds another table.
      const size = Number(headers['x-next'] ?? -1);
      if (size >= 0) stream.session?.settings({ headerTableSize: size });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    to = { host: '127.0.0.1', port: (server.address() as { port: number }).port };
  });
  after(() => {
    for (const each of open) each.destroy();
    server?.close();
  });

  for (const size of SIZES) {
    test(`a node server with a table of ${size} bytes is asked, time and again`, async () => {
      settings = { headerTableSize: size };
      const { address, stop } = await startGateway(plainRules([to], '', 'protocol http2'));
      const wire = await connectTo(address);
      for (const path of ['/a', '/b', '/c']) {
        const { status, body } = await wire.send(`GET ${path} HTTP/1.1\r\nHost: a\r\nX-Own: ${path}\r\n\r\n`).answer();
        assert.equal(status, 200);
        assert.equal(body.toString(), path);
      }
      wire.destroy();
      await stop();
    });
  }

  test('a server may change its table on a connection that is in use', async () => {
    settings = {};
    const { address, stop, gateway } = await startGateway(plainRules([to], '', 'protocol http2'));
    const wire = await connectTo(address);
    for (const size of [0, 4096, 10, 0, 300, 65_536, 1]) {
      const { status } = await wire.send(`GET / HTTP/1.1\r\nHost: a\r\nX-Next: ${size}\r\n\r\n`).answer();
      assert.equal(status, 200);
    }
    wire.destroy();
    assert.equal(gateway.stats().backends[0]!.servers[0]!.counters.badAnswers, 0);
    await stop();
  });
});

/**
 * One connection speaks one protocol: over TLS the one that ALPN chose (RFC 9113 section 3.2), without TLS the one that the client's first bytes are of.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { connect } from 'node:tls';
import { Authority, hasOpenssl } from '@sluice/plugin-kit/tls';
import {
  connectTo,
  ERROR,
  FRAME,
  fieldBlock,
  frame,
  GET,
  Http2Wire,
  plainRules,
  RawServer,
  startGateway,
  temporaryFolder,
  Wire,
} from '../kit/index.ts';

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const GET_TEXT = 'GET /text HTTP/1.1\r\nHost: site.test\r\n\r\n';
const START = Buffer.concat([
  Buffer.from(PREFACE),
  frame(FRAME.SETTINGS, 0, 0),
  frame(FRAME.HEADERS, 5, 1, fieldBlock(GET)),
]);

let server: RawServer;
let gateway: Awaited<ReturnType<typeof startGateway>>;

const badRequests = () => gateway.gateway.stats().listeners[0]!.counters.badRequests;

describe('over TLS', { skip: hasOpenssl ? false : 'openssl not installed' }, () => {
  const authority = new Authority(temporaryFolder());

  before(async () => {
    server = await RawServer.start();
    authority.issue('site', ['site.test']);
    const lines = `tls terminate cert "${authority.at('site.pem')}"\n timeout header 300ms`;
    gateway = await startGateway(plainRules([server.address], lines));
  });
  after(async () => {
    await gateway?.stop();
    await server?.stop();
  });

  async function open(...protocols: string[]): Promise<Wire> {
    const offered = protocols.length === 0 ? {} : { ALPNProtocols: protocols };
    const socket = connect({ ...gateway.address, ca: authority.read('root.crt'), servername: 'site.test', ...offered });
    await once(socket, 'secureConnect');
    assert.equal(socket.alpnProtocol, protocols[0] ?? false);
    return new Wire(socket);
  }

  for (const [what, text] of [
    ['a request of HTTP/1.1', GET_TEXT],
    ['a request that begins like the preface', 'PRI /text HTTP/1.1\r\nHost: site.test\r\n\r\n'],
    ['a preface behind an empty line', `\r\n${START.toString('latin1')}`],
    ['a preface with another end', `${PREFACE.slice(0, -1)}x`],
    ['one wrong byte', 'X'],
    ['rubbish', '\0\x01\x02'],
  ] as const) {
    test(`${what} is an error of a connection for which ALPN chose h2`, async () => {
      server.play();
      const before = badRequests();
      const wire = await open('h2', 'http/1.1');
      const http2 = new Http2Wire(wire.send(text));
      assert.equal(await http2.goneWith(), ERROR.PROTOCOL_ERROR);
      assert.doesNotMatch(wire.received.toString('latin1'), /HTTP\/1/);
      assert.equal(server.received, '');
      assert.equal(badRequests(), before + 1);
    });
  }

  test('a preface that comes byte by byte begins HTTP/2', async () => {
    const wire = await open('h2');
    await wire.sendInPieces(START);
    assert.equal(await new Http2Wire(wire).status(1), 200);
    wire.destroy();
  });

  test('a preface that does not end in time ends the connection without a word of HTTP/1.1', async () => {
    const wire = await open('h2');
    await wire.send(PREFACE.slice(0, 10)).closed();
    assert.equal(wire.received.toString('latin1'), '');
  });

  for (const protocols of [['http/1.1'], []] as const) {
    const chosen = protocols[0] ?? 'nothing';
    test(`the preface is no request where ALPN chose ${chosen}`, async () => {
      server.play();
      const wire = await open(...protocols);
      const { status } = await wire.send(START).answer();
      assert.ok(status === 400 || status === 505, `${status}`);
      await wire.closed();
      assert.equal(server.received, '');
    });

    test(`HTTP/1.1 is spoken where ALPN chose ${chosen}`, async () => {
      const wire = await open(...protocols);
      assert.equal((await wire.send(GET_TEXT).answer()).body.toString(), '/text');
      assert.equal((await wire.send(GET_TEXT).answer()).body.toString(), '/text');
      wire.destroy();
    });
  }
});

describe('without TLS', () => {
  before(async () => {
    server = await RawServer.start();
    gateway = await startGateway(plainRules([server.address]));
  });
  after(async () => {
    await gateway?.stop();
    await server?.stop();
  });

  for (const line of ['INVALID CONNECTION PREFACE', 'PRI X HTTQ/2.0', 'MAIL FROM a@b']) {
    test(`${line}: bytes that are no version of HTTP are closed without a response`, async () => {
      const before = badRequests();
      const wire = await connectTo(gateway.address);
      assert.equal(await wire.send(`${line}\r\n\r\n`).closed(), 'ended');
      assert.equal(wire.received.length, 0);
      assert.equal(badRequests(), before + 1);
      wire.destroy();
    });
  }

  for (const line of ['GET x HTTP/1.1', 'GET / ICY/1.0', 'PRI / HTTP/2.0', 'GET x y', 'rubbish']) {
    test(`${line}: an HTTP/1.1 client gets an error response`, async () => {
      const wire = await connectTo(gateway.address);
      const { status } = await wire.send(`${line}\r\nHost: a\r\n\r\n`).answer();
      assert.ok(status >= 400, `${status}`);
      wire.destroy();
    });
  }

  test('after an HTTP/1.1 request, a preface is not a request', async () => {
    const wire = await connectTo(gateway.address);
    assert.equal((await wire.send(GET_TEXT).answer()).status, 200);
    const { status } = await wire.send(START).answer();
    assert.ok(status >= 400, `${status}`);
    await wire.closed();
  });
});

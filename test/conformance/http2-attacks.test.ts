/**
 * What a hostile HTTP/2 client does, frame by frame: each has an answer of its own, the server behind never sees a byte that could
 * mean something else, and the gateway goes on.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import {
  connectTo,
  ERROR,
  eventually,
  FLAG,
  FRAME,
  fieldBlock,
  frame,
  GET,
  Http2Wire,
  type Pairs,
  plainRules,
  RawServer,
  setting,
  startGateway,
  uint32,
} from '../kit/index.ts';

let server: RawServer;
let gateway: Awaited<ReturnType<typeof startGateway>>;

before(async () => {
  server = await RawServer.start();
  gateway = await startGateway(plainRules([server.address], 'body at most 1MiB'));
});
after(async () => {
  await gateway?.stop();
  await server?.stop();
});
afterEach(async () => {
  server.play();
  for (const each of opened.splice(0)) each.wire.destroy();
  // Whatever was done: somebody else is served, and nothing stays open.
  const other = await open();
  assert.equal(await other.ask(1).status(1), 200);
  other.wire.destroy();
  await eventually('everything to be closed', () => gateway.gateway.stats().listeners[0]!.openConnections === 0);
  const { servers } = gateway.gateway.stats().backends[0]!;
  assert.deepEqual(
    servers.map(({ open }) => open),
    [0],
  );
});

const opened: Http2Wire[] = [];

async function open(settings?: Buffer): Promise<Http2Wire> {
  const wire = new Http2Wire(await connectTo(gateway.address)).greet(settings);
  opened.push(wire);
  return wire;
}

const end = FLAG.END_HEADERS | FLAG.END_STREAM;

/** What ends the whole connection, and with which error. */
const CONNECTION_ERRORS: Readonly<Record<string, readonly [error: number, act: (wire: Http2Wire) => unknown]>> = {
  'a frame before the settings': [ERROR.PROTOCOL_ERROR, () => {}],
  'a frame over the limit': [ERROR.FRAME_SIZE_ERROR, (wire) => wire.frame(FRAME.DATA, 0, 1, [], 16_385)],
  'HEADERS on stream 0': [ERROR.PROTOCOL_ERROR, (wire) => wire.ask(0)],
  'HEADERS on an even stream': [ERROR.PROTOCOL_ERROR, (wire) => wire.ask(2)],
  'HEADERS with more padding than bytes': [
    ERROR.PROTOCOL_ERROR,
    (wire) => wire.frame(FRAME.HEADERS, end | FLAG.PADDED, 1, [200, 0x82]),
  ],
  'DATA on a stream that was never opened': [ERROR.PROTOCOL_ERROR, (wire) => wire.frame(FRAME.DATA, 0, 1, 'x')],
  'DATA on stream 0': [ERROR.PROTOCOL_ERROR, (wire) => wire.frame(FRAME.DATA, 0, 0, 'x')],
  'RST_STREAM of a stream that was never opened': [
    ERROR.PROTOCOL_ERROR,
    (wire) => wire.frame(FRAME.RST_STREAM, 0, 1, uint32(8)),
  ],
  'RST_STREAM of another length': [ERROR.FRAME_SIZE_ERROR, (wire) => wire.frame(FRAME.RST_STREAM, 0, 1, [0])],
  'settings of another length': [ERROR.FRAME_SIZE_ERROR, (wire) => wire.frame(FRAME.SETTINGS, 0, 0, [0, 1, 2])],
  'settings on a stream': [ERROR.PROTOCOL_ERROR, (wire) => wire.frame(FRAME.SETTINGS, 0, 1)],
  'an acknowledgement with content': [
    ERROR.FRAME_SIZE_ERROR,
    (wire) => wire.frame(FRAME.SETTINGS, FLAG.ACK, 0, setting(3, 1)),
  ],
  'a window over the limit in settings': [
    ERROR.FLOW_CONTROL_ERROR,
    (wire) => wire.frame(FRAME.SETTINGS, 0, 0, setting(4, 0x80000000)),
  ],
  'a frame size below the limit in settings': [
    ERROR.PROTOCOL_ERROR,
    (wire) => wire.frame(FRAME.SETTINGS, 0, 0, setting(5, 100)),
  ],
  'a ping of another length': [ERROR.FRAME_SIZE_ERROR, (wire) => wire.frame(FRAME.PING, 0, 0, [1])],
  'a ping on a stream': [ERROR.PROTOCOL_ERROR, (wire) => wire.frame(FRAME.PING, 0, 1, Buffer.alloc(8))],
  'a promise': [ERROR.PROTOCOL_ERROR, (wire) => wire.frame(FRAME.PUSH_PROMISE, FLAG.END_HEADERS, 1, uint32(2))],
  'a priority of another length': [ERROR.FRAME_SIZE_ERROR, (wire) => wire.frame(FRAME.PRIORITY, 0, 1, [0])],
  'a window opened by nothing': [ERROR.PROTOCOL_ERROR, (wire) => wire.frame(FRAME.WINDOW_UPDATE, 0, 0, uint32(0))],
  'a window opened too far': [
    ERROR.FLOW_CONTROL_ERROR,
    (wire) => wire.frame(FRAME.WINDOW_UPDATE, 0, 0, uint32(0x7fffffff)),
  ],
  'a continuation of nothing': [
    ERROR.PROTOCOL_ERROR,
    (wire) => wire.frame(FRAME.CONTINUATION, FLAG.END_HEADERS, 1, fieldBlock(GET)),
  ],
  'another frame within a field block': [
    ERROR.PROTOCOL_ERROR,
    (wire) => wire.frame(FRAME.HEADERS, 0, 1, fieldBlock(GET)).frame(FRAME.PING, 0, 0, Buffer.alloc(8)),
  ],
  'a field block that is none': [ERROR.COMPRESSION_ERROR, (wire) => wire.frame(FRAME.HEADERS, end, 1, [0x80])],
  'a flood of pings': [ERROR.ENHANCE_YOUR_CALM, (wire) => flood(wire, frame(FRAME.PING, 0, 0, Buffer.alloc(8)))],
  'a flood of settings': [ERROR.ENHANCE_YOUR_CALM, (wire) => flood(wire, frame(FRAME.SETTINGS, 0, 0))],
  'a flood of priorities': [
    ERROR.ENHANCE_YOUR_CALM,
    (wire) => flood(wire, frame(FRAME.PRIORITY, 0, 1, Buffer.alloc(5))),
  ],
  'a flood of unknown frames': [ERROR.ENHANCE_YOUR_CALM, (wire) => flood(wire, frame(99, 0, 0, 'x'))],
  'a flood of window updates': [
    ERROR.ENHANCE_YOUR_CALM,
    (wire) => flood(wire, frame(FRAME.WINDOW_UPDATE, 0, 0, uint32(1))),
  ],
  'a flood of continuations': [
    ERROR.ENHANCE_YOUR_CALM,
    (wire) => flood(wire.frame(FRAME.HEADERS, 0, 1), frame(FRAME.CONTINUATION, 0, 1), 100),
  ],
  'a field block without an end': [
    ERROR.ENHANCE_YOUR_CALM,
    (wire) => flood(wire.frame(FRAME.HEADERS, 0, 1), frame(FRAME.CONTINUATION, 0, 1, Buffer.alloc(16_000)), 8),
  ],
};

function flood(wire: Http2Wire, bytes: Buffer, count = 5000): void {
  wire.wire.send(Buffer.concat(Array.from({ length: count }, () => bytes)));
}

for (const [what, [error, act]] of Object.entries(CONNECTION_ERRORS)) {
  test(`${what} ends the connection`, async () => {
    let wire: Http2Wire;
    if (what === 'a frame before the settings') {
      wire = new Http2Wire(await connectTo(gateway.address));
      opened.push(wire);
      wire.wire.send(
        Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(FRAME.PING, 0, 0, Buffer.alloc(8))]),
      );
    } else {
      wire = await open();
      act(wire);
    }
    assert.equal(await wire.goneWith(), error);
  });
}

test('more DATA than the window allows ends the connection', async () => {
  server.play(async (wire) => {
    await wire.request();
  });
  const { address, stop } = await startGateway(plainRules([server.address], '', 'max 1'));
  const wire = new Http2Wire(await connectTo(address)).greet();
  // The second request waits for the server, and what it brings is held.
  wire.ask(1).ask(3, replaced(':method', 'POST'), false);
  for (let at = 0; at < 17; at++) wire.frame(FRAME.DATA, 0, 3, Buffer.alloc(16_384));
  assert.equal(await wire.goneWith(), ERROR.FLOW_CONTROL_ERROR);
  wire.wire.destroy();
  await stop();
});

/** GET with one field another. */
const replaced = (name: string, value: string): Pairs => GET.map((pair) => (pair[0] === name ? [name, value] : pair));

/** What the server gets of a good request, and nothing else. */
const GOOD =
  'GET / HTTP/1.1\r\nhost: a.test\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\n' +
  'X-Forwarded-Host: a.test\r\nForwarded: for=127.0.0.1;host=a.test;proto=http\r\n\r\n';

/** What would be another request behind a careless gateway: 400, and the server sees nothing. */
const SMUGGLING: Readonly<Record<string, Pairs>> = {
  'a line end in a value': [...GET, ['x-a', 'b\r\ntransfer-encoding: chunked']],
  'a bare LF in a value': [...GET, ['x-a', 'b\nx-c: d']],
  'NUL in a value': [...GET, ['x-a', 'b\0c']],
  'a line end in a name': [...GET, ['x-a: b\r\nx-c', 'd']],
  'a colon in a name': [...GET, ['x-a: b', 'c']],
  'a blank in a name': [...GET, ['x a', 'b']],
  'capitals in a name': [...GET, ['X-A', 'b']],
  'transfer-encoding': [...GET, ['transfer-encoding', 'chunked']],
  'a connection field': [...GET, ['connection', 'keep-alive, x-a']],
  'an upgrade': [...GET, ['upgrade', 'websocket']],
  'te that is not trailers': [...GET, ['te', 'chunked']],
  'two lengths': [...GET, ['content-length', '0'], ['content-length', '5']],
  'a length that is none': [...GET, ['content-length', '+5']],
  'a blank in the path': replaced(':path', '/ HTTP/1.1'),
  'a line end in the path': replaced(':path', '/ HTTP/1.1\r\nhost: b\r\n\r\nGET /b'),
  'an address for a path': replaced(':path', 'http://b.test/'),
  'a path without a slash': replaced(':path', 'x'),
  'a line end in the method': replaced(':method', 'GET / HTTP/1.1\r\nx: y\r\n\r\nGET'),
  'a line end in the authority': replaced(':authority', 'a.test\r\nx-c: d'),
  'an authority with a user': replaced(':authority', 'user@a.test'),
  'no authority and no host': GET.filter(([name]) => name !== ':authority'),
  'a host that is another': [...GET, ['host', 'b.test']],
  'two paths': [...GET, [':path', '/b']],
  'a pseudo-field behind others': [['x-a', 'b'], ...GET],
  'a pseudo-field of answers': [...GET, [':status', '200']],
  'a length, and no body': [...GET, ['content-length', '5']],
  'a bare CR in a value': [...GET, ['x-a', 'b\rc']],
  'DEL in a value': [...GET, ['x-a', 'b\x7fc']],
  'a blank before a value': [...GET, ['x-a', ' b']],
  'a blank behind a value': [...GET, ['x-a', 'b\t']],
  'a line end in a cookie': [...GET, ['cookie', 'a=b\r\nx-c: d']],
  'a line end in the host': [...GET, ['host', 'a.test\r\nx-c: d']],
  'an empty name': [...GET, ['', 'b']],
  'a byte over 127 in a name': [...GET, ['x-\xe9', 'b']],
  'proxy-connection': [...GET, ['proxy-connection', 'keep-alive']],
  'keep-alive': [...GET, ['keep-alive', 'timeout=5']],
  'transfer-encoding behind a length': [...GET, ['content-length', '0'], ['transfer-encoding', 'identity']],
  'a list of lengths': [...GET, ['content-length', '5, 5']],
  'a length below nothing': [...GET, ['content-length', '-1']],
  'a length in other digits': [...GET, ['content-length', '0x0']],
  'a length that is too large for a number': [...GET, ['content-length', '99999999999999999999']],
  'the same length twice': [...GET, ['content-length', '0'], ['content-length', '0']],
  'a fragment in the path': replaced(':path', '/a#b'),
  'a tab in the path': replaced(':path', '/a\tb'),
  'a byte over 127 in the path': replaced(':path', '/\xe9'),
  'an asterisk that is no OPTIONS': replaced(':path', '*'),
  'an empty path': replaced(':path', ''),
  'no path': GET.filter(([name]) => name !== ':path'),
  'no method': GET.filter(([name]) => name !== ':method'),
  'an empty method': replaced(':method', ''),
  'two methods': [[':method', 'POST'], ...GET],
  'no scheme': GET.filter(([name]) => name !== ':scheme'),
  'another scheme': replaced(':scheme', 'ftp'),
  'a scheme with a line end': replaced(':scheme', 'http\r\nx: y'),
  'two schemes': [[':scheme', 'https'], ...GET],
  'two authorities': [[':authority', 'b.test'], ...GET],
  'an empty authority': replaced(':authority', ''),
  'an authority with a path': replaced(':authority', 'a.test/b'),
  'two hosts': [...GET, ['host', 'a.test'], ['host', 'a.test']],
  'a host with another port': [...GET, ['host', 'a.test:81']],
  'a pseudo-field that nobody knows': [...GET, [':x', 'y']],
  'a pseudo-field in capitals': [[':Path', '/b'], ...GET],
  'a protocol without CONNECT': [[':protocol', 'websocket'], ...GET],
  'CONNECT with a length': [
    [':method', 'CONNECT'],
    [':protocol', 'websocket'],
    ...GET.slice(1),
    ['content-length', '0'],
  ],
};

for (const [what, fields] of Object.entries(SMUGGLING)) {
  test(`${what} is answered 400, and the server sees nothing`, async () => {
    const wire = await open();
    assert.equal(await wire.ask(1, fields).status(1), 400);
    // The connection is none the worse for it.
    assert.equal(await wire.ask(3).status(3), 200);
    assert.equal(server.received.replaceAll(GOOD, ''), '');
    wire.wire.destroy();
  });
}

test('TRACE and CONNECT are not allowed', async () => {
  const wire = await open();
  assert.equal(await wire.ask(1, replaced(':method', 'TRACE')).status(1), 405);
  assert.equal(
    await wire
      .ask(3, [
        [':method', 'CONNECT'],
        [':authority', 'b.test:22'],
      ])
      .status(3),
    405,
  );
  assert.equal(server.received.replaceAll(GOOD, ''), '');
  wire.wire.destroy();
});

test('a field list over the limit is 431, however small its block is', async () => {
  const wire = await open();
  const large = [...GET, ...Array.from({ length: 500 }, (_, at) => [`x-${at}`, 'v'] as const)];
  assert.equal(await wire.ask(1, large).status(1), 431);
  // One field that the table remembers, four thousand times: a byte each.
  const named = Buffer.concat([
    Buffer.from([0x40]),
    Buffer.from('\x03x-b\x7f\xa1\x1e', 'latin1'),
    Buffer.alloc(4000, 'v'),
  ]);
  wire.frame(FRAME.HEADERS, end, 3, Buffer.concat([fieldBlock(GET), named]));
  const bomb = Buffer.concat([fieldBlock(GET), Buffer.alloc(4000, 0xbe)]);
  assert.equal(await wire.frame(FRAME.HEADERS, end, 5, bomb).status(5), 431);
  wire.wire.destroy();
});

test('a body that is not as long as it said is 400, and the server’s connection is not used again', async () => {
  const post = [...replaced(':method', 'POST'), ['content-length', '5']] as const;
  const wire = await open();
  wire.ask(1, post, false).frame(FRAME.DATA, FLAG.END_STREAM, 1, 'four');
  assert.equal(await wire.status(1), 400);
  wire.ask(3, post, false).frame(FRAME.DATA, FLAG.END_STREAM, 3, 'sixsix');
  assert.equal(await wire.status(3), 400);
  assert.equal(await wire.ask(5).status(5), 200);
  for (const { received } of server.wires) assert.doesNotMatch(received.toString('latin1'), /POST[\s\S]*GET/);
  wire.wire.destroy();
});

test('a body over the limit is 413, by its length or by its bytes', async () => {
  const post = replaced(':method', 'POST');
  const wire = await open();
  wire.ask(1, [...post, ['content-length', '9999999']], false);
  assert.equal(await wire.status(1), 413);
  const late = await open();
  late.ask(1, post, false);
  const sending = (async () => {
    for (let at = 0; at < 80; at++) {
      late.frame(FRAME.DATA, 0, 1, Buffer.alloc(16_000));
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  assert.equal(await late.status(1), 413);
  await sending;
  for (const each of [wire, late]) each.wire.destroy();
});

test('trailers with a pseudo-field, or without an end, reset their stream', async () => {
  const post = replaced(':method', 'POST');
  const wire = await open();
  wire.ask(1, post, false).frame(FRAME.HEADERS, end, 1, fieldBlock([[':path', '/']]));
  assert.equal(await wire.resetWith(1), ERROR.PROTOCOL_ERROR);
  wire.ask(3, post, false).frame(FRAME.HEADERS, FLAG.END_HEADERS, 3, fieldBlock([['x-a', 'b']]));
  assert.equal(await wire.resetWith(3), ERROR.PROTOCOL_ERROR);
  wire.wire.destroy();
});

test('a window that is opened by nothing, or too far, resets its stream', async () => {
  server.play(async (wire) => {
    await wire.request();
  });
  const wire = await open();
  wire.ask(1).frame(FRAME.WINDOW_UPDATE, 0, 1, uint32(0));
  assert.equal(await wire.resetWith(1), ERROR.PROTOCOL_ERROR);
  wire.ask(3).frame(FRAME.WINDOW_UPDATE, 0, 3, uint32(0x7fffffff));
  assert.equal(await wire.resetWith(3), ERROR.FLOW_CONTROL_ERROR);
  wire.wire.destroy();
});

test('a preface and frames sent byte by byte are read', async () => {
  const wire = await connectTo(gateway.address);
  const bytes = Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    frame(FRAME.SETTINGS, 0, 0),
    frame(
      FRAME.HEADERS,
      FLAG.END_STREAM | FLAG.PADDED,
      1,
      Buffer.concat([Buffer.from([2]), fieldBlock(GET).subarray(0, 9), Buffer.alloc(2)]),
    ),
    frame(FRAME.CONTINUATION, FLAG.END_HEADERS, 1, fieldBlock(GET).subarray(9)),
  ]);
  await wire.sendInPieces(bytes);
  assert.equal(await new Http2Wire(wire).status(1), 200);
  wire.destroy();
});

test('what only begins like a preface is HTTP/1 that is refused', async () => {
  for (const bytes of ['PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n', 'PRI / HTTP/2.0\r\n\r\n']) {
    const wire = await connectTo(gateway.address);
    assert.equal((await wire.send(bytes).answer()).status, 400);
    wire.destroy();
  }
  // Nor is there a change of protocol between two requests.
  const wire = await connectTo(gateway.address);
  wire.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.equal((await wire.answer()).status, 200);
  assert.equal((await wire.send('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n').answer()).status, 400);
  wire.destroy();
});

// Last, as connections that the gateway gave up may reach the server late.

test('requests that are opened only to be reset end the connection (rapid reset)', async () => {
  const wire = await open();
  const both = (stream: number) =>
    Buffer.concat([frame(FRAME.HEADERS, end, stream, fieldBlock(GET)), frame(FRAME.RST_STREAM, 0, stream, uint32(8))]);
  wire.wire.send(Buffer.concat(Array.from({ length: 2000 }, (_, at) => both(2 * at + 1))));
  assert.equal(await wire.goneWith(), ERROR.ENHANCE_YOUR_CALM);
});

test('streams above the limit are refused, each individually', async () => {
  server.play(async (wire) => {
    await wire.request();
  });
  const wire = await open();
  for (let at = 0; at < 129; at++) wire.ask(2 * at + 1);
  assert.equal(await wire.resetWith(257), ERROR.REFUSED_STREAM);
  wire.wire.destroy();
});

/**
 * Clients that go away: whatever they speak, wherever their request is, and however they end, its server and its place in line are
 * free at once, and the access log says why. Every limit that could free them by itself is longer than a test may take.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { Authority, hasOpenssl } from '@sluice/plugin-kit/tls';
import {
  type Address,
  connectTo,
  eventually,
  FRAME,
  Http2Wire,
  ok,
  plainRules,
  RawServer,
  startGateway,
  temporaryFolder,
  Wire,
} from '../kit/index.ts';

const LONG = 'timeout connect 5m, response 5m, queue 5m';
const PLAIN = 'plain';
const channels = hasOpenssl ? [PLAIN, 'TLSv1.2', 'TLSv1.3'] : [PLAIN];

let own: Awaited<ReturnType<typeof startGateway>>;
let log: string;
let server: RawServer;
let mute: RawServer;

const backend = (name: string) => own.gateway.stats().backends.find((each) => each.name === name)!;
const openOn = (name: string) => backend(name).servers[0]!.open;

before(async () => {
  const folder = temporaryFolder();
  log = join(folder, 'access.log');
  // Takes every request, begins to answer those that ask for it, and ends no answer but `/whole`.
  server = await RawServer.start((wire) => {
    wire.socket.on('data', () => {
      const seen = wire.received.toString('latin1');
      if (seen.includes('/half')) wire.send('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nsome');
      if (seen.includes('/whole')) wire.send(ok('whole'));
    });
  });
  // Accepts connections and never speaks TLS on them, so that they never stand.
  mute = await RawServer.start(() => {});
  let tls = '';
  let bridge = '';
  if (hasOpenssl) {
    const authority = new Authority(folder);
    authority.issue('site', ['a.test']);
    tls = `tls terminate cert "${authority.at('site.pem')}" min 1.2`;
    bridge = `tls bridge ca "${authority.at('root.crt')}" name a.test`;
  }
  const routes = `
  timeout header 5m, idle 5m, body 5m, client 5m
  send to full when path under /line
  send to mute when path under /connecting
  otherwise send to app
}`;
  const { host, port } = server.address;
  own = await startGateway(`settings { log access json to "${log}" }
listener web on 127.0.0.1:0 {${routes}
${hasOpenssl ? `listener secure on 127.0.0.1:0 { ${tls}${routes}` : ''}
backend app of ${host}:${port} { ${LONG} }
backend full {
  server one ${host}:${port} max 1
  ${LONG}
}
backend mute of ${mute.address.host}:${mute.address.port} { ${LONG}${bridge === '' ? '' : `\n  ${bridge}`} }
`);
});
after(async () => {
  await own?.stop();
  await server?.stop();
  await mute?.stop();
});

interface Dialed {
  readonly wire: Wire;
  /** The connection below TLS, or the connection. */
  readonly raw: Socket;
}

async function dial(channel: string, protocol: string): Promise<Dialed> {
  const addresses = own.gateway.addresses();
  const { host, port } = addresses[channel === PLAIN ? 'web' : 'secure'] as Address;
  const raw = connect({ host, port, allowHalfOpen: true });
  raw.on('error', () => {});
  if (channel === PLAIN) {
    await new Promise((resolve) => raw.once('connect', resolve));
    return { wire: new Wire(raw), raw };
  }
  const version = channel as 'TLSv1.3';
  const socket = connectTls({
    socket: raw,
    servername: 'a.test',
    rejectUnauthorized: false,
    minVersion: version,
    maxVersion: version,
    ALPNProtocols: [protocol === 'HTTP/2' ? 'h2' : 'http/1.1'],
  });
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  assert.equal(socket.getProtocol(), version);
  return { wire: new Wire(socket), raw };
}

/** request sends one: with `bytes` of a body of 100, or without any. */
function request(wire: Wire, protocol: string, path: string, bytes = -1): Http2Wire | null {
  if (protocol === 'HTTP/1.1') {
    const head = `${bytes < 0 ? 'GET' : 'POST'} ${path} HTTP/1.1\r\nHost: a.test\r\n`;
    wire.send(`${head}${bytes < 0 ? '' : 'Content-Length: 100\r\n'}\r\n${'x'.repeat(Math.max(0, bytes))}`);
    return null;
  }
  const stream = new Http2Wire(wire).greet();
  const fields: [string, string][] = [
    [':method', bytes < 0 ? 'GET' : 'POST'],
    [':scheme', 'http'],
    [':authority', 'a.test'],
    [':path', path],
  ];
  if (bytes >= 0) fields.push(['content-length', '100']);
  stream.ask(1, fields, bytes < 0);
  if (bytes > 0) stream.frame(FRAME.DATA, 0, 1, 'x'.repeat(bytes));
  return stream;
}

const seen = (path: string) => eventually(`the server to see ${path}`, () => server.received.includes(path));

/** logged is the line of the access log for a path. */
async function logged(path: string): Promise<Record<string, unknown>> {
  return eventually(`the line of ${path}`, () => {
    const line = readFileSync(log, 'utf8')
      .split('\n')
      .find((each) => each.includes(`"${path}"`));
    return line === undefined ? null : (JSON.parse(line) as Record<string, unknown>);
  });
}

let number = 0;

for (const protocol of ['HTTP/1.1', 'HTTP/2']) {
  for (const channel of channels) {
    describe(`a client of ${protocol}, ${channel}`, () => {
      for (const end of ['FIN', 'RST', ...(protocol === 'HTTP/2' ? ['RST_STREAM', 'GOAWAY and FIN'] : [])]) {
        /** leaveFrom ends the client, and returns how long it took to be noticed: until `isFree`. */
        const leaveFrom = async ({ raw }: Dialed, stream: Http2Wire | null, isFree: () => boolean, what: string) => {
          const from = performance.now();
          if (end === 'RST') raw.resetAndDestroy();
          else if (end === 'RST_STREAM') stream!.frame(FRAME.RST_STREAM, 0, 1, [0, 0, 0, 8]);
          else {
            if (end !== 'FIN') stream!.frame(FRAME.GOAWAY, 0, 0, Buffer.alloc(8));
            if (channel === PLAIN || end === 'FIN') raw.end();
            else stream!.wire.socket.end();
          }
          await eventually(what, isFree);
          return performance.now() - from;
        };
        const cause = end === 'RST' ? 'client-reset' : end === 'RST_STREAM' ? 'client-canceled' : 'client-ended';
        const check = async (path: string, status: number | undefined) => {
          const line = await logged(path);
          assert.equal(line.aborted, cause);
          assert.equal(line.status, status);
        };

        test(`in line, ${end}: leaves it`, async () => {
          const path = `/line/${++number}`;
          const first = await connectTo(own.gateway.addresses().web as Address);
          request(first, 'HTTP/1.1', `${path}-first`);
          await seen(`${path}-first`);
          for (const bytes of [-1, 10]) {
            const own = await dial(channel, protocol);
            const stream = request(own.wire, protocol, `${path}${bytes}`, bytes);
            await eventually('it to wait', () => backend('full').waiting === 1);
            await leaveFrom(own, stream, () => backend('full').waiting === 0, 'the line to be empty');
            await check(`${path}${bytes}`, undefined);
            own.raw.destroy();
          }
          first.destroy();
          await eventually('nothing to be open', () => openOn('full') === 0);
          assert.ok(!server.received.includes(`${path}10`), 'the server never saw it');
        });

        if (hasOpenssl) {
          test(`waiting for a connection to a server, ${end}: gives its place back`, async () => {
            for (const bytes of [-1, 10]) {
              const path = `/connecting/${++number}`;
              const own = await dial(channel, protocol);
              const stream = request(own.wire, protocol, path, bytes);
              await eventually('it to have a place', () => openOn('mute') === 1);
              await leaveFrom(own, stream, () => openOn('mute') === 0, 'the place to be free');
              await check(path, undefined);
              own.raw.destroy();
            }
          });
        }

        test(`with a silent server, ${end}: its slot is released`, async (context) => {
          const path = `/silent/${++number}`;
          const own = await dial(channel, protocol);
          const stream = request(own.wire, protocol, path);
          await seen(path);
          const tookMs = await leaveFrom(own, stream, () => openOn('app') === 0, 'the place to be free');
          context.diagnostic(`noticed within ${tookMs.toFixed(0)} ms (looked at every 10 ms)`);
          await check(path, undefined);
          own.raw.destroy();
        });

        test(`in mid-upload, ${end}: gives its place back`, async () => {
          const path = `/upload/${++number}`;
          const own = await dial(channel, protocol);
          const stream = request(own.wire, protocol, path, 10);
          await seen(path);
          await leaveFrom(own, stream, () => openOn('app') === 0, 'the place to be free');
          await check(path, undefined);
          own.raw.destroy();
        });

        if (protocol === 'HTTP/2' || end === 'RST') {
          test(`in mid-answer, ${end}: gives its place back`, async () => {
            const path = `/half/${++number}`;
            const own = await dial(channel, protocol);
            const stream = request(own.wire, protocol, path);
            if (stream === null) await own.wire.text('some');
            else await stream.until(({ type }) => type === FRAME.DATA);
            await leaveFrom(own, stream, () => openOn('app') === 0, 'the place to be free');
            await check(path, 200);
            own.raw.destroy();
          });
        }
      }
    });
  }
}

describe('an HTTP/1.1 client that ends only its side', () => {
  for (const channel of channels) {
    test(`${channel}: gets the rest of an answer that has begun`, async () => {
      const path = `/half/${++number}`;
      const { wire, raw } = await dial(channel, 'HTTP/1.1');
      request(wire, 'HTTP/1.1', path);
      await wire.text('some');
      raw.end();
      const upstream = server.wires.at(-1)!;
      await eventually('the end to have come', () => openOn('app') === 1);
      upstream.send(Buffer.alloc(999_996, 'y'));
      await wire.bytes(999_996);
      await eventually('nothing to be open', () => openOn('app') === 0);
      wire.destroy();
    });
  }

  test('gets its response if the server has its body', async () => {
    const origin = await RawServer.start(() => {});
    const { address, stop, gateway } = await startGateway(plainRules([origin.address], '', LONG));
    const wire = await connectTo(address);
    wire.send('POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n');
    await eventually('the head', () => origin.received.includes('/post'));
    wire.send('body').end();
    await eventually('the body', () => origin.received.endsWith('body'));
    origin.wires[0]!.send(ok('done'));
    assert.equal((await wire.answer()).body.toString(), 'done');
    await eventually('nothing to be open', () => gateway.stats().backends[0]!.servers[0]!.open === 0);
    wire.destroy();
    await stop();
    await origin.stop();
  });

  test('gets its response with `on half-close answer`, from a silent server and from the queue', async () => {
    const origin = await RawServer.start(() => {});
    const { host, port } = origin.address;
    const { address, stop, gateway } = await startGateway(`listener web on 127.0.0.1:0 {
  on half-close answer
  otherwise send to app
}
backend app {
  server one ${host}:${port} max 1
  ${LONG}
}
`);
    const [first, second] = [await connectTo(address), await connectTo(address)];
    first.send('GET /1 HTTP/1.1\r\nHost: a\r\n\r\n').end();
    await eventually('the first', () => origin.received.includes('/1'));
    second.send('GET /2 HTTP/1.1\r\nHost: a\r\n\r\n').end();
    await eventually('the second to wait', () => gateway.stats().backends[0]!.waiting === 1);
    origin.wires[0]!.send(ok('one'));
    assert.equal((await first.answer()).body.toString(), 'one');
    await eventually('the second', () => origin.received.includes('/2'));
    origin.wires.at(-1)!.send(ok('two'));
    assert.equal((await second.answer()).body.toString(), 'two');
    for (const wire of [first, second]) wire.destroy();
    await stop();
    await origin.stop();
  });
});

describe('a client whose socket is not read, as more than 64 KiB of it wait', () => {
  for (const channel of channels) {
    test(`${channel}: a reset is still noticed`, async (context) => {
      const path = `/connecting/${++number}`;
      const { wire, raw } = await dial(channel, 'HTTP/1.1');
      wire.send(`POST ${path} HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10000000\r\n\r\n`);
      await eventually('it to have a place', () => openOn('mute') === 1);
      // More than is held, more than Node reads ahead, and what the system takes besides.
      wire.send(Buffer.alloc(1_000_000));
      await eventually('the client to be stuck, or done', () => raw.writableLength === 0 || raw.bytesWritten > 200_000);
      const from = performance.now();
      raw.resetAndDestroy();
      await eventually('the place to be free', () => openOn('mute') === 0);
      context.diagnostic(`noticed within ${(performance.now() - from).toFixed(0)} ms`);
      assert.equal((await logged(path)).aborted, 'client-reset');
    });
  }
});

describe('a client whose FIN comes after more than 64 KiB of unread data', () => {
  for (const channel of channels) {
    for (const [where, path] of [
      ['in line', '/line'],
      ...(hasOpenssl ? [['waiting for a connection to a server', '/connecting']] : []),
    ] as const) {
      test(`${channel}, ${where}: the end is still noticed`, async (context) => {
        const target = `${path}/${++number}`;
        const first = await connectTo(own.gateway.addresses().web as Address);
        request(first, 'HTTP/1.1', `/line/${number}-first`);
        await seen(`/line/${number}-first`);
        const { wire, raw } = await dial(channel, 'HTTP/1.1');
        wire.send(`POST ${target} HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10000000\r\n\r\n`);
        const isIn = () => (path === '/line' ? backend('full').waiting : openOn('mute')) === 1;
        await eventually('it to be there', isIn);
        const from = performance.now();
        wire.send(Buffer.alloc(500_000));
        wire.socket.end();
        await eventually('its place to be free', () => !isIn());
        context.diagnostic(`noticed within ${(performance.now() - from).toFixed(0)} ms`);
        assert.equal((await logged(target)).aborted, 'client-ended');
        raw.destroy();
        first.destroy();
        await eventually('nothing to be open', () => openOn('full') === 0);
      });
    }
  }
});

describe('a client of a tcp listener that ends its side while it waits for a server', () => {
  for (const [line, isAnswered] of [
    ['', true],
    ['on half-close abort', false],
  ] as const) {
    test(`${line === '' ? 'by default' : line}: ${isAnswered ? 'keeps its place' : 'leaves the line'}`, async () => {
      const origin = await RawServer.start(async (wire) => {
        await wire.text('hello');
        wire.send('answer').end();
      });
      const { host, port } = origin.address;
      const { address, stop, gateway } = await startGateway(`listener web on 127.0.0.1:0 tcp {
  ${line}
  otherwise send to app
}
backend app {
  server one ${host}:${port} max 1
  ${LONG}
}
`);
      const first = await connectTo(address);
      await eventually('the first', () => origin.wires.length === 1);
      const second = await connectTo(address);
      second.send('hello').end();
      if (isAnswered) {
        await eventually('the second to wait', () => gateway.stats().backends[0]!.waiting === 1);
        first.reset();
        await second.text('answer');
      } else {
        await second.closed();
        await eventually('the line to be empty', () => gateway.stats().backends[0]!.waiting === 0);
        first.reset();
      }
      second.destroy();
      await stop();
      await origin.stop();
    });
  }
});

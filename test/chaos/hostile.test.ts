/**
 * Hostile clients in front and hostile servers behind, at once, in every protocol that the gateway speaks: no thread is lost, no rule
 * breaks, everything is given back at the end, and who is honest is served all the while.
 *
 * SLUICE_CHAOS_SECONDS says how long it goes on (default 6; some hundred to search for rare faults), SLUICE_CHAOS_SEED begins another
 * run of the same dice. When things fall into each other is the machine's.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer as createPlain, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import { connect as connectTls, createServer as createTls } from 'node:tls';
import { certify, makeKey } from '@sluice/plugin-kit/tls';
import { createGateway } from 'sluice';
import {
  answering,
  type Choice,
  chooser,
  clientHello,
  connectTo,
  eventually,
  FLAG,
  FRAME,
  fieldBlock,
  frame,
  GET,
  mutate,
  ok,
  protocols,
  RawServer,
  serverName,
  setting,
  uint32,
} from '../kit/index.ts';

const SECONDS = Number(process.env.SLUICE_CHAOS_SECONDS ?? 6);
const SEED = Number(process.env.SLUICE_CHAOS_SEED ?? 1);
/** How many attack at once. */
const ATTACKERS = 24;

const end = FLAG.END_HEADERS | FLAG.END_STREAM;
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const octets = ({ below }: Choice, most: number): Buffer =>
  Buffer.from(Array.from({ length: below(most) }, () => below(256)));
const mutated = (bytes: Buffer, choice: Choice): Buffer =>
  Buffer.from(
    mutate(bytes.toString('latin1'), ['\r\n', '\0', '0', '\r\n\r\n', 'HTTP/1.1', ':', '\xff'], choice),
    'latin1',
  );

/** Frames that one side might send, in no order, some of them broken. */
function frames(choice: Choice, isServer: boolean): Buffer {
  const { below, one } = choice;
  const stream = (): number => one([0, 1, 1, 3, 3, 5, 7, 2, 9, 0x7fffffff]);
  const head = (): Buffer =>
    isServer
      ? fieldBlock([
          [':status', one(['200', '204', '304', '103', '101', '500', 'x', ''])],
          ...(below(3) === 0 ? ([['content-length', String(below(6))]] as const) : []),
          ...(below(8) === 0 ? ([['connection', 'close']] as const) : []),
          ['x-a', 'b'.repeat(below(40))],
        ])
      : fieldBlock([
          ...GET.map(
            ([name, value]) => [name, name === ':method' ? one(['GET', 'POST', 'CONNECT', 'PUT']) : value] as const,
          ),
          ...(below(3) === 0 ? ([['content-length', String(below(6))]] as const) : []),
          ...(below(8) === 0 ? ([[':protocol', 'websocket']] as const) : []),
        ]);
  const makers: (() => Buffer)[] = [
    () => frame(FRAME.HEADERS, one([end, FLAG.END_HEADERS, 0, end | FLAG.PADDED, 255]), stream(), head()),
    () => frame(FRAME.HEADERS, one([end, FLAG.END_HEADERS]), stream(), head()),
    () => frame(FRAME.DATA, one([0, FLAG.END_STREAM, FLAG.PADDED]), stream(), 'x'.repeat(one([0, 1, 1, 5, 3000]))),
    () => frame(FRAME.CONTINUATION, one([0, FLAG.END_HEADERS]), stream(), head()),
    () => frame(FRAME.RST_STREAM, 0, stream(), uint32(below(14))),
    () => frame(FRAME.WINDOW_UPDATE, 0, stream(), uint32(one([0, 1, 65_535, 0x7fffffff]))),
    () =>
      frame(
        FRAME.SETTINGS,
        one([0, 0, FLAG.ACK]),
        0,
        below(2) === 0 ? [] : setting(1 + below(8), one([0, 1, 100, 65_535, 0x7fffffff])),
      ),
    () => frame(FRAME.PING, one([0, FLAG.ACK]), 0, Buffer.alloc(8)),
    () => frame(FRAME.GOAWAY, 0, 0, Buffer.concat([uint32(stream()), uint32(below(14))])),
    () => frame(FRAME.PUSH_PROMISE, FLAG.END_HEADERS, 1, uint32(2)),
    () => frame(below(256), below(256), stream(), octets(choice, 30)),
  ];
  const all = Array.from({ length: 1 + below(12) }, () => one(below(3) === 0 ? makers : makers.slice(0, 6))());
  return below(6) === 0 ? mutated(Buffer.concat(all), choice) : Buffer.concat(all);
}

/** How something ends, or does not. */
function finish(socket: Socket, { below }: Choice): void {
  const how = below(6);
  if (how === 0) socket.destroy();
  else if (how === 1 && !('encrypted' in socket)) socket.resetAndDestroy();
  else if (how < 4) socket.end();
}

/** abuse writes pieces until it has had enough, and ends somehow. */
function abuse(socket: Socket, choice: Choice, make: () => Buffer, pieces = 1 + choice.below(4)): void {
  let left = pieces;
  const more = (): void => {
    if (socket.destroyed || !socket.writable) return;
    if (left-- <= 0) {
      finish(socket, choice);
      return;
    }
    const bytes = make();
    if (choice.below(4) === 0 && bytes.length > 1) {
      const at = choice.below(bytes.length);
      socket.write(bytes.subarray(0, at));
      setImmediate(() => socket.writable && socket.write(bytes.subarray(at), () => setImmediate(more)));
    } else socket.write(bytes, () => setImmediate(more));
  };
  more();
}

const ANSWERS = [
  ok('well'),
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n',
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x02hi',
  'HTTP/1.1 200 OK\r\n\r\nuntil the end',
  ok('one') + ok('two'),
];
const REQUESTS = [
  'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n',
  'POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello',
  'POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: y\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  'PUT / HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc',
];

test(`${SECONDS} s between hostile clients and hostile servers`, { timeout: (SECONDS + 90) * 1000 }, async () => {
  const choice = chooser(SEED);
  const { below, one } = choice;
  const { key, cert } = certify('edge.example', makeKey());
  const sockets = new Set<Socket>();
  const kept = <T extends Socket>(socket: T): T => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    return socket;
  };

  // Servers.
  const hostile: Server[] = [];
  const serve = async (server: Server): Promise<string> => {
    hostile.push(server);
    server.on('tlsClientError', () => {});
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `127.0.0.1:${(server.address() as { port: number }).port}`;
  };
  const spoken = (make: () => Buffer) => (socket: Socket) => {
    kept(socket).on('data', () => {});
    if (below(12) === 0) finish(socket, choice);
    else socket.once('data', () => abuse(socket, choice, make));
  };
  const http1 = (): Buffer =>
    below(2) === 0 ? Buffer.from(one(ANSWERS), 'latin1') : mutated(Buffer.from(one(ANSWERS), 'latin1'), choice);
  const http2 = (): Buffer =>
    Buffer.concat([below(8) === 0 ? Buffer.alloc(0) : frame(FRAME.SETTINGS, 0, 0), frames(choice, true)]);
  const echo = (socket: Socket): void => {
    kept(socket).pipe(socket);
    if (below(3) === 0) setImmediate(() => finish(socket, choice));
  };
  const tls = { key, cert, ALPNProtocols: ['h2', 'http/1.1'] };
  const [plain, two, secret, mute, bridged] = [
    await serve(createPlain({ allowHalfOpen: true }, spoken(http1))),
    await serve(createPlain({ allowHalfOpen: true }, spoken(http2))),
    await serve(createTls(tls, echo)),
    await serve(createPlain({ allowHalfOpen: true }, below(2) === 0 ? echo : spoken(() => octets(choice, 200)))),
    await serve(createTls(tls, spoken(http2))),
  ];
  const good = await RawServer.start(answering());

  const gateway = await createGateway({
    threads: 2,
    logger: false,
    rules: `settings { drain 1s }
listener web on 127.0.0.1:0 { timeout header 1s, idle 1s, body 1s, client 1s; otherwise send to plain }
listener edge on 127.0.0.1:0 {
  tls passthrough to secret when sni pay.example
  tls terminate self-signed for edge.example
  timeout header 1s, idle 1s, body 1s, client 1s
  send to two when path under /two
  otherwise send to plain
}
listener second on 127.0.0.1:0 { timeout header 1s, idle 1s, body 1s, client 1s; otherwise send to two }
listener bridge on 127.0.0.1:0 { timeout header 1s, idle 1s, body 1s, client 1s; otherwise send to bridged }
listener pass on 127.0.0.1:0 tcp { tls passthrough; timeout header 1s; otherwise send to secret }
listener db on 127.0.0.1:0 tcp { otherwise send to mute }
listener inner on 127.0.0.1:0 tcp { tls terminate self-signed for edge.example; otherwise send to mute }
listener honest on 127.0.0.1:0 { otherwise send to good }
backend plain of ${plain} { timeout response 1s, tunnel 1s }
backend two of ${two} { protocol http2; timeout response 1s, tunnel 1s }
backend secret of ${secret} { timeout tunnel 1s }
backend mute of ${mute} { timeout tunnel 1s, connect 1s }
backend bridged of ${bridged} { tls bridge insecure; protocol http2; timeout response 1s, connect 1s, tunnel 1s }
backend good of 127.0.0.1:${good.address.port}
`,
  });
  const lost: unknown[] = [];
  gateway.on('thread', (event) => lost.push(event));
  await gateway.start();
  const at = (name: string): { host: string; port: number } =>
    gateway.addresses()[name] as { host: string; port: number };

  // Clients.
  const request = (): Buffer =>
    below(2) === 0 ? Buffer.from(one(REQUESTS), 'latin1') : mutated(Buffer.from(one(REQUESTS), 'latin1'), choice);
  const second = (): Buffer => frames(choice, false);
  const greeted = (make: () => Buffer) => {
    let isFirst = true;
    return (): Buffer => {
      if (!isFirst) return make();
      isFirst = false;
      return Buffer.concat([PREFACE, frame(FRAME.SETTINGS, 0, 0), make()]);
    };
  };
  const hello = (): Buffer => {
    const bytes = clientHello(
      ...one([[serverName('pay.example')], [protocols('h2')], [], [serverName('x'), protocols('h2', 'y')]]),
    );
    return below(2) === 0 ? bytes : mutated(bytes, choice);
  };
  const raw = (name: string, make: () => Buffer): Promise<void> => {
    const socket = kept(connect({ ...at(name), allowHalfOpen: below(2) === 0 }));
    socket.on('data', () => {});
    if (below(4) === 0) socket.pause();
    socket.once('connect', () => abuse(socket, choice, make));
    return gone(socket);
  };
  const inTls = (name: string, make: (isSecond: boolean) => () => Buffer): Promise<void> => {
    const ALPNProtocols = one([['h2'], ['http/1.1'], ['h2', 'http/1.1'], ['x']]);
    const servername = one(['pay.example', 'edge.example', 'other.example']);
    const socket = kept(connectTls({ ...at(name), servername, ALPNProtocols, rejectUnauthorized: false }));
    socket.on('data', () => {});
    socket.once('secureConnect', () => abuse(socket, choice, make(socket.alpnProtocol === 'h2')));
    if (below(8) === 0) setImmediate(() => socket.destroy());
    return gone(socket);
  };
  /** Whoever hangs on is let go after a while. */
  const gone = async (socket: Socket): Promise<void> => {
    const patience = setTimeout(() => socket.destroy(), 100 + below(1500));
    await once(socket, 'close').catch(() => {});
    clearTimeout(patience);
  };
  const either = (isSecond: boolean): (() => Buffer) => (isSecond || below(8) === 0 ? greeted(second) : request);
  const attacks: (() => Promise<void>)[] = [
    () => raw('web', request),
    () => raw('web', greeted(second)),
    () => raw('second', request),
    () => raw('second', greeted(second)),
    () => raw('bridge', one([request, greeted(second)])),
    () => raw('edge', one([hello, request, () => octets(choice, 300)])),
    () => raw('pass', one([hello, hello, request, () => octets(choice, 300)])),
    () => raw('db', () => octets(choice, 5000)),
    () => raw('inner', one([hello, () => octets(choice, 300)])),
    () => inTls('edge', either),
    () => inTls('edge', either),
    () => inTls('pass', either),
    () => inTls('inner', () => request),
  ];
  const deadline = performance.now() + SECONDS * 1000;
  let served = 0;
  let attacked = 0;
  const attacking = Array.from({ length: ATTACKERS }, async () => {
    while (performance.now() < deadline) {
      await one(attacks)();
      attacked++;
    }
  });
  const honest = [1, 2, 3, 4].map(async () => {
    while (performance.now() < deadline) {
      const client = await connectTo(at('honest'));
      for (let count = 0; count < 20; count++) {
        const answer = await client.send(`GET /${count} HTTP/1.1\r\nHost: a\r\n\r\n`).answer();
        assert.equal(answer.body.toString(), `/${count}`);
        served++;
      }
      client.destroy();
    }
  });
  await Promise.all([...attacking, ...honest]);
  for (const socket of sockets) socket.destroy();
  try {
    assert.ok(served > 20 && attacked > 20, `${served} served, ${attacked} attacks`);
    assert.deepEqual(lost, []);
    await eventually('everything to be given back', () => {
      const { listeners, backends } = gateway.stats();
      return (
        listeners.every(({ openConnections }) => openConnections === 0) &&
        backends.every((backend) => backend.waiting === 0 && backend.servers.every(({ open }) => open === 0))
      );
    });
    for (const { counters } of gateway.stats().listeners) assert.equal(counters.pluginErrors, 0);
  } finally {
    await gateway.stop({ deadline: '1s' });
    for (const server of hostile) server.close();
    await good.stop();
  }
});

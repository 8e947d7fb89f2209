/**
 * Access logs by syslog: RFC 5424 messages over UDP, TCP and a Unix socket, each line once; a server that goes away and comes back.
 */
import assert from 'node:assert/strict';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { connectTo, eventually, Program, skipUnless, startGateway, temporaryFolder } from '../kit/index.ts';

const closing: (() => unknown)[] = [];
after(async () => {
  for (const close of closing) await close();
});

interface Message {
  readonly priority: number;
  readonly time: string;
  readonly host: string;
  readonly program: string;
  readonly pid: string;
  readonly text: string;
}

/** readMessage is strict about the form that RFC 5424 gives, with neither structured data nor anything before it. */
function readMessage(text: string): Message {
  const match = /^<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (\S+) (\S+) (\d+) access - ([^\n]*)$/.exec(
    text,
  );
  assert.ok(match !== null, text);
  const [, priority, time, host, program, pid, rest] = match;
  return { priority: Number(priority), time: time!, host: host!, program: program!, pid: pid!, text: rest! };
}

/** StreamServer takes octet-counted messages (RFC 6587 section 3.4.1). */
class StreamServer {
  readonly messages: Message[] = [];
  readonly server: Server;
  readonly #sockets = new Set<Socket>();

  constructor() {
    this.server = createServer((socket) => {
      let pending = Buffer.alloc(0);
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('data', (bytes: Buffer) => {
        pending = Buffer.concat([pending, bytes]);
        for (;;) {
          const blank = pending.indexOf(' ');
          const length = Number(pending.subarray(0, Math.max(0, blank)).toString());
          if (blank < 0 || pending.length < blank + 1 + length) return;
          assert.ok(length > 0);
          this.messages.push(readMessage(pending.subarray(blank + 1, blank + 1 + length).toString('utf8')));
          pending = pending.subarray(blank + 1 + length);
        }
      });
    });
  }

  async listen(at: number | string): Promise<number> {
    if (typeof at === 'string') this.server.listen(at);
    else this.server.listen(at, '127.0.0.1');
    await once(this.server, 'listening');
    return typeof at === 'string' ? 0 : (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

async function gatewayTo(destination: string, format = 'json') {
  const own = await startGateway(`settings { log access ${format} to syslog ${destination} }
listener web on 127.0.0.1:0 { otherwise deny 404 }
`);
  closing.push(own.stop);
  return own;
}

type Gateway = Awaited<ReturnType<typeof gatewayTo>>;

async function ask({ address }: Gateway, ...paths: readonly string[]): Promise<void> {
  const client = await connectTo(address);
  for (const path of paths) {
    client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\nUser-Agent: \xe9"\r\n\r\n`);
    assert.equal((await client.answer()).status, 404);
  }
  client.destroy();
}

const pathsOf = (messages: readonly Message[]): readonly unknown[] =>
  messages.map(({ text }) => (JSON.parse(text) as { path: string }).path);

const PATHS = Array.from({ length: 300 }, (_, index) => `/a/${index}`);

test('over UDP each line is a datagram', async () => {
  const messages: Message[] = [];
  const server: UdpSocket = createSocket('udp4', (bytes) => messages.push(readMessage(bytes.toString('utf8'))));
  closing.push(() => server.close());
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  const own = await gatewayTo(`127.0.0.1:${server.address().port}`);
  await ask(own, ...PATHS);
  await eventually('all lines', () => messages.length >= PATHS.length);
  assert.deepEqual(pathsOf(messages), PATHS);
  const [{ priority, host, program, pid, time, text }] = messages as unknown as readonly [Message];
  assert.deepEqual([priority, host, program, pid], [16 * 8 + 6, hostname(), 'sluice', String(process.pid)]);
  const line = JSON.parse(text) as { ts: string; headers: Record<string, string> };
  assert.deepEqual([line.ts, line.headers['user-agent']], [time, '\xe9"']);
});

test('over TCP each line has its length before it, and a server that comes back gets the lines from then on', async () => {
  const first = new StreamServer();
  const port = await first.listen(0);
  const own = await gatewayTo(`127.0.0.1:${port} over tcp facility daemon`);
  await ask(own, ...PATHS);
  await eventually('all lines', () => first.messages.length >= PATHS.length);
  assert.deepEqual(pathsOf(first.messages), PATHS);
  assert.equal(first.messages[0]!.priority, 3 * 8 + 6);
  await first.close();
  // What goes into a connection that has just ended may be lost, and what comes later is not.
  const second = new StreamServer();
  await second.listen(port);
  closing.push(() => second.close());
  for (let round = 0; second.messages.length === 0; round++) await ask(own, `/again/${round}`);
  const rounds = pathsOf(second.messages).map((path) => Number(String(path).slice('/again/'.length)));
  assert.deepEqual(
    rounds,
    rounds.map((_, index) => rounds[0]! + index),
  );
});

test('lines wait for a server that is not there yet', async () => {
  const server = new StreamServer();
  const port = await server.listen(0);
  await server.close();
  const own = await gatewayTo(`127.0.0.1:${port} over tcp`);
  await ask(own, '/first', '/second');
  const late = new StreamServer();
  await late.listen(port);
  closing.push(() => late.close());
  await eventually('the lines that waited', () => late.messages.length === 2);
  assert.deepEqual(pathsOf(late.messages), ['/first', '/second']);
  assert.equal(own.gateway.stats().accessLogs[0]!.dropped, 0);
});

test('a Unix socket is a stream of the same messages', async () => {
  const path = join(temporaryFolder(), 'log.sock');
  const server = new StreamServer();
  await server.listen(path);
  closing.push(() => server.close());
  const own = await gatewayTo(`unix:${path}`, '"{path} \\"{header.User-Agent}\\""');
  await ask(own, ...PATHS);
  await eventually('all lines', () => server.messages.length >= PATHS.length);
  assert.deepEqual(
    server.messages.map(({ text }) => text),
    PATHS.map((path) => `${path} "\\xE9\\x22"`),
  );
  assert.deepEqual(own.gateway.stats().accessLogs, [
    { destination: `syslog unix:${path}`, lines: PATHS.length, dropped: 0 },
  ]);
});

test('a Unix socket that takes datagrams only is told of, and costs no request', skipUnless('python3'), async () => {
  const path = join(temporaryFolder(), 'log.sock');
  const script =
    'import socket, sys, time\ns = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\ns.bind(sys.argv[1])\nprint("bound", flush=True)\ntime.sleep(60)';
  const program = new Program('python3', ['-c', script, path]);
  closing.push(() => program.stop(100));
  await program.printed(/bound/);
  const own = await gatewayTo(`unix:${path}`);
  await ask(own, '/a', '/b');
  await own.stop();
  const { lines, dropped } = own.gateway.stats().accessLogs[0]!;
  assert.deepEqual([lines, dropped], [0, 2]);
});

test('a server that does not read keeps no request, and no stop', async () => {
  const server = createServer((socket) => void socket.pause());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => server.close());
  const own = await gatewayTo(`127.0.0.1:${(server.address() as AddressInfo).port} over tcp`);
  const long = Array.from({ length: 1500 }, (_, index) => `/${'x'.repeat(4000)}/${index}`);
  await ask(own, ...long);
  await own.stop();
  const { lines, dropped } = own.gateway.stats().accessLogs[0]!;
  assert.equal(lines + dropped, long.length);
});

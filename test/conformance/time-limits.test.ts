/**
 * Every time limit, on every wire that it is for: what the client sees, what the access log says, and that nothing stays counted.
 * The rows are those of docs/timeouts.md, word for word. Times are set short; no test asserts how short.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { createGateway } from 'sluice';
import {
  connectTo,
  eventually,
  FLAG,
  FRAME,
  fieldOf,
  frame,
  ok,
  Program,
  RawServer,
  type Script,
  temporaryFolder,
  type Wire,
} from '../kit/index.ts';

interface Address {
  readonly host: string;
  readonly port: number;
}

interface Row {
  /** As in the table, with its default. */
  readonly word: string;
  readonly wire: 'HTTP/1' | 'HTTP/2' | 'tcp' | 'TLS';
  readonly when: string;
  readonly client: string;
  readonly log: string;
  /** Lines of the listener and of the backend that set the time. */
  readonly listener?: string;
  readonly backend?: string;
  readonly script?: Script;
  /** The server listens and accepts nobody. */
  readonly isDeaf?: boolean;
  play(at: Address, server: RawServer): Promise<string>;
}

const HEAD = 'Host: a.test\r\n';
const SHORT = '150ms';

/** Reads requests and never answers. */
const SILENT: Script = async (wire) => {
  await wire.closed();
};
/** Answers half of what it says, and then nothing more. */
const STOPS: Script = async (wire) => {
  await wire.request();
  wire.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf');
  await wire.closed();
};
const UPGRADES: Script = async (wire) => {
  await wire.request();
  wire.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
  await wire.closed();
};
const HUGE: Script = async (wire) => {
  await wire.request();
  wire.send(ok('x'.repeat(32 * 1024 * 1024)));
  await wire.closed();
};
const ANSWERS: Script = async (wire) => {
  for (;;) wire.send(ok((await wire.request()).target));
};

async function http1(at: Address, text: string): Promise<Wire> {
  return (await connectTo(at)).send(text);
}

/** What came of one request of HTTP/1. */
async function answerOf(wire: Wire): Promise<string> {
  const answer = await wire.answer();
  const { status } = answer;
  if (fieldOf(answer, 'connection') !== 'close') {
    wire.destroy();
    return String(status);
  }
  await wire.closed();
  return `${status}, closed`;
}

async function http2(at: Address): Promise<ClientHttp2Session> {
  const session = connectHttp2(`http://${at.host}:${at.port}`);
  session.on('error', () => {});
  await once(session, 'connect');
  return session;
}

/** What came of one stream: its status, or how it was reset; `; the connection stays open` where it does. */
async function streamOf(session: ClientHttp2Session, stream: ClientHttp2Stream, waitForEnd = false): Promise<string> {
  let status = 0;
  stream.on('response', (fields) => {
    status = Number(fields[':status']);
    if (!waitForEnd) stream.resume();
  });
  const failed = new Promise<boolean>((resolve) => stream.on('error', () => resolve(true)));
  const closed = new Promise<boolean>((resolve) => stream.on('close', () => resolve(stream.rstCode !== 0)));
  const wasReset = (await Promise.race([failed, closed])) || stream.rstCode !== 0;
  const seen = wasReset && (status === 200 || status === 0) ? 'the stream is reset' : String(status);
  const goesOn = await new Promise<boolean>((resolve) => {
    if (session.closed || session.destroyed) resolve(false);
    else session.ping((error) => resolve(error === null));
  });
  session.destroy();
  return `${seen}${goesOn ? '; the connection stays open' : ', closed'}`;
}

/** The types of the frames that came. */
function typesOf(bytes: Buffer): number[] {
  const types: number[] = [];
  for (let at = 0; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3)) types.push(bytes[at + 3]!);
  return types;
}

async function untilClosed(socket: { once(event: 'close', take: () => void): unknown }): Promise<string> {
  await new Promise<void>((resolve) => socket.once('close', resolve));
  return 'closed';
}

const ROWS: readonly Row[] = [
  {
    word: '`timeout header 10s`',
    wire: 'HTTP/1',
    when: 'the request head is incomplete',
    client: '408, closed',
    log: '408',
    listener: `timeout header ${SHORT}`,
    play: async (at) => answerOf(await http1(at, 'GET / HTTP/1.1\r\nHost: a')),
  },
  {
    word: '`timeout header 10s`',
    wire: 'HTTP/2',
    when: 'the request head is incomplete',
    client: 'GOAWAY, closed',
    log: 'no line',
    listener: `timeout header ${SHORT}`,
    play: async (at) => {
      const wire = await http1(at, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
      wire.send(Buffer.concat([frame(FRAME.SETTINGS, 0, 0), frame(FRAME.HEADERS, FLAG.END_STREAM, 1, [0x82])]));
      await wire.closed();
      return typesOf(wire.received).includes(FRAME.GOAWAY) ? 'GOAWAY, closed' : 'closed';
    },
  },
  {
    word: '`timeout header 10s`',
    wire: 'TLS',
    when: 'the TLS hello is incomplete',
    client: 'closed',
    log: 'no line',
    listener: `timeout header ${SHORT}\n  tls passthrough`,
    play: async (at) => {
      const wire = await http1(at, '\x16\x03\x01\x01\x00\x01');
      await wire.closed();
      return 'closed';
    },
  },
  {
    word: '`timeout idle 60s`',
    wire: 'HTTP/1',
    when: 'no request follows a response',
    client: 'closed',
    log: '200',
    listener: `timeout idle ${SHORT}`,
    play: async (at) => {
      const wire = await http1(at, `GET / HTTP/1.1\r\n${HEAD}\r\n`);
      assert.equal((await wire.answer()).status, 200);
      await wire.closed();
      return 'closed';
    },
  },
  {
    word: '`timeout idle 60s`',
    wire: 'HTTP/2',
    when: 'no request follows a response',
    client: 'GOAWAY, closed',
    log: '200',
    listener: `timeout idle ${SHORT}`,
    play: async (at) => {
      const session = await http2(at);
      let hasGoaway = false;
      session.on('goaway', () => {
        hasGoaway = true;
      });
      session.request({ ':path': '/', ':authority': 'a.test' }).resume();
      const end = await untilClosed(session);
      return hasGoaway ? `GOAWAY, ${end}` : end;
    },
  },
  {
    word: '`timeout body 30s`',
    wire: 'HTTP/1',
    when: 'the request body stalls',
    client: '408, closed',
    log: '408',
    listener: `timeout body ${SHORT}`,
    script: SILENT,
    play: async (at) => answerOf(await http1(at, `POST / HTTP/1.1\r\n${HEAD}Content-Length: 9\r\n\r\nhalf`)),
  },
  {
    word: '`timeout body 30s`',
    wire: 'HTTP/2',
    when: 'the request body stalls',
    client: '408; the connection stays open',
    log: '408',
    listener: `timeout body ${SHORT}`,
    script: SILENT,
    play: async (at) => {
      const session = await http2(at);
      const stream = session.request({ ':path': '/', ':method': 'POST', ':authority': 'a.test' });
      stream.write('half');
      return streamOf(session, stream);
    },
  },
  {
    word: '`timeout client 30s`',
    wire: 'HTTP/1',
    when: 'the client stops reading the response',
    client: 'reset',
    log: '200',
    listener: `timeout client ${SHORT}`,
    script: HUGE,
    play: async (at, server) => {
      const wire = await http1(at, `GET / HTTP/1.1\r\n${HEAD}\r\n`);
      await wire.text('xxxx');
      wire.socket.pause();
      await new Promise((resolve) => server.wires[0]!.socket.once('close', resolve));
      wire.socket.resume();
      return wire.closed();
    },
  },
  {
    word: '`timeout client 30s`',
    wire: 'HTTP/2',
    when: 'the client opens no flow-control window for the response',
    client: 'the stream is reset; the connection stays open',
    log: '200',
    listener: `timeout client ${SHORT}`,
    script: HUGE,
    play: async (at) => {
      const session = await http2(at);
      const stream = session.request({ ':path': '/', ':authority': 'a.test' });
      stream.pause();
      return streamOf(session, stream, true);
    },
  },
  {
    word: '`timeout connect 5s`',
    wire: 'HTTP/1',
    when: 'no server accepts the connection',
    client: '503',
    log: '503',
    backend: `timeout connect ${SHORT}\n  retry 1`,
    isDeaf: true,
    play: async (at) => answerOf(await http1(at, `GET / HTTP/1.1\r\n${HEAD}\r\n`)),
  },
  {
    word: '`timeout connect 5s`',
    wire: 'HTTP/2',
    when: 'no server accepts the connection',
    client: '503; the connection stays open',
    log: '503',
    backend: `timeout connect ${SHORT}\n  retry 1`,
    isDeaf: true,
    play: async (at) => {
      const session = await http2(at);
      return streamOf(session, session.request({ ':path': '/', ':authority': 'a.test' }));
    },
  },
  {
    word: '`timeout connect 5s`',
    wire: 'tcp',
    when: 'no server accepts the connection',
    client: 'closed',
    log: 'a connection, no bytes out',
    backend: `timeout connect ${SHORT}\n  retry 1`,
    isDeaf: true,
    play: async (at) => {
      await (await http1(at, 'hello')).closed();
      return 'closed';
    },
  },
  {
    word: '`timeout queue 5s`',
    wire: 'HTTP/1',
    when: 'every server stays full',
    client: '503',
    log: '503',
    backend: `max 1\n  timeout queue ${SHORT}`,
    script: SILENT,
    play: async (at, server) => {
      const first = await http1(at, `GET / HTTP/1.1\r\n${HEAD}\r\n`);
      await eventually('the first request', () => server.wires.length > 0);
      const seen = await answerOf(await http1(at, `GET / HTTP/1.1\r\n${HEAD}\r\n`));
      first.reset();
      return seen;
    },
  },
  {
    word: '`timeout queue 5s`',
    wire: 'HTTP/2',
    when: 'every server stays full',
    client: '503; the connection stays open',
    log: '503',
    backend: `max 1\n  timeout queue ${SHORT}`,
    script: SILENT,
    play: async (at, server) => {
      const first = await http1(at, `GET / HTTP/1.1\r\n${HEAD}\r\n`);
      await eventually('the first request', () => server.wires.length > 0);
      const session = await http2(at);
      const seen = await streamOf(session, session.request({ ':path': '/', ':authority': 'a.test' }));
      first.reset();
      return seen;
    },
  },
  {
    word: '`timeout queue 5s`',
    wire: 'tcp',
    when: 'every server stays full',
    client: 'closed',
    log: 'a connection, no bytes out',
    backend: `max 1\n  timeout queue ${SHORT}`,
    script: SILENT,
    play: async (at, server) => {
      const first = await http1(at, 'hello');
      await eventually('the first connection', () => server.wires.length > 0);
      await (await http1(at, 'hello')).closed();
      first.reset();
      return 'closed';
    },
  },
  {
    word: '`timeout response 30s`',
    wire: 'HTTP/1',
    when: 'the server sends no response',
    client: '504',
    log: '504',
    backend: `timeout response ${SHORT}`,
    script: SILENT,
    play: async (at) => answerOf(await http1(at, `GET / HTTP/1.1\r\n${HEAD}\r\n`)),
  },
  {
    word: '`timeout response 30s`',
    wire: 'HTTP/2',
    when: 'the server sends no response',
    client: '504; the connection stays open',
    log: '504',
    backend: `timeout response ${SHORT}`,
    script: SILENT,
    play: async (at) => {
      const session = await http2(at);
      return streamOf(session, session.request({ ':path': '/', ':authority': 'a.test' }));
    },
  },
  {
    word: '`timeout response 30s`',
    wire: 'HTTP/1',
    when: 'the server stalls in the middle of its response',
    client: 'reset',
    log: '200',
    backend: `timeout response ${SHORT}`,
    script: STOPS,
    play: async (at) => (await http1(at, `GET / HTTP/1.1\r\n${HEAD}\r\n`)).closed(),
  },
  {
    word: '`timeout response 30s`',
    wire: 'HTTP/2',
    when: 'the server stalls in the middle of its response',
    client: 'the stream is reset; the connection stays open',
    log: '200',
    backend: `timeout response ${SHORT}`,
    script: STOPS,
    play: async (at) => {
      const session = await http2(at);
      return streamOf(session, session.request({ ':path': '/', ':authority': 'a.test' }));
    },
  },
  {
    word: '`timeout tunnel 1h`',
    wire: 'HTTP/1',
    when: 'the WebSocket is idle',
    client: 'closed',
    log: '101',
    backend: `timeout tunnel ${SHORT}`,
    script: UPGRADES,
    play: async (at) => {
      const wire = await http1(at, `GET / HTTP/1.1\r\n${HEAD}Connection: Upgrade\r\nUpgrade: echo\r\n\r\n`);
      assert.equal((await wire.answer()).status, 101);
      await wire.closed();
      return 'closed';
    },
  },
  {
    word: '`timeout tunnel 1h`',
    wire: 'tcp',
    when: 'the connection is idle in both directions',
    client: 'closed',
    log: 'a connection',
    backend: `timeout tunnel ${SHORT}`,
    script: async (wire) => {
      wire.send('hello');
      await wire.closed();
    },
    play: async (at) => {
      const wire = await connectTo(at);
      await wire.text('hello');
      await wire.closed();
      return 'closed';
    },
  },
  {
    word: '`timeout idle 30s` of a backend',
    wire: 'HTTP/1',
    when: 'a keep-alive connection to a server is idle',
    client: 'nothing: its next request goes over a new one',
    log: '200',
    backend: `timeout idle ${SHORT}`,
    script: ANSWERS,
    play: async (at, server) => {
      const wire = await http1(at, `GET / HTTP/1.1\r\n${HEAD}\r\n`);
      assert.equal((await wire.answer()).status, 200);
      await server.wires[0]!.closed();
      assert.equal((await wire.send(`GET / HTTP/1.1\r\n${HEAD}\r\n`).answer()).status, 200);
      wire.destroy();
      return server.wires.length === 2 ? 'nothing: its next request goes over a new one' : 'another connection is used';
    },
  },
];

/** Listens, and never accepts: its thread sleeps, so the system takes a few connections for it and then no more. */
const DEAF = `const server = require('node:net').createServer();
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  require('node:fs').writeSync(1, 'listening on ' + server.address().port + '\\n');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});`;

async function deafServer(): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const program = new Program(process.execPath, ['-e', DEAF]);
  const [, port] = await program.printed(/listening on (\d+)/);
  const address = { host: '127.0.0.1', port: Number(port) };
  const fillers: Socket[] = Array.from({ length: 8 }, () => connect(address).on('error', () => {}));
  await Promise.all(fillers.slice(0, 2).map((filler) => once(filler, 'connect')));
  return {
    port: address.port,
    stop: async () => {
      for (const filler of fillers) filler.destroy();
      await program.signal('SIGKILL').stop();
    },
  };
}

/** What the access log says of a line. */
function logged(line: string): string {
  const { scheme, status, bytesOut } = JSON.parse(line) as { scheme: string; status?: number; bytesOut?: number };
  if (scheme === 'tcp') return bytesOut === 0 ? 'a connection, no bytes out' : 'a connection';
  return status === undefined ? 'a line without a status' : String(status);
}

for (const row of ROWS) {
  test(`${row.word} over ${row.wire}: ${row.when}`, {
    skip: row.isDeaf === true && process.platform !== 'linux',
  }, async () => {
    const server = await RawServer.start(row.script ?? ANSWERS);
    const deaf = row.isDeaf === true ? await deafServer() : null;
    const file = join(temporaryFolder(), 'access.log');
    const isTcp = row.wire === 'tcp' || row.wire === 'TLS';
    const gateway = await createGateway({
      rules: `settings { log access json to "${file}" }
listener web on 127.0.0.1:0${isTcp ? ' tcp' : ''} {
  ${row.listener ?? ''}
  otherwise send to app
}
backend app of 127.0.0.1:${deaf?.port ?? server.address.port} {
  ${row.backend ?? ''}
}
`,
      threads: 0,
      logger: false,
    });
    await gateway.start();
    try {
      assert.equal(await row.play(gateway.addresses().web as Address, server), row.client);
      await eventually('every count to be back at 0', () => {
        const { listeners, backends } = gateway.stats();
        const { open, waiting } = backends[0]!.servers[0]!;
        return listeners[0]!.openConnections === 0 && open === 0 && waiting === 0;
      });
    } finally {
      await gateway.stop({ deadline: 0 });
      await server.stop();
      await deaf?.stop();
    }
    const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').filter(Boolean).map(logged) : [];
    if (row.log === 'no line') assert.deepEqual(lines, []);
    else assert.ok(lines.includes(row.log), `${lines.join() || 'no line'}, not ${row.log}`);
  });
}

test('docs/timeouts.md has these rows, in this order', () => {
  const page = readFileSync(new URL('../../docs/timeouts.md', import.meta.url), 'utf8');
  const rows = page
    .split('\n')
    .filter((line) => line.startsWith('| `timeout'))
    .map((line) => line.slice(2, -2).split(' | '));
  assert.deepEqual(
    rows,
    ROWS.map(({ word, wire, when, client, log }) => [word, wire, when, client, log]),
  );
});

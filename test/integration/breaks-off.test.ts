/**
 * Connections that end in the middle of something, in every way and on every wire, at a gateway in a process of its own: the same process
 * answers the next request, and the access log has the line. A crash is a failed test here, and not a dead runner.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect, createSecureContext, type SecureVersion, TLSSocket } from 'node:tls';
import { certify, makeKey } from '@sluice/plugin-kit/tls';
import {
  AdminClient,
  eventually,
  FRAME,
  freePort,
  Http2Wire,
  type Program,
  sluice,
  temporaryFolder,
  Wire,
} from '../kit/index.ts';

const folder = temporaryFolder();
const pem = join(folder, 'site.pem');
const key = makeKey();
writeFileSync(pem, certify('site.test', key).cert + key);
const credential = { cert: readFileSync(pem), key: readFileSync(pem) };

/** A wire is what a client speaks: to an `http` or a `tcp` listener, over which TLS, with which HTTP. */
interface Way {
  readonly mode: 'http' | 'tcp';
  readonly tls: SecureVersion | null;
  readonly http: 'h1' | 'h2';
}
const TLS = [null, 'TLSv1.2', 'TLSv1.3'] as const;
const WAYS: readonly Way[] = TLS.flatMap((tls) => [
  { mode: 'http', tls, http: 'h1' },
  { mode: 'http', tls, http: 'h2' },
  { mode: 'tcp', tls, http: 'h1' },
]);
const nameOf = ({ mode, tls, http }: Way): string => `${mode} ${tls ?? 'plain'} ${http}`;

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Length: 400000000\r\n\r\nthe beginning';

/** answer is what the server makes of a path. */
function answer(path: string, socket: Socket, raw: Socket): void {
  if (path === '/next') socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext');
  else if (path !== '/silent')
    socket.write(HEAD, () => {
      if (path === '/breaks-off') socket.end();
      else if (path === '/resets') raw.resetAndDestroy();
      else if (path === '/floods') flood(socket);
    });
}

/** flood sends on and on, as fast as it is taken. */
function flood(socket: Socket): void {
  const piece = Buffer.alloc(65_536, 'x');
  const more = (): void => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on('drain', more);
  more();
}

/** A server breaks answers off, over TLS or without. */
class BreakingServer {
  /** Requests so far. */
  asked = 0;
  readonly #open = new Set<Socket>();
  readonly #server: Server;

  private constructor(server: Server, isSecure: boolean) {
    this.#server = server;
    const secureContext = createSecureContext(credential);
    server.on('connection', (raw: Socket) => {
      this.#open.add(raw);
      const socket = isSecure ? new TLSSocket(raw, { isServer: true, secureContext }) : raw;
      let text = '';
      for (const each of new Set([raw, socket])) each.on('error', () => {}).on('close', () => this.#open.delete(raw));
      socket.on('data', (piece: Buffer) => {
        text += piece.toString('latin1');
        for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
          const path = text.split(' ')[1]!;
          text = text.slice(end + 4);
          this.asked++;
          answer(path, socket, raw);
        }
      });
    });
  }

  static async start(isSecure: boolean): Promise<BreakingServer> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new BreakingServer(server, isSecure);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  stop(): void {
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
  }
}

/** A client of one way: what it sends, sees, and how it ends. */
class Client {
  readonly wire: Wire;
  readonly #way: Way;
  readonly #raw: Socket;
  readonly #frames: Http2Wire | null = null;

  constructor(way: Way, socket: Socket, raw: Socket) {
    this.#way = way;
    this.#raw = raw;
    this.wire = new Wire(socket);
    if (way.http === 'h2') this.#frames = new Http2Wire(this.wire).greet();
  }

  static async open(way: Way, port: number): Promise<Client> {
    const raw = connectTcp({ port, host: '127.0.0.1' });
    raw.on('error', () => {});
    await once(raw, 'connect');
    if (way.tls === null) return new Client(way, raw, raw);
    const ALPNProtocols = [way.http === 'h2' ? 'h2' : 'http/1.1'];
    const versions = { minVersion: way.tls, maxVersion: way.tls };
    const socket = connect({ socket: raw, rejectUnauthorized: false, ALPNProtocols, ...versions });
    await once(socket, 'secureConnect');
    return new Client(way, socket, raw);
  }

  /** ask asks for a path. `isWhole`: the request ends there; else its body is still to come. */
  ask(path: string, isWhole = true): this {
    if (this.#frames === null) {
      const [method, field] = isWhole ? ['GET', ''] : ['POST', 'Content-Length: 100\r\n'];
      this.wire.send(`${method} ${path} HTTP/1.1\r\nHost: site.test\r\n${field}\r\n${isWhole ? '' : 'part'}`);
    } else {
      const scheme = this.#way.tls === null ? 'http' : 'https';
      const fields = {
        ':method': isWhole ? 'GET' : 'POST',
        ':scheme': scheme,
        ':authority': 'site.test',
        ':path': path,
      };
      this.#frames.ask(1, Object.entries(fields), isWhole);
      if (!isWhole) this.#frames.frame(FRAME.DATA, 0, 1, 'part');
    }
    return this;
  }

  /** begun waits until an answer has begun. */
  async begun(): Promise<this> {
    await this.wire.text('the beginning');
    return this;
  }

  async answered(text: string): Promise<void> {
    await this.wire.text(text);
    this.destroy();
  }

  /** brokenOff waits until the answer has come to its end before its time. */
  async brokenOff(): Promise<void> {
    if (this.#frames === null) await this.wire.closed();
    else await this.#frames.resetWith(1).catch(() => this.wire.closed());
  }

  stopReading(): void {
    this.wire.socket.pause();
    this.#raw.pause();
  }

  /** reset ends the connection below everything with a RST. */
  reset(): void {
    this.#raw.resetAndDestroy();
  }

  destroy(): void {
    this.wire.destroy();
    this.#raw.destroy();
  }
}

interface Line {
  readonly listener: string;
  readonly scheme: string;
  readonly tls?: string;
  readonly method?: string;
  readonly path?: string;
  readonly status?: number;
  readonly bytesOut?: number;
  readonly server: string | null;
}

interface Stats {
  readonly servers: readonly { readonly open: number }[];
}

/** A gateway in a process of its own, with a listener for each mode, and of each one whose time limits are short. */
class Gateway {
  readonly #program: Program;
  readonly #log: string;
  readonly server: BreakingServer;
  readonly admin: AdminClient;
  readonly adminPort: number;
  readonly pid: number;
  seen = 0;

  private constructor(program: Program, log: string, server: BreakingServer, adminPort: number) {
    this.#program = program;
    this.#log = log;
    this.server = server;
    this.adminPort = adminPort;
    this.admin = new AdminClient({ host: '127.0.0.1', port: adminPort });
    this.pid = Number(/"pid":(\d+)/.exec(program.output)![1]);
  }

  static async start(isLogged: boolean, isSecure: boolean): Promise<Gateway> {
    const server = await BreakingServer.start(isSecure);
    const here = temporaryFolder();
    const log = join(here, 'access.log');
    const adminPort = await freePort();
    const listeners = ['http', 'tcp'].flatMap((mode) =>
      ['', 's'].flatMap((s) =>
        ['', 'short-'].map(
          (kind) => `listener ${kind}${mode}${s} on 127.0.0.1:0 ${mode === 'tcp' ? 'tcp ' : ''}{
  ${s === '' ? '' : `tls terminate cert "${pem}"`}
  ${kind === '' || mode === 'tcp' ? '' : 'timeout client 300ms'}
  otherwise send to ${kind}app
}`,
        ),
      ),
    );
    const tls = isSecure ? 'tls bridge insecure' : '';
    const file = join(here, 'gateway.sluice');
    writeFileSync(
      file,
      `${listeners.join('\n')}
backend app of 127.0.0.1:${server.port} { ${tls} }
backend short-app of 127.0.0.1:${server.port} {
  ${tls}
  timeout response 300ms, tunnel 300ms
}
settings {
  ${isLogged ? `log access json to "${log}"` : ''}
  admin on 127.0.0.1:${adminPort}
  drain 500ms
}
`,
    );
    const program = sluice('run', file, '--threads', '2', '--no-supervisor');
    await program.printed(/listener short-tcps is on/);
    await program.printed(/listener tcp is on/);
    return new Gateway(program, isLogged ? log : '', server, adminPort);
  }

  portOf(way: Way, isShort: boolean): number {
    const name = `${isShort ? 'short-' : ''}${way.mode}${way.tls === null ? '' : 's'}`;
    return Number(new RegExp(`listener ${name} is on 127\\.0\\.0\\.1:(\\d+)`).exec(this.#program.output)![1]);
  }

  open(way: Way, isShort = false): Promise<Client> {
    return Client.open(way, this.portOf(way, isShort));
  }

  /** logged waits until this many more lines have been logged, and returns them. Without a log there are none. */
  async logged(count: number): Promise<Line[] | null> {
    if (this.#log === '') return null;
    let lines: string[] = [];
    await eventually(`${count} lines in the access log`, () => {
      lines = existsSync(this.#log) ? readFileSync(this.#log, 'utf8').trimEnd().split('\n').slice(this.seen) : [];
      return lines.length >= count;
    });
    this.seen += lines.length;
    return lines.map((line) => JSON.parse(line));
  }

  /** isFree waits until no server has anything to do for anybody any more. */
  async isFree(): Promise<void> {
    await eventually('the servers to be free', async () => {
      const { json } = await this.admin.get('/v1/stats');
      return json.backends.every(({ servers }: Stats) => servers.every(({ open }) => open === 0));
    });
  }

  /** isLeft waits until no client is there any more. */
  async isLeft(): Promise<void> {
    await eventually('all clients to have left', async () => {
      const { json } = await this.admin.get('/v1/stats');
      return json.listeners.every(({ openConnections }: { openConnections: number }) => openConnections === 0);
    });
  }

  /** lives fails when the process that was started has ended, or is not the one that runs. */
  lives(): void {
    const { output } = this.#program;
    assert.equal(this.#program.hasExited, false, `the gateway has ended: ${output}`);
    process.kill(this.pid, 0);
    assert.doesNotMatch(output, /crashed|stopped beating|replaced/);
  }

  get output(): string {
    return this.#program.output;
  }

  terminate(): Promise<{ code: number | null; signal: string | null }> {
    this.#program.signal('SIGTERM');
    return this.#program.exited;
  }

  async stop(): Promise<void> {
    await this.#program.stop();
    this.server.stop();
  }
}

/** lineOf finds the line of one way among the new ones; the request for `/next` has one of its own. */
function lineOf(lines: readonly Line[], way: Way, path: string): Line {
  const tls = way.tls?.slice(4);
  const scheme = way.mode === 'tcp' ? 'tcp' : tls === undefined ? 'http' : 'https';
  const found = lines.filter(
    (line) => line.scheme === scheme && line.tls === tls && (way.mode === 'tcp' || line.path === path),
  );
  const count = way.mode === 'http' ? 2 : 1;
  assert.equal(found.length, count, `${nameOf(way)}: lines of ${path} in ${JSON.stringify(lines)}`);
  return found[0]!;
}

/** holdLines fails unless the lines are those of one ending, one for each way. */
function holdLines(lines: readonly Line[], ending: Pick<Ending, 'path' | 'isShort' | 'status' | 'method'>): void {
  assert.equal(lines.length, WAYS.length, JSON.stringify(lines));
  for (const way of WAYS) {
    const line = lineOf(lines, way, ending.path);
    assert.equal(line.listener.startsWith('short-'), ending.isShort === true, nameOf(way));
    assert.match(line.server ?? '', /^127\.0\.0\.1:/, nameOf(way));
    if (way.mode === 'tcp') continue;
    assert.equal(line.status ?? null, ending.status, nameOf(way));
    assert.equal(line.method, ending.method ?? 'GET', nameOf(way));
  }
}

/** cutHandshake opens a connection, sends the first half of a handshake, and ends it. */
async function cutHandshake(way: Way, port: number, isReset: boolean): Promise<void> {
  const raw = connectTcp({ port, host: '127.0.0.1' });
  raw.on('error', () => {});
  const socket = connect({ socket: raw, rejectUnauthorized: false, minVersion: way.tls!, maxVersion: way.tls! });
  socket.on('error', () => {});
  // The hello has gone, and what the gateway says to it is never answered.
  while (raw.bytesWritten === 0) await new Promise((resolve) => setImmediate(resolve));
  if (isReset) raw.resetAndDestroy();
  else raw.destroy();
  socket.destroy();
}

interface Ending {
  readonly name: string;
  readonly path: string;
  readonly isShort?: boolean;
  /** What the line says: a status, or null for none. */
  readonly status: number | null;
  readonly method?: string;
  run(client: Client): Promise<void>;
  /** What is done once all clients are there. */
  afterwards?(gateway: Gateway, clients: readonly Client[]): Promise<void>;
}

/** closeServers is what an operator does to servers whose connections are to end. */
async function closeServers({ adminPort, server }: Gateway): Promise<void> {
  const name = (backend: string) => `${backend}/127.0.0.1:${server.port}`;
  const at = ['--admin', `127.0.0.1:${adminPort}`];
  for (const action of [
    ['maint', name('app'), '--close'],
    ['ready', name('app')],
  ]) {
    const program = sluice('ctl', ...action, ...at);
    assert.equal((await program.exited).code, 0, program.output);
  }
}

const ENDINGS: readonly Ending[] = [
  {
    name: 'a server that breaks off in mid-answer',
    path: '/breaks-off',
    status: 200,
    run: async (client) => (await client.ask('/breaks-off').begun()).brokenOff(),
  },
  {
    name: 'a server that resets in mid-answer',
    path: '/resets',
    status: 200,
    run: async (client) => client.ask('/resets').brokenOff(),
  },
  {
    name: 'a server that is silent in mid-answer for too long',
    path: '/stalls',
    isShort: true,
    status: 200,
    run: async (client) => (await client.ask('/stalls').begun()).brokenOff(),
  },
  {
    name: 'a client that stops reading',
    path: '/floods',
    isShort: true,
    status: 200,
    run: async (client) => {
      await client.ask('/floods').begun();
      client.stopReading();
    },
  },
  {
    name: 'a client that resets in mid-answer',
    path: '/floods',
    status: 200,
    run: async (client) => (await client.ask('/floods').begun()).reset(),
  },
  {
    name: 'a client that resets in mid-request',
    path: '/silent',
    status: null,
    method: 'POST',
    run: async (client) => void client.ask('/silent', false),
    afterwards: async ({ server }, clients) => {
      await eventually('the server to have all requests', () => server.asked === clients.length);
      for (const client of clients) client.reset();
    },
  },
  {
    name: 'a client that ends in mid-answer',
    path: '/floods',
    isShort: true,
    status: 200,
    run: async (client) => (await client.ask('/floods').begun()).destroy(),
  },
  {
    name: '`ctl maint --close` in mid-answer',
    path: '/stalls',
    status: 200,
    run: async (client) => void (await client.ask('/stalls').begun()),
    afterwards: async (gateway, clients) => {
      await closeServers(gateway);
      await Promise.all(clients.map((client) => client.brokenOff()));
    },
  },
];

for (const isSecure of [false, true]) {
  for (const isLogged of [true, false]) {
    const behind = `${isSecure ? 'TLS' : 'plain'} servers, access log ${isLogged ? 'on' : 'off'}`;
    describe(behind, () => {
      let gateway: Gateway;
      before(async () => {
        gateway = await Gateway.start(isLogged, isSecure);
      });
      after(() => gateway.stop());

      /** goesOn asks once more on every way. */
      async function goesOn(): Promise<void> {
        for (const way of WAYS) await (await gateway.open(way)).ask('/next').answered('next');
        await gateway.isLeft();
        await gateway.logged(WAYS.length);
        gateway.lives();
      }

      for (const ending of ENDINGS) {
        test(`${ending.name} costs that connection alone (${behind})`, async () => {
          gateway.server.asked = 0;
          const clients = await Promise.all(WAYS.map((way) => gateway.open(way, ending.isShort)));
          await Promise.all(clients.map((client) => ending.run(client)));
          await ending.afterwards?.(gateway, clients);
          await gateway.isFree();
          const lines = await gateway.logged(WAYS.length);
          for (const client of clients) client.destroy();
          await goesOn();
          if (lines !== null) holdLines(lines, ending);
        });
      }

      test(`handshakes that break off affect only their connections, and are not logged (${behind})`, async () => {
        for (const way of WAYS.filter(({ tls }) => tls !== null))
          for (const isReset of [true, false]) await cutHandshake(way, gateway.portOf(way, false), isReset);
        await gateway.isLeft();
        await goesOn();
      });

      test(`SIGTERM closes open connections at the deadline, and the process exits cleanly (${behind})`, async () => {
        const clients = await Promise.all(WAYS.map((way) => gateway.open(way)));
        await Promise.all(clients.map((client) => client.ask('/stalls').begun()));
        const [exit] = await Promise.all([gateway.terminate(), ...clients.map((client) => client.brokenOff())]);
        assert.deepEqual(exit, { code: 0, signal: null }, gateway.output);
        const lines = await gateway.logged(WAYS.length);
        if (lines !== null) holdLines(lines, { path: '/stalls', status: 200 });
      });
    });
  }
}

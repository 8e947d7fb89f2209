/**
 * However a request ends, and whatever it came by, each access log has exactly one line for it, in each format, and all say the same of
 * who ended it, and where.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { request as requestHttp } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { request as requestHttps } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { Authority, hasOpenssl } from '@sluice/plugin-kit/tls';
import { type Address, eventually, ok, RawServer, startGateway, temporaryFolder } from '../kit/index.ts';

let own: Awaited<ReturnType<typeof startGateway>>;
let server: RawServer;
let folder: string;
/** Nobody listens there. */
let nowhere: Address;

before(async () => {
  folder = temporaryFolder();
  server = await RawServer.start((wire) => {
    wire.socket.on('data', () => {
      const last = [...wire.received.toString('latin1').matchAll(/[A-Z]+ (\S+) HTTP/g)].at(-1)![1]!;
      if (last.startsWith('/half')) {
        wire.send('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nsome');
        setImmediate(() => wire.socket.destroy());
      } else if (last.startsWith('/dead')) wire.socket.destroy();
      else if (last.startsWith('/bad')) wire.send('rubbish\r\n\r\n');
      else if (last.startsWith('/whole')) wire.send(ok('whole', 'X-Cache: hit'));
    });
  });
  const closed = await RawServer.start();
  nowhere = closed.address;
  await closed.stop();
  let tls = '';
  if (hasOpenssl) {
    const authority = new Authority(folder);
    authority.issue('site', ['a.test']);
    tls = `tls terminate cert "${authority.at('site.pem')}"`;
  }
  const rules = `
  body at most 1KiB
  deny path under /denied
  send to down when path under /down
  send to narrow when path under /line
  send to quick when path under /slow
  otherwise send to app
}`;
  const { host, port } = server.address;
  own = await startGateway(`settings {
  log access json with headers X-Name with response headers X-Cache to "${at('json.log')}"
  log access combined to "${at('combined.log')}"
  log access "{target}|{status}|{ended.by}|{ended.in}|{aborted}|{version}|{scheme}|{response.header.X-Cache}|{retries}" to "${at('own.log')}"
  log access json to "${at('failed.log')}" when ended by server, gateway or status over 499
  log access json to "${at('none.log')}" when duration over 1h or retries over 50 or sent to nobody
}
listener web on 127.0.0.1:0 {${rules}
${hasOpenssl ? `listener secure on 127.0.0.1:0 { ${tls}${rules}` : ''}
listener raw on 127.0.0.1:0 tcp { otherwise send to app }
listener dead on 127.0.0.1:0 tcp { otherwise send to down }
listener shut on 127.0.0.1:0 tcp { deny ip 127.0.0.1; otherwise send to app }
backend app of ${host}:${port} { retry 0 on connect-failure }
backend down of ${nowhere.host}:${nowhere.port}
backend narrow {
  server one ${host}:${port} max 1
  timeout queue 200ms
}
backend quick of ${host}:${port} { timeout response 200ms }
`);
});
after(async () => {
  await own?.stop();
  await server?.stop();
});

const at = (name: string): string => join(folder, name);

function linesOf(name: string): readonly string[] {
  return existsSync(at(name)) ? readFileSync(at(name), 'utf8').split('\n').slice(0, -1) : [];
}

interface Line {
  readonly [member: string]: unknown;
  readonly ended?: { readonly by: string; readonly in: string };
}

/** onlyOne waits for a line, and proves that there is no second one. */
async function onlyOne(name: string, isIt: (line: string) => boolean): Promise<string> {
  await eventually(`a line in ${name}`, () => linesOf(name).some(isIt));
  const found = linesOf(name).filter(isIt);
  assert.equal(found.length, 1, found.join('\n'));
  return found[0]!;
}

const PROTOCOLS = [
  { name: 'HTTP/1.1', listener: 'web', version: 'HTTP/1.1', scheme: 'http' },
  { name: 'HTTP/2', listener: 'web', version: 'HTTP/2.0', scheme: 'http' },
  ...(hasOpenssl
    ? [
        { name: 'HTTP/1.1 over TLS', listener: 'secure', version: 'HTTP/1.1', scheme: 'https' },
        { name: 'HTTP/2 over TLS', listener: 'secure', version: 'HTTP/2.0', scheme: 'https' },
      ]
    : []),
] as const;

type Protocol = (typeof PROTOCOLS)[number];

const LOOSE = { servername: 'a.test', rejectUnauthorized: false };

interface Asked {
  /** The status; null: it broke off. */
  readonly status: Promise<number | null>;
  /** leave has the client go away. */
  leave(): void;
}

function ask({ listener, version, scheme }: Protocol, path: string, body = ''): Asked {
  const { host, port } = own.gateway.addresses()[listener] as Extract<Address, { port: number }>;
  const method = body === '' ? 'GET' : 'POST';
  const headers = { 'User-Agent': 'a "test"', 'X-Name': 'x' };
  let leave = (): void => {};
  const status = new Promise<number | null>((resolve) => {
    if (version === 'HTTP/2.0') {
      const session = connectHttp2(`${scheme}://${host}:${port}`, LOOSE);
      session.on('error', () => resolve(null));
      const stream = session.request(
        { ...headers, ':method': method, ':path': path, ':authority': 'a.test' },
        { endStream: body === '' },
      );
      let got: number | null = null;
      stream.on('response', (fields) => {
        got = fields[':status'] as number;
      });
      stream.on('error', () => resolve(null));
      stream.on('close', () => {
        resolve(stream.rstCode === 0 ? got : null);
        session.destroy();
      });
      stream.resume();
      leave = () => stream.close(8);
      if (body !== '') stream.end(body);
      return;
    }
    const make = scheme === 'https' ? requestHttps : requestHttp;
    const request = make({ host, port, path, method, agent: false, ...LOOSE, headers: { ...headers, Host: 'a.test' } });
    request.on('response', (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode!));
      response.on('error', () => resolve(null));
    });
    request.on('error', () => resolve(null));
    leave = () => request.destroy();
    request.end(body);
  });
  return { status, leave: () => leave() };
}

interface Ending {
  readonly path: string;
  readonly body?: string;
  /** null: the answer broke off. */
  readonly status: number | null;
  readonly ended: readonly [by: string, phase: string] | null;
  readonly isAborted?: true;
}

const ENDINGS: readonly Ending[] = [
  { path: '/whole', status: 200, ended: null },
  { path: '/denied', status: 403, ended: null },
  { path: '/whole/large', body: 'x'.repeat(2000), status: 413, ended: ['client', 'request'] },
  { path: '/down', status: 503, ended: ['server', 'connect'] },
  { path: '/slow', status: 504, ended: ['server', 'wait'] },
  { path: '/dead', status: 502, ended: ['server', 'wait'] },
  { path: '/bad', status: 502, ended: ['server', 'wait'] },
  { path: '/half', status: null, ended: ['server', 'response'], isAborted: true },
];

for (const protocol of PROTOCOLS) {
  describe(protocol.name, () => {
    for (const { path, body, status, ended, isAborted = false } of ENDINGS) {
      const name = ended === null ? 'goes well' : `is ended by the ${ended[0]} in ${ended[1]}`;
      test(`${path} ${name}, and has one line in each log`, async () => {
        const target = `${path}?${protocol.name.replaceAll(' ', '-')}`;
        assert.equal(await ask(protocol, target, body).status, status);
        await checkLines(protocol, target, { status: status ?? 200, ended, isAborted });
      });
    }

    test('a client that disconnects while the server is silent is logged as the cause, without a status', async () => {
      const target = `/silent?${protocol.name.replaceAll(' ', '-')}`;
      const { leave, status } = ask(protocol, target);
      await eventually('the server has it', () =>
        server.wires.some(({ received }) => received.toString('latin1').includes(target)),
      );
      leave();
      assert.equal(await status, null);
      await checkLines(protocol, target, { status: 0, ended: ['client', 'wait'], isAborted: true });
    });

    test('a request that waits for too long was ended by the gateway in the queue', async () => {
      const first = ask(protocol, `/line/first?${protocol.name.replaceAll(' ', '-')}`);
      const backend = () => own.gateway.stats().backends.find(({ name }) => name === 'narrow')!;
      await eventually('the server is full', () => backend().open === 1);
      const target = `/line/second?${protocol.name.replaceAll(' ', '-')}`;
      assert.equal(await ask(protocol, target).status, 503);
      const line = await checkLines(protocol, target, { status: 503, ended: ['gateway', 'queue'], isAborted: false });
      const { queueMs } = line.timings as { queueMs: number };
      assert.equal(line.queuePosition, 1);
      assert.ok(queueMs > 0, String(queueMs));
      first.leave();
      await first.status;
      await eventually('the server is free', () => backend().open === 0);
    });
  });
}

interface Expected {
  readonly status: number;
  readonly ended: readonly [by: string, phase: string] | null;
  readonly isAborted: boolean;
}

/** checkLines holds all logs to each other, and returns the line of JSON. */
async function checkLines(protocol: Protocol, target: string, { status, ended, isAborted }: Expected): Promise<Line> {
  const { version, scheme } = protocol;
  const [path, query] = target.split('?');
  const isIts = (text: string): boolean => {
    const line = JSON.parse(text) as Line;
    return line.path === path && line.query === query;
  };
  const line = JSON.parse(await onlyOne('json.log', isIts)) as Line;
  const by = ended === null ? undefined : { by: ended[0], in: ended[1] };
  assert.deepEqual(
    [line.status, line.ended, 'aborted' in line, line.version, line.scheme],
    [status === 0 ? undefined : status, by, isAborted, version, scheme],
  );
  assert.deepEqual(line.headers, { referer: null, 'user-agent': 'a "test"', 'x-name': 'x' });
  const combined = await onlyOne('combined.log', (text) => text.includes(` ${target} `));
  const shown = status === 0 ? 499 : status;
  assert.match(
    combined,
    new RegExp(`^127\\.0\\.0\\.1 - - \\[[^\\]]+\\] "[A-Z]+ \\S+ ${version}" ${shown} \\d+ "-" "a \\\\x22test\\\\x22"$`),
  );
  const own = (await onlyOne('own.log', (text) => text.startsWith(`${target}|`))).split('|');
  const { aborted = '-' } = line as { aborted?: string };
  assert.deepEqual(own.slice(1, 7), [
    status === 0 ? '-' : String(status),
    ended?.[0] ?? '-',
    ended?.[1] ?? '-',
    aborted,
    version,
    scheme,
  ]);
  assert.equal(own[7], path === '/whole' && status === 200 ? 'hit' : '-');
  const isFailed = ended?.[0] === 'server' || ended?.[0] === 'gateway' || status > 499;
  const failed = linesOf('failed.log').filter(isIts).length;
  if (isFailed) await onlyOne('failed.log', isIts);
  else assert.equal(failed, 0);
  assert.deepEqual(linesOf('none.log'), []);
  return line;
}

test('a malformed head has one line in each log, with the client as the cause', async () => {
  const { host, port } = own.address;
  const socket = connect(port, host, () => socket.end('GET /no-host HTTP/1.1\r\n\r\n'));
  await new Promise((resolve) => socket.resume().on('close', resolve));
  const line = JSON.parse(await onlyOne('json.log', (text) => text.includes('it has no Host'))) as Line;
  assert.deepEqual([line.status, line.ended], [400, { by: 'client', in: 'request' }]);
  await onlyOne('combined.log', (text) => / "(-|GET \/no-host HTTP\/1\.1)" 400 \d+ "-" "-"$/.test(text));
});

describe('a connection to a tcp listener', () => {
  const lineOf = async (listener: string, known: number): Promise<Line> => {
    const own = (text: string): boolean => (JSON.parse(text) as Line).listener === listener;
    await eventually('a line', () => linesOf('json.log').filter(own).length > known);
    const lines = linesOf('json.log').filter(own);
    assert.equal(lines.length, known + 1);
    return JSON.parse(lines.at(-1)!) as Line;
  };

  const dial = (listener: string): ReturnType<typeof connect> => {
    const { host, port } = own.gateway.addresses()[listener] as Address;
    const socket = connect({ host, port });
    socket.on('error', () => {});
    return socket;
  };

  test('that ends normally has one line without a cause, with its bytes', async () => {
    const socket = dial('raw');
    socket.write('GET /whole HTTP/1.1\r\n\r\n');
    await new Promise((resolve) => socket.once('data', resolve));
    socket.end();
    server.wires.at(-1)!.end();
    const line = await lineOf('raw', 0);
    assert.deepEqual(
      [line.scheme, line.ended, line.bytesIn, line.backend, 'status' in line, 'headers' in line],
      ['tcp', undefined, 23, 'app', false, false],
    );
    await eventually('combined', () => linesOf('combined.log').some((text) => / "-" 000 \d+ "-" "-"$/.test(text)));
  });

  test('that is reset was ended by the client in the tunnel', async () => {
    const socket = dial('raw');
    socket.write('GET /whole HTTP/1.1\r\n\r\n');
    await new Promise((resolve) => socket.once('data', resolve));
    socket.resetAndDestroy();
    const { ended, aborted } = await lineOf('raw', 1);
    assert.deepEqual([ended, aborted], [{ by: 'client', in: 'tunnel' }, 'client-reset']);
  });

  test('for which no server can be reached was ended by the server', async () => {
    await new Promise((resolve) => dial('dead').resume().on('close', resolve));
    assert.deepEqual((await lineOf('dead', 0)).ended, { by: 'server', in: 'connect' });
  });

  test('that a rule denies has a line with the rule', async () => {
    await new Promise((resolve) => dial('shut').resume().on('close', resolve));
    const { ended, rule, server: asked } = await lineOf('shut', 0);
    assert.deepEqual([ended, asked], [undefined, null]);
    assert.match(String(rule), /:\d+:\d+$/);
  });
});

test('requests on one connection have one connection, and are numbered', { skip: !hasOpenssl }, async () => {
  const { host, port } = own.gateway.addresses().secure as Address;
  const socket = connectTls({ host, port, ...LOOSE });
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  for (const name of ['one', 'two', 'three']) {
    socket.write(`GET /denied/${name} HTTP/1.1\r\nHost: a.test\r\n\r\n`);
    await new Promise((resolve) => socket.once('data', resolve));
  }
  socket.destroy();
  await onlyOne('json.log', (text) => text.includes('/denied/three'));
  const lines = linesOf('json.log').flatMap((text) =>
    text.includes('"/denied/t') || text.includes('"/denied/o') ? [JSON.parse(text) as Line] : [],
  );
  assert.deepEqual(
    lines.map(({ requestOnConnection }) => requestOnConnection),
    [1, 2, 3],
  );
  assert.equal(new Set(lines.map(({ connection }) => connection)).size, 1);
  assert.match(String(lines[0]!.connection), /^[0-9a-f]{32}$/);
  assert.equal(lines[0]!.clientPort, lines[2]!.clientPort);
});

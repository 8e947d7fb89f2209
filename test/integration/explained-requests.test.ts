/**
 * What `explain` says of a request is what live traffic gets, for random requests, most of which are refused before any rule is
 * asked: the status and the reason, in HTTP/1 and HTTP/2.
 *
 * SLUICE_EXPLAIN_RUNS says how many requests of each version; SLUICE_EXPLAIN_SEED is the seed of a run that failed.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { connectTo, Http2Wire, type Pairs, startGateway, temporaryFolder } from '../kit/index.ts';

const RUNS = Number(process.env.SLUICE_EXPLAIN_RUNS ?? 1500);
const SEED = Number(process.env.SLUICE_EXPLAIN_SEED ?? Date.now() % 2 ** 31);
const LIMIT = { timeout: 60_000 + RUNS * 50 };

const RULES = `
  head at most 1KiB
  target at most 64B
  headers at most 10
  body at most 1000B
  client ip from header X-Forwarded-For trust 127.0.0.0/8
  deny method DELETE
  deny 410 when path under /admin or host like *.internal
  deny 402 when ip 198.51.100.0/24
  redirect 302 to "http://{host}/moved" when path is /old
  send to two when header X-Team two
  otherwise send to one
`;
const LISTENERS: Readonly<Record<string, string>> = {
  capital: '',
  any: 'methods any\n  allow encoded slashes',
  standard: 'methods standard',
};

interface Case {
  readonly listener: string;
  readonly method: string;
  readonly target: string;
  readonly host: string;
  readonly version: string;
  readonly headers: Pairs;
}

const often = (usual: readonly string[], odd: readonly string[]) =>
  fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...usual) }, { weight: 2, arbitrary: fc.constantFrom(...odd) });

const METHOD = often(
  ['GET', 'POST', 'HEAD', 'PUT', 'OPTIONS', 'DELETE'],
  [
    'TRACE',
    'CONNECT',
    'BREW',
    'M-SEARCH',
    'get',
    'delete',
    'Delete',
    'head',
    'trace',
    'connect',
    'G@T',
    'é',
    'x'.repeat(25),
    'A'.repeat(24),
    '(',
    'GET:',
  ],
);
const HOST = often(
  ['a.example', 'b.internal', 'A.Example', 'a.example:8080', '[::1]', '192.0.2.1:80'],
  [
    'a=b',
    'h:',
    'u@a',
    'a:99999',
    '[::g]',
    '.',
    'é',
    '%41',
    "a'b",
    'a..b',
    'a,b',
    'a;b',
    'a.example.',
    '_x',
    '[::1',
    'a:1:2',
  ],
);
const PIECE = often(
  ['/a', '/b', '/admin', '/x', '/..', '/.', '/old'],
  [
    '/',
    '//',
    '/%2F',
    '/%5c',
    '/%61',
    '/%zz',
    '/%',
    '/%00',
    '/%ff',
    '/%c3%a9',
    '/é',
    '\\',
    '#f',
    '/%2e%2e',
    ';x',
    '/a b'.replace(' ', '%20'),
    '/|',
    '/"',
    `/${'l'.repeat(60)}`,
  ],
);
const TARGET = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(fc.array(PIECE, { minLength: 1, maxLength: 3 }), often(['', '?q=1'], ['?', '?a?b', '?é', '?%zz', '?#']))
      .map(([pieces, query]) => `/${pieces.join('').replace(/^\//, '')}${query}`),
  },
  { weight: 1, arbitrary: fc.constantFrom('*', 'a', '?q', 'ftp://a/', 'a:443', 'http:/a', '*x') },
);
const HEADER: fc.Arbitrary<readonly [string, string]> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom<readonly [string, string]>(
      ['X-Team', 'two'],
      ['X-Team', 'one'],
      ['Accept', '*/*'],
      ['X-Forwarded-For', '198.51.100.7'],
      ['X-Forwarded-For', '203.0.113.9'],
      ['X-Forwarded-For', '203.0.113.9:4711'],
      ['X-Forwarded-For', 'unknown'],
      ['X-Forwarded-For', '198.51.100.7,'],
      ['Cookie', 'a=b'],
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom<readonly [string, string]>(
      ['Content-Length', '5'],
      ['Content-Length', '0'],
      ['Content-Length', '+5'],
      ['Content-Length', '5x'],
      ['Content-Length', ''],
      ['Content-Length', '1000'],
      ['Content-Length', '1001'],
      ['Content-Length', '1'.repeat(16)],
      ['Content-Length', '5, 5'],
      ['Transfer-Encoding', 'chunked'],
      ['Transfer-Encoding', 'gzip'],
      ['Transfer-Encoding', 'gzip, chunked'],
      ['Transfer-Encoding', 'chunked, chunked'],
      ['Transfer-Encoding', 'Chunked'],
      ['Expect', '100-continue'],
      ['Expect', 'soup'],
      ['Connection', 'close'],
      ['Connection', 'X-Team'],
      ['Host', 'a.example'],
      ['Host', 'c.example'],
      ['Upgrade', 'h2c'],
      ['TE', 'trailers'],
      ['Trailer', 'x'],
      ['X Y', 'a'],
      ['X(', 'a'],
      ['é', 'a'],
      [' X', 'a'],
      ['X ', 'a'],
      ['X-Bad', 'a\x01b'],
      ['X-Bad', 'a\x7f'],
      ['X-Bad', 'a\0'],
      ['X-Good', 'é'],
      ['X-Good', 'a\tb'],
      ['X-Long', 'v'.repeat(900)],
      ['__proto__', 'x'],
    ),
  },
);
const HEADERS = fc.oneof(
  { weight: 9, arbitrary: fc.array(HEADER, { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.array(HEADER, { minLength: 8, maxLength: 14 }) },
);
const caseOf = (versions: fc.Arbitrary<string>): fc.Arbitrary<Case> =>
  fc.record({
    listener: fc.constantFrom(...Object.keys(LISTENERS)),
    method: METHOD,
    target: TARGET,
    host: HOST,
    version: versions,
    headers: HEADERS,
  });

/** Streams of a connection, so that those that are refused are no flood. */
const MOST_STREAM = 120;

const isUrl = ({ target }: Case): boolean => target.startsWith('/') || target.startsWith('?');
const pathOf = ({ target }: Case): string => (target.startsWith('?') ? `/${target}` : target);
/** A target that names a host, as CONNECT has it. */
const isAuthority = ({ method, target }: Case): boolean => /^connect$/i.test(method) && /^[^/]+:\d+$/.test(target);

function describeCase(one: Case): string {
  return `${writtenAs(one)} ${JSON.stringify(one.headers)} at ${one.listener}`;
}

/** The fields of HTTP/2, each letter a byte. */
function fieldsOf2(one: Case): Pairs {
  const fields: (readonly [string, string])[] = [[':method', one.method]];
  if (one.method !== 'CONNECT') fields.push([':scheme', 'http'], [':path', pathOf(one)]);
  if (isUrl(one)) fields.push([':authority', one.host]);
  else if (isAuthority(one)) fields.push([':authority', one.target]);
  fields.push(...one.headers.map(([name, value]) => [name.toLowerCase(), value] as const));
  return fields.map(([name, value]) => [Buffer.from(name).toString('latin1'), Buffer.from(value).toString('latin1')]);
}

/** What the written request means on the wire, made here a second time. */
function bytesOf(one: Case): Buffer {
  const { method, host, version, headers } = one;
  const hosts = headers.filter(([name]) => name === 'Host');
  const isOther = isUrl(one) && hosts.length > 0 && hosts[0]![1].toLowerCase() !== host.toLowerCase();
  const own = isUrl(one) ? host : isAuthority(one) ? one.target : null;
  const lines = [...(own !== null && hosts.length === 0 ? [['Host', own]] : []), ...headers];
  const text = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.from(`${method} ${isOther ? `http://${host}` : ''}${pathOf(one)} ${version}\r\n${text}\r\n`);
}

/** The same as people write it. */
function writtenAs(one: Case): string {
  return `${one.method} ${isUrl(one) ? `http://${one.host}` : ''}${one.target} ${one.version}`;
}

const log = join(temporaryFolder(), 'access.log');
/** What the access log is to say of each request, in order. */
const reasons: (string | undefined)[] = [];
const seen = new Map<string, number>();

describe('explain and live traffic', () => {
  const servers: Awaited<ReturnType<typeof startServer>>[] = [];
  let stage: Awaited<ReturnType<typeof startGateway>>;

  async function startServer(name: string) {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () =>
        socket.end(`HTTP/1.1 200 OK\r\nX-Backend: ${name}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { port: (server.address() as { port: number }).port, server };
  }

  before(async () => {
    servers.push(await startServer('one'), await startServer('two'));
    const listeners = Object.entries(LISTENERS).map(
      ([name, more]) => `listener ${name === 'capital' ? 'web' : name} on 127.0.0.1:0 {\n  ${more}${RULES}}\n`,
    );
    const backends = ['one', 'two'].map(
      (name, at) => `backend ${name} of 127.0.0.1:${servers[at]!.port} { retry 0 }\n`,
    );
    stage = await startGateway(`${listeners.join('')}${backends.join('')}settings { log access json to "${log}" }\n`);
  });

  after(async () => {
    await stage.stop();
    for (const { server } of servers) server.close();
  });

  const nameOf = (listener: string): string => (listener === 'capital' ? 'web' : listener);
  const addressOf = (listener: string) => stage.gateway.addresses()[nameOf(listener)] as { host: string; port: number };

  /** expected is what explain says: `200 one`, `400`. Notes the reason. */
  async function expected(one: Case): Promise<string> {
    const { verdict } = await stage.gateway.explain({
      request: writtenAs(one),
      headers: one.headers,
      listener: nameOf(one.listener),
    });
    assert.ok(verdict.kind === 'send' || verdict.kind === 'answer', verdict.kind);
    reasons.push(verdict.kind === 'answer' ? verdict.reason : undefined);
    const said = verdict.kind === 'send' ? `200 ${verdict.backend}` : `${verdict.status}`;
    const what = verdict.kind === 'answer' ? `${said} ${verdict.reason ?? 'by a rule'}` : said;
    seen.set(what, (seen.get(what) ?? 0) + 1);
    return said;
  }

  test('HTTP/1: the same status and the same reason', LIMIT, async () => {
    const versions = often(['HTTP/1.1'], ['HTTP/1.0', 'HTTP/1.2', 'HTTP/2.0', 'http/1.1', 'HTTP/1.1x']).filter(
      (version) => version.startsWith('HTTP/'),
    );
    await fc.assert(
      fc.asyncProperty(caseOf(versions), async (one) => {
        const said = await expected(one);
        const got = await askOver1(addressOf(one.listener), bytesOf(one));
        assert.equal(got, said, describeCase(one));
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });

  test('HTTP/2: the same status and the same reason', LIMIT, async () => {
    const wires = new Map<string, { readonly wire: Http2Wire; stream: number }>();
    try {
      await fc.assert(
        fc.asyncProperty(caseOf(fc.constant('HTTP/2')), async (one) => {
          const said = await expected(one);
          let open = wires.get(one.listener);
          if (open === undefined || open.stream > MOST_STREAM) {
            open?.wire.wire.destroy();
            open = { wire: new Http2Wire(await connectTo(addressOf(one.listener))).greet(), stream: 1 };
            wires.set(one.listener, open);
          }
          const { wire, stream } = open;
          open.stream += 2;
          const hasBody = one.headers.some(([name, value]) => name === 'Content-Length' && Number(value) > 0);
          wire.ask(stream, fieldsOf2(one), !hasBody);
          assert.equal(`${await wire.status(stream)}`, said.split(' ')[0], describeCase(one));
        }),
        { numRuns: RUNS, seed: SEED },
      );
    } finally {
      for (const { wire } of wires.values()) wire.wire.destroy();
    }
  });

  test('the access log and explain give the same reasons', LIMIT, async () => {
    await stage.gateway.stop({ deadline: '1s' });
    const lines = readFileSync(log, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.equal(lines.length, reasons.length);
    assert.deepEqual(
      lines.map(({ refused }) => refused),
      reasons,
    );
  });

  test('the requests were of all kinds', () => {
    const statuses = new Set([...seen.keys()].map((what) => what.split(' ')[0]));
    for (const status of ['200', '302', '400', '402', '403', '405', '410', '413', '414', '417', '431', '501'])
      assert.ok(statuses.has(status), status);
    assert.ok(seen.size >= 35, [...seen].map(([what, count]) => `${count} × ${what}`).join('\n'));
  });
});

/** askOver1 sends a request over a connection of its own and returns its status, and the backend that answered. */
async function askOver1(address: { host: string; port: number }, head: Buffer): Promise<string> {
  const wire = await connectTo(address);
  try {
    wire.send(head);
    const text = await firstHead(wire.socket, () => wire.received);
    const backend = /\r\nX-Backend: (\w+)/.exec(text)?.[1];
    return `${text.split(' ')[1]}${backend === undefined ? '' : ` ${backend}`}`;
  } finally {
    wire.destroy();
  }
}

/** firstHead is the first head that is no interim answer. */
function firstHead(socket: Socket, received: () => Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const heads = received().toString('latin1').split('\r\n\r\n');
      const final = heads.slice(0, -1).find((head) => !head.startsWith('HTTP/1.1 1'));
      if (final !== undefined) resolve(final);
    };
    socket.on('data', look);
    socket.on('close', () => reject(new Error('closed without an answer')));
    look();
  });
}

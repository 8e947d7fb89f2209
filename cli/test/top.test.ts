/**
 * `sluice ctl top`: rates between two looks, lines that fit a terminal, and a terminal that is given back.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, get, type Server } from 'node:http';
import { after, before, describe, test } from 'node:test';
import picocolors from 'picocolors';
import { quantile, type Rates, ratesBetween, type Sample } from '../src/ctl/top/rates.ts';
import { rateText, renderTop, type TopView, timeText } from '../src/ctl/top/render.ts';
import { createGateway, type Gateway } from '../src/index.ts';
import { sluice } from './sluice.ts';

const plain = picocolors.createColors(false);
const COMMAND = new URL('../bin/sluice.js', import.meta.url).pathname;

function ratesOf(servers: number): Rates {
  const quantiles = { p50Micros: 1500, p99Micros: null };
  return {
    seconds: 1,
    listeners: [
      { name: 'web', open: 3, requests: 1234, clientErrors: 0, serverErrors: 0.5, bytesIn: 2048, bytesOut: 3e6 },
    ],
    backends: [
      {
        ...{ name: 'app', up: 0, servers, open: 1, waiting: 0, requests: 1, errors: 0, note: 'circuit open' },
        ...quantiles,
      },
    ],
    servers: Array.from({ length: servers }, (_, index) => ({
      ...{ name: `app/server-${index}`, state: 'running', admin: index === 0 ? 'drain' : 'ready', open: 0, waiting: 0 },
      ...{ requests: index, errors: servers - index, ...quantiles },
    })),
  };
}

function viewOf(servers: number, more: Partial<TopView> = {}): TopView {
  return {
    rates: ratesOf(servers),
    longer: [],
    title: 'sluice',
    sort: 'requests',
    isReversed: false,
    offset: 0,
    ...more,
  };
}

test('a picture fits its terminal, whatever its size and however many servers there are', () => {
  for (const [rows, columns] of [
    [24, 80],
    [10, 40],
    [50, 200],
    [1, 20],
  ] as const) {
    for (const servers of [0, 3, 1000]) {
      const lines = renderTop(viewOf(servers, { offset: 7 }), { rows, columns }, plain);
      assert.ok(lines.length <= rows, `${lines.length} lines of ${rows}`);
      for (const line of lines) assert.ok(line.length <= columns, `${line.length} of ${columns}: ${line}`);
    }
  }
  assert.match(renderTop(viewOf(1000), { rows: 24, columns: 80 }, plain).at(-1)!, /\[q\]uit$/);
});

test('servers are sorted by the chosen column, can be scrolled, and show states set by operators', () => {
  const names = (view: TopView): readonly string[] =>
    renderTop(view, { rows: 24, columns: 80 }, plain).flatMap((line) => /^app\/server-\d+/.exec(line) ?? []);
  assert.equal(names(viewOf(5))[0], 'app/server-4');
  assert.equal(names(viewOf(5, { sort: 'errors' }))[0], 'app/server-0');
  assert.equal(names(viewOf(5, { sort: 'name', isReversed: true }))[0], 'app/server-4');
  assert.equal(names(viewOf(100, { offset: 10 }))[0], 'app/server-89');
  assert.equal(names(viewOf(100, { offset: 1000 })).at(-1), 'app/server-0', 'it ends where the servers do');
  const text = renderTop(viewOf(2), { rows: 0, columns: 80 }, plain).join('\n');
  assert.match(text, /app\/server-0 +drain/);
  assert.match(text, /app \(circuit open\) +0\/2/);
});

test('numbers are short', () => {
  assert.deepEqual([0, 0.25, 9.9, 12.4, 999, 1000, 12_345, 3.2e6].map(rateText), [
    ...['0', '0.25', '9.9', '12', '999', '1.0k', '12k', '3.2M'],
  ]);
  assert.deepEqual([null, 420, 1340, 12_000, 3e6].map(timeText), ['-', '420us', '1.3ms', '12ms', '3s']);
});

test('quantiles cover the responses between two refreshes', () => {
  const under = (...counts: number[]) => counts.map((count, index) => ({ underMicros: 1000 * 2 ** index, count }));
  const before = { count: 100, under: under(100, 100, 100) };
  assert.equal(quantile(0.5, before, before), null);
  assert.equal(quantile(0.5, { count: 110, under: under(100, 110, 110) }, before), 1500);
  assert.equal(quantile(0.99, { count: 110, under: under(100, 100, 100) }, before), 4000, 'slower than any bucket');
  assert.equal(quantile(1, { count: 2, under: under(2, 2, 2) }, before), 1000, 'a restart begins at 0');
});

describe('a running gateway', () => {
  let origin: Server;
  let gateway: Gateway;
  let admin: string;

  before(async () => {
    origin = createServer((asked, response) => {
      response.statusCode = asked.url === '/bad' ? 500 : 200;
      response.end('ok');
    }).listen(0, '127.0.0.1');
    await once(origin, 'listening');
    const { port } = origin.address() as { port: number };
    gateway = await createGateway({
      rules: `listener web on 127.0.0.1:0 { otherwise send to app }\nbackend app { server one 127.0.0.1:${port}; server two 127.0.0.1:${port} }`,
      threads: 0,
      logger: false,
      admin: { address: '127.0.0.1:0' },
    });
    await gateway.start();
    const at = gateway.adminAddress as { host: string; port: number };
    admin = `${at.host}:${at.port}`;
  });
  after(async () => {
    await gateway.stop({ deadline: 0 });
    origin.closeAllConnections();
    origin.close();
  });

  const ask = async (path: string): Promise<void> => {
    const { port } = gateway.addresses().web as { port: number };
    const [response] = await once(get({ host: '127.0.0.1', port, path, agent: false }), 'response');
    response.resume();
    await once(response, 'end');
  };

  test('rates cover the requests between two refreshes', async () => {
    const look = (atMs: number): Sample => {
      const stats = gateway.stats();
      const backends = stats.backends.map((backend) => ({
        ...backend,
        servers: backend.servers.map((server) => ({ ...server, backend: backend.name, history: [], draining: null })),
      }));
      return { atMs, stats: { ...stats, backends } };
    };
    await ask('/before');
    const first = look(0);
    for (let count = 0; count < 8; count++) await ask('/');
    for (let count = 0; count < 2; count++) await ask('/bad');
    const { listeners, backends, servers } = ratesBetween(first, look(2000));
    assert.deepEqual([listeners[0]!.requests, listeners[0]!.serverErrors], [5, 1]);
    assert.deepEqual([backends[0]!.requests, backends[0]!.errors, backends[0]!.up], [5, 1, 2]);
    assert.ok(backends[0]!.p99Micros! > 0);
    assert.deepEqual(
      servers.map(({ name, requests }) => [name, requests]),
      [
        ['app/one', 2.5],
        ['app/two', 2.5],
      ],
    );
  });

  test('without a terminal it prints one picture, for people or as JSON', async () => {
    const once = await sluice(['ctl', 'top'], { env: { SLUICE_ADMIN: admin } });
    assert.equal(once.code, 0, once.stderr);
    assert.match(once.stdout, /^sluice .*: running for .*\nrequests: .*\/s over 1 s\n\nLISTENER/);
    assert.match(once.stdout, /app\/two +running/);
    assert.ok(!once.stdout.includes('\u001b'));
    const json = await sluice(['ctl', 'top', '--json', '--sort', 'name'], { env: { SLUICE_ADMIN: admin } });
    assert.deepEqual(
      JSON.parse(json.stdout).servers.map(({ name }: { name: string }) => name),
      ['app/one', 'app/two'],
    );
    for (const wrong of [
      ['--interval', '0'],
      ['--sort', 'nonsense'],
    ]) {
      assert.equal((await sluice(['ctl', 'top', ...wrong], { env: { SLUICE_ADMIN: admin } })).code, 2);
    }
    assert.equal((await sluice(['ctl', 'top'], { env: { SLUICE_ADMIN: '127.0.0.1:1' } })).code, 3);
  });

  const hasScript = spawnSync('script', ['--version']).status === 0;
  for (const [how, signal] of [
    ['q is pressed', null],
    ['it is told to end', 'SIGTERM'],
    ['it is hung up', 'SIGHUP'],
  ] as const) {
    test(`on a terminal it draws, sorts, and gives the terminal back when ${how}`, {
      skip: !hasScript && 'no script',
    }, async () => {
      const command = `stty rows 24 cols 80; echo pid $$.; exec ${process.execPath} ${COMMAND} ctl top`;
      const child = spawn('script', ['-qec', command, '/dev/null'], {
        env: { ...process.env, SLUICE_ADMIN: admin, TERM: 'xterm' },
      });
      let shown = '';
      let wanted: { text: string; found: () => void } | null = null;
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        shown += text;
        if (wanted !== null && shown.includes(wanted.text)) wanted.found();
      });
      const seen = (text: string) =>
        new Promise<void>((found) => {
          wanted = { text, found };
          if (shown.includes(text)) found();
        });
      await seen('[r]equests↓');
      child.stdin.write('e');
      await seen('[e]rrors↓');
      if (signal === null) child.stdin.write('q');
      else process.kill(Number(/pid (\d+)\./.exec(shown)![1]), signal);
      await once(child, 'exit');
      assert.ok(shown.includes('\u001b[?1049h\u001b[?25l'), 'the other screen');
      assert.ok(shown.trimEnd().endsWith('\u001b[?25h\u001b[?1049l'), JSON.stringify(shown.slice(-200)));
      assert.match(shown, /app\/one +running/);
    });
  }
});

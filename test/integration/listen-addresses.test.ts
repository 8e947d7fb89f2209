/**
 * Where listeners listen: every kind of address, several of them, over reloads, on one thread and on several.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type NetConnectOpts, connect as netConnect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { createGateway, type Gateway } from 'sluice';
import { eventually, freePort, RawServer, sluice, temporaryFolder, Wire } from '../kit/index.ts';

const QUIET = { logger: false } as const;

async function running(rules: string, threads = 0): Promise<Gateway & AsyncDisposable> {
  const gateway = await createGateway({ rules, threads, ...QUIET });
  await gateway.start();
  return gateway;
}

async function wire(to: NetConnectOpts): Promise<Wire> {
  const socket = netConnect(to);
  await once(socket, 'connect');
  return new Wire(socket);
}

/** ask sends one request and returns the status and the body. */
async function ask(to: NetConnectOpts, head = 'GET / HTTP/1.1\r\nHost: a.test\r\n'): Promise<string> {
  const client = await wire(to);
  try {
    const answer = await client.send(`${head}Connection: close\r\n\r\n`).answer();
    return `${answer.status} ${answer.body.toString('latin1')}`;
  } finally {
    client.destroy();
  }
}

const REFUSED = { code: 'ECONNREFUSED' };
const answers = (status: number, on: string): string =>
  `listener web on ${on} { deny ${status} when all; otherwise deny }\n`;

test('a port alone takes IPv4 and IPv6', async () => {
  await using gateway = await running(answers(401, ':0'));
  const { port } = gateway.addresses().web as { port: number };
  for (const host of ['127.0.0.1', '::1']) assert.match(await ask({ host, port }), /^401/);
});

test('`[::]` takes IPv6 alone, and IPv4 may have the same port in another listener', async () => {
  const port = await freePort();
  const rules = `${answers(401, `[::]:${port}`)}listener four on 0.0.0.0:${port} { deny 402 when all; otherwise deny }\n`;
  for (const threads of [0, 2]) {
    await using _gateway = await running(rules, threads);
    assert.match(await ask({ host: '::1', port }), /^401/);
    assert.match(await ask({ host: '127.0.0.1', port }), /^402/);
  }
  await using alone = await running(answers(401, '[::]:0'));
  const bound = (alone.addresses().web as { port: number }).port;
  await assert.rejects(ask({ host: '127.0.0.1', port: bound }), REFUSED);
});

for (const threads of [0, 2]) {
  test(`a listener serves all its addresses, ports 0 among them, with ${threads} threads`, async () => {
    const folder = temporaryFolder();
    const files = ['a', 'b', 'c'].map((name) => join(folder, `${name}.sock`));
    const sockets = files.map((file) => `unix:${file}`).join(', ');
    const abstract = `sluice-${process.pid}-${threads}`;
    const server = await RawServer.start();
    await using gateway = await running(
      `listener web on 127.0.0.1:0, [::1]:0, ${sockets}, unix:@${abstract} {
  deny 403 when path is /port and not port 0
  otherwise send to app
}
backend app of 127.0.0.1:${server.address.port}
`,
      threads,
    );
    const { address, otherAddresses } = gateway.stats().listeners[0]!;
    const tcp = [address, ...otherAddresses].filter((each) => 'port' in each);
    assert.equal(new Set(tcp.map(({ port }) => port)).size, 2);
    for (const to of [...tcp, ...files.map((path) => ({ path })), { path: `\0${abstract}` }]) {
      assert.equal(await ask(to, 'GET /here HTTP/1.1\r\nHost: a.test\r\n'), '200 /here');
      const status = 'path' in to ? '200 /port' : '403';
      assert.ok((await ask(to, 'GET /port HTTP/1.1\r\nHost: a.test\r\n')).startsWith(status));
    }
    await gateway.stop({ deadline: 0 });
    assert.deepEqual(
      files.map((file) => existsSync(file)),
      [false, false, false],
    );
    await server.stop();
  });
}

/** Three ports in a row that nobody has. */
async function freeRange(): Promise<number> {
  for (;;) {
    const low = await freePort();
    const taken = await Promise.all(
      [low, low + 1, low + 2].map(async (port) => {
        const server = createServer();
        try {
          server.listen(port, '127.0.0.1');
          await once(server, 'listening');
          return false;
        } catch {
          return true;
        } finally {
          server.close();
        }
      }),
    );
    if (!taken.includes(true)) return low;
  }
}

test('every port of a range is served, by http and tcp listeners, and rules can distinguish them', async () => {
  const low = await freeRange();
  {
    await using _gateway = await running(
      `listener web on 127.0.0.1:${low}-${low + 2} { deny 401 when port ${low}; deny 402 when port ${low + 1}; otherwise deny 403 }\n`,
    );
    const asked = await Promise.all([0, 1, 2].map((at) => ask({ host: '127.0.0.1', port: low + at })));
    assert.deepEqual(
      asked.map((answer) => answer.slice(0, 3)),
      ['401', '402', '403'],
    );
  }
  const server = await RawServer.start((wire) => void wire.send('hello').end());
  await using _gateway = await running(
    `listener db on 127.0.0.1:${low}-${low + 2} tcp { deny port ${low + 1}; otherwise send to app }
backend app of 127.0.0.1:${server.address.port}
`,
    2,
  );
  for (const at of [0, 2]) {
    const client = await wire({ host: '127.0.0.1', port: low + at });
    assert.equal((await client.bytes(5)).toString(), 'hello');
    client.destroy();
  }
  const refused = await wire({ host: '127.0.0.1', port: low + 1 });
  await refused.closed();
  await server.stop();
});

test('a range of ports is a server each', async () => {
  const low = await freeRange();
  const servers = await Promise.all(
    [0, 1, 2].map((at) =>
      RawServer.start(async (wire) => {
        await wire.request();
        wire.send(`HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n${at}`).end();
      }, low + at),
    ),
  );
  await using gateway = await running(
    `listener web on 127.0.0.1:0 { otherwise send to app }\nbackend app { server web 127.0.0.1:${low}-${low + 2} }\n`,
  );
  const { port } = gateway.addresses().web as { port: number };
  const bodies: string[] = [];
  for (let turn = 0; turn < 3; turn++) bodies.push(await ask({ host: '127.0.0.1', port }));
  assert.deepEqual(bodies.sort(), ['200 0', '200 1', '200 2']);
  assert.equal(gateway.server(`app/web-${low}`).state, 'running');
  for (const server of servers) await server.stop();
});

for (const threads of [0, 2]) {
  test(`reloads change a listener's addresses and lose no request on those that stay, with ${threads} threads`, async () => {
    const folder = temporaryFolder();
    const [first, second] = [join(folder, 'first.sock'), join(folder, 'second.sock')];
    const [one, two] = [await freePort(), await freePort()];
    const rules = (on: string): { text: string } => ({ text: answers(401, on) });
    await using gateway = await createGateway({
      rules: answers(401, `127.0.0.1:${one}, unix:${first}`),
      threads,
      ...QUIET,
    });
    await gateway.start();
    let isOver = false;
    const asking = Promise.all(
      [{ host: '127.0.0.1', port: one }, { path: first }].map(async (to) => {
        let count = 0;
        for (; !isOver; count++) assert.match(await ask(to), /^401/);
        return count;
      }),
    );
    const inode = statSync(first).ino;
    for (const on of [
      `unix:${second}, unix:${first}, 127.0.0.1:${two}, 127.0.0.1:${one}`,
      `127.0.0.1:${one}-${one}`.replace(/-.*/, `, unix:${first}`),
      `unix:${first}, 127.0.0.1:${one}, unix:${second}`,
    ]) {
      await gateway.reload({ rules: rules(on).text });
      assert.equal(statSync(first).ino, inode, 'the socket that stays is not bound anew');
      if (on.includes(second)) assert.match(await ask({ path: second }), /^401/);
      else assert.equal(existsSync(second), false);
      if (on.includes(`:${two}`)) assert.match(await ask({ host: '127.0.0.1', port: two }), /^401/);
      else
        await eventually('the port to be free', () =>
          ask({ host: '127.0.0.1', port: two }).then(
            () => false,
            () => true,
          ),
        );
    }
    isOver = true;
    for (const count of await asking) assert.ok(count > 0);
  });
}

test('a listener goes from every address to one and back without a pause', async () => {
  const port = await freePort();
  await using gateway = await running(answers(401, `:${port}`), 2);
  for (const on of [`127.0.0.1:${port}`, `:${port}`, `0.0.0.0:${port}, [::]:${port}`]) {
    await gateway.reload({ rules: answers(401, on) });
    assert.match(await ask({ host: '127.0.0.1', port }), /^401/);
  }
});

test('a socket file has the permissions in the rules, from the first moment and across reloads', async () => {
  const path = join(temporaryFolder(), 'web.sock');
  const rules = (mode: string): string =>
    `listener web on unix:${path} { ${mode}; deny 401 when all; otherwise deny }\n`;
  await using gateway = await running(rules('socket mode 600'));
  assert.equal(statSync(path).mode & 0o777, 0o600);
  await gateway.reload({ rules: rules('socket mode 666') });
  assert.equal(statSync(path).mode & 0o777, 0o666);
  assert.match(await ask({ path }), /^401/);
});

test('the stale socket file of a killed process is replaced', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'web.sock');
  const file = join(folder, 'gateway.sluice');
  writeFileSync(file, answers(401, `unix:${path}`));
  const killed = sluice('run', file, '--threads', '1', '--no-supervisor');
  await killed.printed(/listener web is on/);
  killed.signal('SIGKILL');
  await killed.exited;
  assert.ok(lstatSync(path).isSocket());
  await assert.rejects(ask({ path }), REFUSED);
  await using _gateway = await running(answers(402, `unix:${path}`));
  assert.match(await ask({ path }), /^402/);
});

test('a socket file that somebody listens on is left alone, even where he takes no more connections', async () => {
  const path = join(temporaryFolder(), 'web.sock');
  // A process that listens, accepts nothing, and has a full queue.
  const busy = spawn(
    process.execPath,
    [
      '-e',
      `const server = require('node:net').createServer();
       server.listen({ path: ${JSON.stringify(path)}, backlog: 1 }, () => {
         require('node:fs').writeSync(1, 'listening');
         Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
       });`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await once(busy.stdout, 'data');
  const waiting: Wire[] = [];
  const isFull = async (): Promise<boolean> => {
    try {
      waiting.push(await wire({ path }));
      return false;
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
      return true;
    }
  };
  await eventually('the queue to be full', isFull);
  await assert.rejects(running(answers(401, `unix:${path}`)), { code: 'SG0304' });
  assert.ok(lstatSync(path).isSocket());
  for (const each of waiting) each.destroy();
  busy.kill('SIGKILL');
  await once(busy, 'exit');
  await using _gateway = await running(answers(401, `unix:${path}`));
  assert.match(await ask({ path }), /^401/);
});

test('a file that is not a socket is never removed, and a missing folder is reported', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'web.sock');
  writeFileSync(path, 'precious');
  await assert.rejects(running(answers(401, `unix:${path}`)), { code: 'SG0305' });
  assert.equal(lstatSync(path).size, 8);
  await assert.rejects(running(answers(401, `unix:${join(folder, 'none', 'web.sock')}`)), { code: 'SG0306' });
});

test('a socket file that is another process’s by now stays when the gateway goes', async () => {
  const path = join(temporaryFolder(), 'web.sock');
  const gateway = await running(answers(401, `unix:${path}`));
  await using next = await createGateway({
    rules: answers(402, `unix:${path}`),
    threads: 0,
    isTakeover: true,
    ...QUIET,
  });
  await next.start();
  await gateway.stop({ deadline: 0 });
  assert.match(await ask({ path }), /^402/);
});

test('an abstract name that somebody has is refused', async () => {
  const name = `sluice-taken-${process.pid}`;
  await using _gateway = await running(answers(401, `unix:@${name}`));
  await assert.rejects(running(answers(402, `unix:@${name}`)), { code: 'SG0304' });
});

test('tcp listeners and servers may be abstract names', async () => {
  const [front, back] = [`sluice-front-${process.pid}`, `sluice-back-${process.pid}`];
  const server = createServer((socket) => void socket.pipe(socket));
  server.listen({ path: `\0${back}` });
  await once(server, 'listening');
  await using _gateway = await running(
    `listener echo on unix:@${front} tcp { otherwise send to app }\nbackend app of unix:@${back} { check tcp every 100ms }\n`,
    2,
  );
  const client = await wire({ path: `\0${front}` });
  assert.equal((await client.send('hello').bytes(5)).toString(), 'hello');
  client.destroy();
  server.close();
});

test('the backlog is the one in the rules, and changes with them', async (context) => {
  if (spawnSync('ss', ['-V']).status !== 0) return context.skip('ss (iproute2) is not installed');
  const port = await freePort();
  const backlog = (): string => {
    const { stdout } = spawnSync('ss', ['-Hltn', `sport = :${port}`], { encoding: 'utf8' });
    return [
      ...new Set(
        stdout
          .trim()
          .split('\n')
          .map((line) => line.trim().split(/\s+/)[2]),
      ),
    ].join();
  };
  const rules = (line: string): string =>
    `listener web on 127.0.0.1:${port} {\n${line}\ndeny 401 when all; otherwise deny }\n`;
  for (const threads of [0, 2]) {
    await using gateway = await running(rules('backlog 77'), threads);
    assert.equal(backlog(), '77');
    await gateway.reload({ rules: rules('backlog 99') });
    assert.equal(backlog(), '99');
    assert.match(await ask({ host: '127.0.0.1', port }), /^401/);
  }
});

test('link-local addresses are served on their interface, and their clients are known by them', (context) => {
  const script = `ip link set lo up && ip addr add fe80::77/64 dev lo nodad && exec "$0" "$1"`;
  const fixture = new URL('./fixtures/link-local.ts', import.meta.url).pathname;
  const args = ['--user', '--map-root-user', '--net', 'sh', '-c', script, process.execPath, fixture];
  const able = spawnSync('unshare', [...args.slice(0, 5), 'ip link set lo up && ip addr add fe80::77/64 dev lo nodad']);
  if (able.status !== 0) return context.skip('no network namespace with a link-local address can be made here');
  const { stdout, stderr } = spawnSync('unshare', args, { encoding: 'utf8' });
  assert.equal(stdout.trim(), '200 200', stderr);
});

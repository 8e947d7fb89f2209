import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Address, ListenerPlan } from '@sluice/dsl/plan';
import {
  ADMIN_API,
  bindError,
  hasReusePort,
  listenerOwner,
  type Ports,
  resolvePorts,
} from '../../../src/control/reload/ports.ts';
import { listener } from '../fixtures/plans.ts';

const NOTHING = { listeners: [], ports: {} };

function at(name: string, address: Address): ListenerPlan {
  return listener(name, { address });
}

function resolve(...listeners: ListenerPlan[]): Promise<Ports> {
  return resolvePorts(listeners, NOTHING, { isTakeover: false });
}

async function listening(options: object): Promise<Server & AsyncDisposable> {
  const server = createServer();
  server.listen(options);
  await once(server, 'listening');
  return server;
}

test('port 0 becomes a number that can be bound', async () => {
  const ports = await resolve(at('web', { host: '127.0.0.1', port: 0 }), at('api', { host: '127.0.0.1', port: 0 }));
  assert.ok(ports.web! > 0 && ports.api! > 0);
  await using server = await listening({ host: '127.0.0.1', port: ports.web });
  assert.equal((server.address() as AddressInfo).port, ports.web);
});

test('a port that another has is refused, even one bound with SO_REUSEPORT', async () => {
  for (const options of [{}, { reusePort: true }]) {
    await using server = await listening({ host: '127.0.0.1', port: 0, ...options });
    const { port } = server.address() as AddressInfo;
    await assert.rejects(resolve(at('web', { host: '127.0.0.1', port })), {
      code: 'SG0301',
      message: `listener \`web\`: address 127.0.0.1:${port} is in use by another process: stop it, or choose another port`,
    });
  }
});

test('a takeover does not ask', async () => {
  await using server = await listening({ host: '127.0.0.1', port: 0, reusePort: true });
  const { port } = server.address() as AddressInfo;
  assert.deepEqual(await resolvePorts([at('web', { host: '127.0.0.1', port })], NOTHING, { isTakeover: true }), {});
});

test('an address of another machine is refused', async () => {
  await assert.rejects(resolve(at('web', { host: '192.0.2.1', port: 0 })), {
    code: 'SG0303',
    message: /192\.0\.2\.1:0 does not belong to this machine/,
  });
});

test('two listeners on one address are refused, two on port 0 are not', async () => {
  await assert.rejects(resolve(at('a', { host: '127.0.0.1', port: 9 }), at('b', { host: '127.0.0.1', port: 9 })), {
    code: 'SG0308',
    message: /^listeners `a` and `b` have the same address 127\.0\.0\.1:9/,
  });
});

test('an address that is already bound is not bound again, and keeps its port', async () => {
  await using server = await listening({ host: '127.0.0.1', port: 0 });
  const { port } = server.address() as AddressInfo;
  const fixed = at('fixed', { host: '127.0.0.1', port });
  const any = at('any', { host: '127.0.0.1', port: 0 });
  const bound = { listeners: [fixed, any], ports: { any: 12_345 } };
  assert.deepEqual(await resolvePorts([fixed, any], bound, { isTakeover: false }), { any: 12_345 });
  const renamed = await resolvePorts([at('other', { host: '127.0.0.1', port: 0 })], bound, { isTakeover: false });
  assert.notEqual(renamed.other, 12_345);
});

test('a stale socket file is removed; one in use, a regular file and a missing folder are errors', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-'));
  context.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'web.sock');
  // A process that is killed leaves its socket file behind.
  const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log('bound'))`;
  const child = spawn(process.execPath, ['-e', script]);
  await once(child.stdout, 'data');
  await assert.rejects(resolve(at('web', { path })), { code: 'SG0304' });
  child.kill('SIGKILL');
  await once(child, 'close');
  assert.ok(existsSync(path));
  assert.deepEqual(await resolve(at('web', { path })), {});
  assert.equal(existsSync(path), false);
  const file = join(folder, 'file');
  await writeFile(file, 'precious');
  await assert.rejects(resolve(at('web', { path: file })), { code: 'SG0305' });
  assert.ok(existsSync(file));
  await assert.rejects(resolve(at('web', { path: join(folder, 'none/web.sock') })), { code: 'SG0306' });
});

test('a privileged port without permission is an error with a fix', async (context) => {
  const source = new URL('../../../src/control/reload/ports.ts', import.meta.url).href;
  const script = `
    import { resolvePorts } from ${JSON.stringify(source)};
    const web = { name: 'web', address: { host: '127.0.0.1', port: 1 } };
    const none = { listeners: [], ports: {} };
    await resolvePorts([web], none, { isTakeover: false }).then(
      () => console.log('allowed'),
      ({ code, message }) => console.log(code + ' ' + message),
    );`;
  const isRoot = process.getuid?.() === 0;
  const nobody = isRoot ? { uid: 65_534, gid: 65_534 } : {};
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    ...nobody,
  });
  if (stdout === 'allowed\n') {
    context.skip('this system lets everybody bind low ports');
    return;
  }
  assert.match(stdout, /^SG0302 listener `web`: port 1 requires privileges: run as root, or `setcap/, stderr);
});

test('port sharing is detected', async () => {
  assert.equal(await hasReusePort(), process.platform === 'linux');
});

test('a bind error names its owner and keeps its cause, for every system error', () => {
  const failed = (code: string) => Object.assign(new Error(`listen ${code}`), { code });
  const port: Address = { host: '127.0.0.1', port: 99 };
  for (const [address, system, code, message] of [
    [port, 'EADDRINUSE', 'SG0301', 'address 127.0.0.1:99 is in use'],
    [port, 'EACCES', 'SG0302', 'port 99 requires privileges'],
    [port, 'EADDRNOTAVAIL', 'SG0303', 'address 127.0.0.1:99 does not belong'],
    [port, 'EMFILE', 'SG0307', 'address 127.0.0.1:99 cannot be bound: listen EMFILE'],
    [{ path: '/run/a.sock' }, 'EADDRINUSE', 'SG0304', 'socket /run/a.sock is in use'],
    [{ path: '/run/a.sock' }, 'EACCES', 'SG0306', 'socket /run/a.sock cannot be created'],
  ] as const) {
    const cause = failed(system);
    for (const owner of [ADMIN_API, listenerOwner('web')]) {
      const error = bindError(owner, address, cause);
      assert.deepEqual([error.code, error.cause], [code, cause]);
      assert.ok(error.message.startsWith(`${owner}: ${message}`), error.message);
    }
  }
});

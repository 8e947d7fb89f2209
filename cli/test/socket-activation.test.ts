/**
 * Socket activation: listening sockets from a service manager, with the real systemd-socket-activate.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { eventually, freePort } from '@sluice/plugin-kit';
import { COMMAND, folderOf, get, type LogLine, statusOver } from './sluice.ts';

const HAS_NONE = spawnSync('systemd-socket-activate', ['--version']).error !== undefined;
const options = HAS_NONE ? { skip: 'systemd-socket-activate is not installed' } : {};

interface Activated {
  readonly port: number;
  readonly socket: string;
  readonly file: string;
  readonly lines: readonly LogLine[];
  logged(message: RegExp): Promise<LogLine>;
  signal(signal: NodeJS.Signals): void;
  readonly exited: Promise<number | null>;
}

/** The gateway starts with the first connection: that is how systemd-socket-activate works. */
async function startActivated(t: TestContext, names: string, threads: number): Promise<Activated> {
  const port = await freePort();
  const folder = await folderOf(t, {});
  const [file, socket] = [join(folder, 'gateway.sluice'), join(folder, 'web.sock')];
  writeFileSync(
    file,
    `settings {\n  threads ${threads}\n}\nlistener web on 127.0.0.1:${port}, unix:${socket} {\n  otherwise deny 410\n}\n`,
  );
  const listen = ['-l', `127.0.0.1:${port}`, '-l', socket, `--fdname=${names}`];
  const child = spawn('systemd-socket-activate', [
    ...listen,
    process.execPath,
    COMMAND,
    'run',
    file,
    '--log-level',
    'debug',
  ]);
  t.after(() => child.kill('SIGKILL'));
  const lines: LogLine[] = [];
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const all = (rest + text).split('\n');
    rest = all.pop()!;
    lines.push(...all.map((line) => JSON.parse(line) as LogLine));
  });
  await eventually('the sockets', () => existsSync(socket));
  const logged = async (message: RegExp): Promise<LogLine> => {
    await eventually(String(message), () => lines.some(({ msg }) => message.test(msg)));
    return lines.find(({ msg }) => message.test(msg))!;
  };
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  return { port, socket, file, lines, logged, signal: (signal) => child.kill(signal), exited };
}

for (const threads of [1, 2]) {
  test(
    `a listener serves on the sockets of its name, over crashes and upgrades (threads ${threads})`,
    options,
    async (t) => {
      const gateway = await startActivated(t, 'web:web', threads);
      const { port, socket, logged, lines, signal } = gateway;
      assert.equal((await get(port, '/')).status, 410);
      assert.equal(await statusOver(socket), 410);
      const inode = statSync(socket).ino;
      const { pid } = await logged(/^ready after/);
      await logged(/^the gateway serves/);
      signal('SIGUSR2');
      await logged(/^upgraded to version/);
      await logged(/has completed its requests$/);
      assert.equal((await get(port, '/')).status, 410);
      assert.equal(await statusOver(socket), 410);
      const { pid: next } = lines.findLast(({ msg }) => msg.startsWith('ready after'))!;
      assert.notEqual(next, pid);
      process.kill(next as number, 'SIGSEGV');
      await logged(/crash 1$/);
      assert.equal((await get(port, '/')).status, 410);
      assert.equal(await statusOver(socket), 410);
      await logged(/ serves again after /);
      signal('SIGTERM');
      assert.equal(await gateway.exited, 0);
      assert.equal(statSync(socket).ino, inode, 'the file is the service manager’s');
    },
  );
}

test('sockets that no listener is named after are reported', options, async (t) => {
  const gateway = await startActivated(t, 'admin:other', 1);
  // Nobody serves what these connections wait for: the listener cannot bind what the service manager has.
  void get(gateway.port, '/').catch(() => {});
  await gateway.logged(/^the socket admin from the service manager is used by no listener: none has this name$/);
  await gateway.logged(/^the socket other from the service manager is used by no listener/);
  assert.equal(await gateway.exited, 1);
});

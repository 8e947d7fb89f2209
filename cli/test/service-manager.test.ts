/**
 * What `sluice run` says to its service manager, with the real systemd-notify and a socket as systemd's.
 */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { eventually } from '@sluice/plugin-kit';
import { folderOf, RunningCommand } from './sluice.ts';

/** Node.js has no datagram sockets of Unix; perl is on every Debian. Prints a line per message, its variables separated by spaces. */
const LISTENING = `use IO::Socket::UNIX; use Socket; $| = 1;
my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $ARGV[0]) or die $!;
while (defined $socket->recv(my $message, 65536)) { $message =~ s/\\n/ | /g; print "$message\\n" }`;

const HAS_NO = ['systemd-notify', 'perl'].find((command) => spawnSync(command, ['--version']).error !== undefined);
const options = HAS_NO === undefined ? {} : { skip: `${HAS_NO} is not installed` };
const RULES = 'listener web on 127.0.0.1:0 { otherwise deny 404 }\n';

interface Manager {
  readonly messages: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

async function startManager(
  t: TestContext,
  folder: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Manager> {
  const socket = join(folder, 'notify');
  const child = spawn('perl', ['-e', LISTENING, socket]);
  t.after(() => child.kill('SIGKILL'));
  const messages: string[] = [];
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop()!;
    // `systemd-notify` waits until what it sent has been read: its own business.
    messages.push(...lines.filter((line) => line !== 'BARRIER=1'));
  });
  await eventually('the socket is there', () => existsSync(socket));
  return { messages, env: { NOTIFY_SOCKET: socket, ...more } };
}

/** Which of the process's children has this variable in its environment. */
function childrenWith(pid: number, variable: string): readonly string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      const isNode = readFileSync(`/proc/${name}/cmdline`, 'utf8').includes('sluice');
      return parent === pid && isNode && readFileSync(`/proc/${name}/environ`, 'utf8').includes(`${variable}=`);
    } catch {
      return false;
    }
  });
}

for (const more of [[], ['--no-supervisor']]) {
  test(`a service is ready, reloads and stops: run ${more.join(' ')}`, options, async (t) => {
    const folder = await folderOf(t, { 'gateway.sluice': RULES });
    const { messages, env } = await startManager(t, folder);
    const run = new RunningCommand(t, ['run', 'gateway.sluice', '--threads', '1', ...more], { cwd: folder, env });
    const pid = run.child.pid!;
    await eventually('the service manager is notified', () => messages.length === 1);
    assert.equal(messages[0], `READY=1 | STATUS=serving | MAINPID=${pid}`);
    assert.deepEqual(childrenWith(pid, 'NOTIFY_SOCKET'), []);

    const before = process.hrtime.bigint() / 1_000n;
    run.child.kill('SIGHUP');
    await eventually('the service manager is notified', () => messages.length === 3);
    const [, micros] = /^RELOADING=1 \| MONOTONIC_USEC=(\d+) \| STATUS=reloading$/.exec(messages[1]!)!;
    assert.ok(BigInt(micros!) >= before && BigInt(micros!) <= process.hrtime.bigint() / 1_000n);
    assert.equal(messages[2], `READY=1 | STATUS=serving | MAINPID=${pid}`);

    writeFileSync(join(folder, 'gateway.sluice'), 'listener web on 127.0.0.1:0 { nonsense }\n');
    run.child.kill('SIGHUP');
    await eventually('the service manager is notified', () => messages.length === 5);
    assert.equal(messages[4], `READY=1 | STATUS=serving; the last reload failed | MAINPID=${pid}`);

    run.child.kill('SIGTERM');
    assert.equal((await run.ended).code, 0);
    await eventually('the service manager is notified', () => messages.length === 6);
    assert.equal(messages[5], 'STOPPING=1 | STATUS=completing open requests');
  });

  test(`the watchdog hears of a gateway that works: run ${more.join(' ')}`, options, async (t) => {
    const folder = await folderOf(t, { 'gateway.sluice': RULES });
    const { messages, env } = await startManager(t, folder, { WATCHDOG_USEC: '400000' });
    new RunningCommand(t, ['run', 'gateway.sluice', '--threads', '1', ...more], { cwd: folder, env });
    await eventually(
      'the service manager is notified',
      () => messages.filter((message) => message === 'WATCHDOG=1').length >= 3,
    );
  });
}

test('the watchdog is not notified while the gateway hangs', options, async (t) => {
  const folder = await folderOf(t, { 'gateway.sluice': RULES });
  const { messages, env } = await startManager(t, folder, { WATCHDOG_USEC: '200000' });
  const run = new RunningCommand(t, ['run', 'gateway.sluice', '--threads', '1', '--log-level', 'debug'], {
    cwd: folder,
    env,
  });
  await eventually('the service manager is notified', () => messages.includes('WATCHDOG=1'));
  const gateway = Number(/process (\d+)/.exec((await run.logged(/^the gateway serves, as process /)).msg)![1]);
  process.kill(gateway, 'SIGSTOP');
  t.after(() => process.kill(gateway, 'SIGKILL'));
  // What was asked before the stop may be answered yet.
  await new Promise((resolve) => setTimeout(resolve, 300));
  const heard = messages.length;
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal(messages.length, heard);
  process.kill(gateway, 'SIGCONT');
  await eventually('the service manager is notified', () => messages.length > heard);
});

test('a service manager that cannot be notified is reported once', async (t) => {
  const folder = await folderOf(t, { 'gateway.sluice': RULES });
  const env = { PATH: folder, NOTIFY_SOCKET: join(folder, 'none'), WATCHDOG_USEC: '100000' };
  const run = new RunningCommand(t, ['run', 'gateway.sluice', '--threads', '1'], { cwd: folder, env });
  const { level } = await run.logged(/^the service manager cannot be notified: /);
  assert.equal(level, 'warn');
  await run.port();
  run.child.kill('SIGHUP');
  await run.logged(/^SIGHUP: reloading/);
  run.child.kill('SIGTERM');
  assert.equal((await run.ended).code, 0);
  assert.equal(run.lines.filter(({ msg }) => msg.startsWith('the service manager')).length, 1);
});

/**
 * Rotation loses no line, and writes none twice, while requests come as fast as they can: by the gateway itself, and by logrotate with the
 * configuration of the Debian package.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { Load, runSluice, type SluiceProcess, skipUnless, temporaryFolder } from '../kit/index.ts';

const COUNT = 6000;

/** idsOf are the ids of all lines in a folder, compressed or not. */
function idsOf(folder: string): readonly string[] {
  return readdirSync(folder).flatMap((name) => {
    const bytes = readFileSync(join(folder, name));
    const text = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
    assert.ok(text === '' || text.endsWith('\n'), `${name} ends within a line`);
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as { id: string }).id);
  });
}

/** gatewayOf answers everything by itself, and logs into a folder. */
function gatewayOf(folder: string, rotation = ''): Promise<SluiceProcess> {
  return runSluice(
    (port) => `settings { log access json to "${join(folder, 'access.log')}"${rotation} }
listener web on 127.0.0.1:${port} { otherwise deny 404 }
`,
    '--threads',
    '2',
  );
}

const loadOn = (gateway: SluiceProcess): Load =>
  new Load(gateway.address, { judge: ({ status }) => (status === 404 ? null : `status ${status}`) });

async function checkIds(gateway: SluiceProcess, load: Load, folder: string): Promise<void> {
  await load.stop();
  await gateway.program.stop(20_000);
  assert.deepEqual(load.failures, []);
  const ids = idsOf(folder);
  assert.equal(ids.length, load.answered);
  assert.equal(new Set(ids).size, ids.length);
}

test('the gateway rotates by size: no file is larger, none too many are kept, and no line is lost', async () => {
  const folder = temporaryFolder();
  const gateway = await gatewayOf(folder, ' rotate at 256KiB keep 99');
  const load = loadOn(gateway);
  await load.more(COUNT);
  await checkIds(gateway, load, folder);
  const names = readdirSync(folder);
  assert.ok(names.length > 5, names.join());
  for (const name of names) assert.ok(statSync(join(folder, name)).size <= 256 * 1024, name);
  const numbers = names.filter((name) => name !== 'access.log').map((name) => Number(name.slice('access.log.'.length)));
  assert.deepEqual(
    numbers.toSorted((a, b) => a - b),
    numbers.map((_, index) => index + 1),
  );
});

test('of the files that the gateway has rotated, only so many are kept', async () => {
  const folder = temporaryFolder();
  const gateway = await gatewayOf(folder, ' rotate at 128KiB keep 2');
  const load = loadOn(gateway);
  await load.more(COUNT / 4);
  await load.stop();
  await gateway.program.stop(20_000);
  assert.deepEqual(readdirSync(folder).toSorted(), ['access.log', 'access.log.1', 'access.log.2']);
});

test('logrotate, as the Debian package configures it, loses no line', skipUnless('logrotate', 'gzip'), async () => {
  const root = temporaryFolder();
  const [logs, bin] = [join(root, 'log'), join(root, 'bin')];
  mkdirSync(logs, { mode: 0o750 });
  mkdirSync(bin);
  const gateway = await gatewayOf(logs);
  // What systemctl does, without systemd.
  const systemctl = join(bin, 'systemctl');
  writeFileSync(
    systemctl,
    `#!/bin/sh
echo "$@" >>"${join(root, 'calls')}"
case "$1" in kill) kill -USR1 ${gateway.program.pid} ;; esac
`,
  );
  chmodSync(systemctl, 0o755);
  const { username, gid } = userInfo();
  const group = spawnSync('getent', ['group', String(gid)], { encoding: 'utf8' }).stdout.split(':')[0];
  const packaged = readFileSync(new URL('../../packaging/debian/logrotate', import.meta.url), 'utf8');
  const config = join(root, 'logrotate.conf');
  writeFileSync(config, packaged.replace('/var/log/sluice', logs).replaceAll('sluice sluice', `${username} ${group}`), {
    mode: 0o644,
  });
  const load = loadOn(gateway);
  for (let round = 1; round <= 4; round++) {
    await load.more(COUNT / 4);
    const reopened = gateway.program.output.split('SIGUSR1').length;
    const rotated = spawnSync('logrotate', ['--force', '--state', join(root, 'state'), config], {
      encoding: 'utf8',
      env: { ...process.env, PATH: `${bin}:${process.env.PATH}` },
    });
    assert.deepEqual([rotated.status, rotated.stderr], [0, '']);
    await gateway.program.printed(new RegExp(`(?:SIGUSR1[^]*){${reopened}}`));
  }
  await load.more(100);
  await checkIds(gateway, load, logs);
  assert.deepEqual(readdirSync(logs).toSorted(), [
    'access.log',
    'access.log.1',
    'access.log.2.gz',
    'access.log.3.gz',
    'access.log.4.gz',
  ]);
  assert.equal(statSync(join(logs, 'access.log')).mode & 0o777, 0o640);
  assert.ok(existsSync(join(root, 'calls')));
});

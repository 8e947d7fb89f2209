/**
 * What users without Node.js get, installed and started in a root file system of its own: this machine's, with a layer above it that is
 * thrown away.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { writeApplication } from '../../packaging/application.ts';
import { writeDebianPackage } from '../../packaging/debian-package.ts';
import { writeExecutable } from '../../packaging/executable.ts';
import { Program, temporaryFolder } from '../kit/index.ts';

const CHECKOUT = new URL('../../', import.meta.url).pathname;
const { version } = JSON.parse(readFileSync(join(CHECKOUT, 'cli/package.json'), 'utf8')) as { version: string };
const RULES = 'listener web on 127.0.0.1:8080 { otherwise deny 404 }\n';
const RULES_WITH_PLUGIN =
  'use teapot from "./teapot.js"\nlistener web on 127.0.0.1:8080 { brew when path is /tea; otherwise deny 404 }\n';

/** Runs in namespaces of its own; `$1` is a folder to work in. In the root that it makes, there is no Node.js. */
const ROOT_OF_ITS_OWN = `set -eu
mount -t tmpfs none "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay none -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
root=$1/root
mount -t proc none "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs none "$root/run"
mount -t tmpfs none "$root/tmp"
ip link set lo up
rm -f "$root/usr/bin/node" "$root/usr/local/bin/node"
in_root() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"; }
served() { curl -s -o /dev/null -w '%{http_code}\\n' --retry 100 --retry-delay 1 --retry-connrefused "$1" | tail -n 1; }
`;

const NEEDED = ['unshare', 'chroot', 'dpkg', 'curl', 'ip', 'setpriv', 'patchelf', 'strip'];

function reasonToSkip(): string | null {
  const missing = NEEDED.find((command) => spawnSync('which', [command]).status !== 0);
  if (missing !== undefined) return `${missing} is not installed`;
  if (process.platform !== 'linux') return 'these packages are for Linux';
  const folder = join(temporaryFolder(), 'try');
  mkdirSync(folder);
  const { status, stderr } = inRootOfItsOwn('in_root true', folder);
  return status === 0 ? null : `a root file system of its own is not allowed here: ${stderr.trim()}`;
}

function inRootOfItsOwn(script: string, folder: string) {
  const args = [
    '--mount',
    '--net',
    '--pid',
    '--fork',
    '--kill-child',
    'sh',
    '-c',
    `${ROOT_OF_ITS_OWN}${script}`,
    'sh',
    folder,
  ];
  return spawnSync('unshare', args, { encoding: 'utf8', timeout: 100_000 });
}

const reason = reasonToSkip();

describe('packages for machines without Node.js', reason === null ? {} : { skip: reason }, () => {
  const folder = temporaryFolder();
  const application = join(folder, 'application');
  const executable = join(folder, 'sluice');
  const debian = join(folder, 'sluice.deb');
  const newer = join(folder, 'newer.deb');
  const work = join(folder, 'work');

  before(() => {
    mkdirSync(work);
    writeApplication(CHECKOUT, application);
    writeExecutable({ application, version: '1.0.0', level: 1 }, executable);
    const options = { application, checkout: CHECKOUT, compression: 'none' } as const;
    writeDebianPackage({ ...options, version: '1.0.0' }, debian);
    writeDebianPackage({ ...options, version: '1.0.1' }, newer);
    writeFileSync(join(folder, 'gateway.sluice'), RULES);
    writeFileSync(join(folder, 'brewing.sluice'), RULES_WITH_PLUGIN);
    // A plugin of the user's own, on disk.
    writeFileSync(
      join(folder, 'teapot.js'),
      `import { definePlugin } from '@sluice/core/plugin';
export default definePlugin({ name: 'teapot', apiVersion: 1, data: import.meta.url, words: [
  { kind: 'verb', name: 'brew', doc: 'Answers 418.', example: 'brew', part: 'guard', phase: 'request', args: [], isPartial: true } ] });
export const verbs = { brew: () => ({ kind: 'check', check: () => ({ status: 418, headers: [], body: null }) }) };
`,
    );
  });

  function run(script: string): string {
    const { status, stdout, stderr } = inRootOfItsOwn(script, work);
    assert.equal(status, 0, `${stdout}\n${stderr}`);
    return stdout;
  }

  test('the single executable serves on data threads and with a plugin from disk, without libraries that a bare Debian lacks', () => {
    const output = run(`
for file in "$root"/usr/lib/*/libatomic.so.1; do mount --bind /dev/null "$file"; done
cp '${executable}' '${folder}/brewing.sluice' '${folder}/teapot.js' "$root/tmp/"
in_root /tmp/sluice --version
in_root /tmp/sluice run /tmp/brewing.sluice --threads 2 > "$1/log" &
served http://127.0.0.1:8080/
served http://127.0.0.1:8080/tea
ls "$root/root/.cache/sluice" | grep -c '^1.0.0-'
`);
    assert.equal(output, `sluice ${version}\n404\n418\n1\n`);
  });

  test('a damaged executable, or one without a private folder, reports it and runs nothing', () => {
    const bytes = readFileSync(executable);
    const cut = join(folder, 'cut');
    writeFileSync(cut, bytes.subarray(0, bytes.length - 1), { mode: 0o755 });
    const open = join(folder, 'open');
    mkdirSync(open);
    execFileSync('chmod', ['777', open]);
    const runWith = (file: string, home: string) =>
      spawnSync(file, ['--version'], { encoding: 'utf8', env: { PATH: '/usr/bin:/bin', SLUICE_HOME: home } });
    const damaged = runWith(cut, join(folder, 'home'));
    assert.deepEqual([damaged.status, damaged.stdout], [1, '']);
    assert.match(damaged.stderr, /^sluice: cannot be unpacked: .*cut is damaged/);
    const insecure = runWith(executable, open);
    assert.deepEqual([insecure.status, insecure.stdout], [1, '']);
    assert.match(
      insecure.stderr,
      /^sluice: cannot be unpacked: .*open is not a folder that only this user can write to/,
    );
  });

  test('the Debian package is installed, runs as its own user, is upgraded and purged', () => {
    const output = run(`
cp '${debian}' '${newer}' "$root/tmp/"
in_root dpkg -i /tmp/sluice.deb >/dev/null
in_root sluice --version
in_root install -d -o sluice /run/sluice
in_root sluice check /etc/sluice/gateway.sluice
in_root stat -c '%U:%G %a %n' /var/lib/sluice /etc/sluice
cp '${folder}/gateway.sluice' "$root/etc/sluice/gateway.sluice"
in_root dpkg -i /tmp/newer.deb >/dev/null
in_root dpkg-query -W -f '\${Version}\\n' sluice
grep -c 8080 "$root/etc/sluice/gateway.sluice"
in_root setpriv --reuid=sluice --regid=sluice --init-groups sluice run /etc/sluice/gateway.sluice > "$1/log" &
served http://127.0.0.1:8080/
in_root sh -c 'ps -o user= -p "$(pgrep -d , -f "bin/[s]luice.js")" | sort -u'
test -s "$root/usr/share/man/man1/sluice.1.gz"
in_root bash -c 'source /usr/share/bash-completion/completions/sluice; COMP_WORDS=(sluice ctl dr); COMP_CWORD=2; _sluice; echo "$COMPREPLY"'
in_root pkill -TERM -f 'bin/[s]luice.js'
wait
in_root dpkg -P sluice >/dev/null 2>&1
in_root sh -c 'getent passwd sluice | cut -d : -f 1,7; ls -d /var/lib/sluice /etc/sluice /usr/lib/sluice 2>/dev/null' || true
`);
    assert.deepEqual(output.trim().split('\n'), [
      `sluice ${version}`,
      '✓ /etc/sluice/gateway.sluice: no problems',
      'sluice:sluice 750 /var/lib/sluice',
      'root:sluice 750 /etc/sluice',
      '1.0.1',
      '1',
      '404',
      'sluice',
      'drain',
      'sluice:/usr/sbin/nologin',
    ]);
  });
});

test('the unit is one that systemd takes, and takes away what the service does not need', async (t) => {
  if (spawnSync('systemd-analyze', ['--version']).status !== 0) return t.skip('systemd-analyze is not installed');
  const folder = join(temporaryFolder(), 'unit');
  mkdirSync(folder);
  const unit = readFileSync(new URL('../../packaging/debian/sluice.service', import.meta.url), 'utf8');
  const file = join(folder, 'sluice.service');
  // The command is not installed here.
  writeFileSync(file, unit.replaceAll(/\/usr\/(?:bin\/sluice|lib\/sluice\/reload)/g, '/bin/true'));
  const verified = new Program('systemd-analyze', ['verify', '--man=no', file]);
  const { code } = await verified.exited;
  const lines = verified.output.split('\n').filter((line) => line.includes('sluice.service'));
  // Older versions do not know the type, and keep the one before.
  assert.deepEqual(
    lines.filter((line) => !line.includes('notify-reload')),
    [],
  );
  assert.equal(code, 0, verified.output);
  const security = new Program('systemd-analyze', ['security', '--offline=true', '--threshold=20', file]);
  assert.equal((await security.exited).code, 0, security.output);
});

/**
 * DebianPackage: the application, the Node.js that it runs on, and all that makes it a service of a Debian machine, as a .deb. Made with
 * Debian's own `dpkg-deb`; whoever runs this needs no privileges.
 *
 * /usr/lib/sluice/ the application and Node.js · /usr/bin/sluice · /etc/sluice/gateway.sluice, /etc/default/sluice, /etc/logrotate.d/sluice
 * (conffiles: an upgrade keeps what was changed) · the unit · the man page.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { writeNode } from './executable.ts';

const DEBIAN = new URL('debian/', import.meta.url).pathname;
const CONFIGURATION = ['etc/sluice/gateway.sluice', 'etc/default/sluice', 'etc/logrotate.d/sluice'];
/** In the package that brings Node.js for a kind of processor. */
const NODE_LICENCE = `node_modules/node/node_modules/node-linux-${process.arch}/LICENSE`;
const SCRIPTS = ['postinst', 'prerm', 'postrm'];

export interface DebianOptions {
  /** The folder that `writeApplication` wrote. */
  readonly application: string;
  /** The checkout, for the licences. */
  readonly checkout: string;
  readonly version: string;
  /** How `dpkg-deb` compresses it. `none` is for tests: it takes a second, where xz takes minutes. */
  readonly compression: 'xz' | 'none';
}

/** writeDebianPackage writes the file `to`, for the processor of this machine. */
export function writeDebianPackage(options: DebianOptions, to: string): void {
  const { application, checkout, version, compression } = options;
  const root = mkdtempSync(join(tmpdir(), 'sluice-debian-'));
  try {
    chmodSync(root, 0o755);
    const place = (from: string, name: string, mode = 0o644): void => {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      copyFileSync(join(DEBIAN, from), join(root, name));
      chmodSync(join(root, name), mode);
    };
    cpSync(application, join(root, 'usr/lib/sluice'), { recursive: true });
    writeNode(join(root, 'usr/lib/sluice/node'));
    place('sluice', 'usr/bin/sluice', 0o755);
    place('reload', 'usr/lib/sluice/reload', 0o755);
    place('gateway.sluice', 'etc/sluice/gateway.sluice');
    place('default', 'etc/default/sluice');
    place('logrotate', 'etc/logrotate.d/sluice');
    place('sluice.service', 'usr/lib/systemd/system/sluice.service');
    place('sluice.socket', 'usr/lib/systemd/system/sluice.socket');
    for (const script of SCRIPTS) place(script, `DEBIAN/${script}`, 0o755);
    writeManual(root, version);
    writeCompletions(root, application);
    writeCopyright(root, checkout);
    writeFileSync(join(root, 'DEBIAN/conffiles'), CONFIGURATION.map((name) => `/${name}\n`).join(''));
    writeFileSync(join(root, 'DEBIAN/control'), controlText(version, kilobytesIn(root)));
    execFileSync('dpkg-deb', ['--root-owner-group', `-Z${compression}`, '--build', root, to], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** debianArchitecture is Debian's name of this machine's kind of processor, such as `amd64`. */
export function debianArchitecture(): string {
  return execFileSync('dpkg', ['--print-architecture'], { encoding: 'utf8' }).trim();
}

function controlText(version: string, kilobytes: number): string {
  return `Package: sluice
Version: ${version.replaceAll('-', '~')}
Architecture: ${debianArchitecture()}
Maintainer: The Sluice developers <sluice@localhost>
Installed-Size: ${kilobytes}
Depends: adduser, libatomic1, libc6 (>= 2.28), libgcc-s1, libstdc++6 (>= 11)
Recommends: ca-certificates, logrotate
Section: httpd
Priority: optional
Description: programmable reverse proxy and load balancer
 Sluice balances HTTP, TCP and TLS over servers that it checks, and decides by
 rules of its own language what happens to each request. It comes with the
 Node.js that it runs on.
`;
}

/** Where Debian's shells look for completions. */
const COMPLETIONS = {
  bash: 'usr/share/bash-completion/completions/sluice',
  zsh: 'usr/share/zsh/vendor-completions/_sluice',
  fish: 'usr/share/fish/vendor_completions.d/sluice.fish',
} as const;

function writeCompletions(root: string, application: string): void {
  const command = join(application, 'node_modules/sluice/bin/sluice.js');
  for (const [shell, name] of Object.entries(COMPLETIONS)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), execFileSync(process.execPath, [command, 'completion', shell]));
  }
}

function writeManual(root: string, version: string): void {
  const manual = readFileSync(join(DEBIAN, 'sluice.1'), 'utf8');
  const date = new Date().toISOString().slice(0, 10);
  mkdirSync(join(root, 'usr/share/man/man1'), { recursive: true });
  const text = manual.replace('@DATE@', date).replace('@VERSION@', version);
  writeFileSync(join(root, 'usr/share/man/man1/sluice.1.gz'), gzipSync(text, { level: 9 }));
}

/** The licences of Sluice and of Node.js; those of the other packages are beside them in /usr/lib/sluice/node_modules. */
function writeCopyright(root: string, checkout: string): void {
  const folder = join(root, 'usr/share/doc/sluice');
  mkdirSync(folder, { recursive: true });
  const [ours, node] = ['LICENSE', NODE_LICENCE].map((name) => readFileSync(join(checkout, name), 'utf8'));
  writeFileSync(join(folder, 'copyright'), `${ours}\nThe licences of Node.js, in /usr/lib/sluice/node:\n\n${node}`);
}

function kilobytesIn(root: string): number {
  const sizes = readdirSync(root, { recursive: true, encoding: 'utf8' }).map((name) => statSync(join(root, name)).size);
  return Math.ceil(sizes.reduce((sum, size) => sum + size, 0) / 1024);
}

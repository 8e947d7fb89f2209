/**
 * ServiceMachine: a DebianMachine with the Debian package installed, of two versions that say so. Test code.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeApplication } from '../../packaging/application.ts';
import { writeDebianPackage } from '../../packaging/debian-package.ts';
import { DebianMachine, debianRoot, reasonForNoRoot, temporaryFolder } from '../kit/index.ts';

const CHECKOUT = new URL('../../', import.meta.url).pathname;
/** Packages beside the smallest Debian: an init system, what the package depends on, and what tests look with. */
const INSTALLED = [
  'systemd',
  'systemd-sysv',
  'dbus',
  'curl',
  'logrotate',
  'procps',
  'perl',
  'adduser',
  'libatomic1',
  'openssl',
];

/** Where the packages are, seen from the machine too. */
export const packageFolder = temporaryFolder();

/** reasonForNoService is why there is no ServiceMachine here; null: there is one. */
export function reasonForNoService(...commands: readonly string[]): string | null {
  return reasonForNoRoot('systemd-nspawn', 'nsenter', 'dpkg-deb', 'strip', ...commands);
}

/** packageOf is the file of a version, 1.0.0 or 1.0.1. */
export function packageOf(version: string): string {
  return join(packageFolder, `sluice_${version}.deb`);
}

/** rulesWith answers everything with one status. */
export function rulesWith(status: number): string {
  return `settings {
  admin on unix:/run/sluice/admin.sock
  state in "/var/lib/sluice"
}
listener web on :80 {
  otherwise deny ${status}
}`;
}

export class ServiceMachine {
  readonly machine: DebianMachine;

  private constructor(machine: DebianMachine) {
    this.machine = machine;
  }

  /** boot installs version 1.0.0; `files` of the host are seen in the machine. */
  static async boot(suite: string, files: readonly string[] = []): Promise<ServiceMachine> {
    writePackages();
    const machine = await DebianMachine.boot(debianRoot(suite, INSTALLED), [packageFolder, ...files]);
    machine.run(`dpkg -i ${packageOf('1.0.0')}`);
    return new ServiceMachine(machine);
  }

  /** shown is a property of the service, as systemd has it. */
  shown(property: string): string {
    return this.machine.run(`systemctl show --value --property ${property} sluice`);
  }

  /** status is that of the response to a request from the machine itself. */
  status(path: string): string {
    return this.machine.run(`curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1${path}`);
  }

  /** gateway is the process id of the gateway, a child of the service's main process; during an upgrade two lines. */
  gateway(): string {
    return this.machine.run('pgrep --parent "$(systemctl show --value -p MainPID sluice)" --full run');
  }

  /** exposure is how much systemd thinks that the service may do, from 0 to 10. */
  exposure(): number {
    const judged = this.machine.run('systemd-analyze security sluice --no-pager');
    return Number(/Overall exposure level for sluice\.service: ([\d.]+)/.exec(judged)![1]);
  }

  writeRules(rules: string): void {
    this.machine.run(`cat > /etc/sluice/gateway.sluice <<'END'\n${rules}\nEND`);
  }

  stop(): Promise<void> {
    return this.machine.stop();
  }
}

let areWritten = false;

function writePackages(): void {
  if (areWritten) return;
  areWritten = true;
  for (const version of ['1.0.0', '1.0.1']) {
    const application = join(packageFolder, version);
    writeApplication(CHECKOUT, application);
    for (const name of ['sluice', '@sluice/core']) {
      const manifest = join(application, 'node_modules', name, 'package.json');
      writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/"version": "[^"]+"/, `"version": "${version}"`));
    }
    writeDebianPackage({ application, checkout: CHECKOUT, version, compression: 'none' }, packageOf(version));
  }
}

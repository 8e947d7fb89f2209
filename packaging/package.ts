/**
 * Package writes what is handed to users who have no Node.js, into `packages/`: a single executable and a Debian package, for the
 * processor of this machine. In a built checkout on Debian:
 *
 *     npm run package
 */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeApplication } from './application.ts';
import { debianArchitecture, writeDebianPackage } from './debian-package.ts';
import { writeExecutable } from './executable.ts';

const checkout = fileURLToPath(new URL('../', import.meta.url));
const { version } = JSON.parse(readFileSync(join(checkout, 'cli/package.json'), 'utf8')) as { version: string };
const packages = join(checkout, 'packages');
const folder = mkdtempSync(join(tmpdir(), 'sluice-package-'));
try {
  mkdirSync(packages, { recursive: true });
  const application = join(folder, 'application');
  writeApplication(checkout, application);
  const executable = join(packages, `sluice-${version}-linux-${process.arch}`);
  writeExecutable({ application, version, level: 9 }, executable);
  report(executable);
  const debian = join(packages, `sluice_${version}_${debianArchitecture()}.deb`);
  writeDebianPackage({ application, checkout, version, compression: 'xz' }, debian);
  report(debian);
  // The name by which the Containerfile copies it.
  copyFileSync(debian, join(packages, 'sluice.deb'));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function report(file: string): void {
  process.stdout.write(`${file}: ${(statSync(file).size / 1e6).toFixed(1)} MB\n`);
}

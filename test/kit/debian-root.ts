/**
 * DebianRoot: a fresh Debian in a folder, made by debootstrap from Debian's archive: what an operator's machine or a base image has, and
 * nothing more. Takes a minute; SLUICE_DEBIAN_ROOTS names a folder in which they are kept from one run to the next. Test code.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isInstalled, temporaryFolder } from './program.ts';

/** LONG_TESTS says whether tests may take minutes and load packages: in `npm run test:long`. */
const LONG_TESTS = process.env.SLUICE_LONG_TESTS === '1';

/** reasonForNoRoot is why no DebianRoot can be made here; null: it can. */
export function reasonForNoRoot(...commands: readonly string[]): string | null {
  if (!LONG_TESTS) return 'it loads a Debian: run it with `npm run test:long`';
  if (process.platform !== 'linux') return 'it is for Linux';
  if (process.getuid?.() !== 0) return 'a root file system of its own takes root';
  const missing = ['debootstrap', ...commands].filter((command) => !isInstalled(command));
  return missing.length === 0 ? null : `${missing.join(', ')} not installed`;
}

/** debianRoot returns the folder of a fresh Debian. Leave it as it is: others use it too. */
export function debianRoot(suite: string, packages: readonly string[]): string {
  const kept = process.env.SLUICE_DEBIAN_ROOTS;
  const roots = kept ?? temporaryFolder();
  const root = join(roots, [suite, ...packages].join('+'));
  if (existsSync(root)) return root;
  mkdirSync(roots, { recursive: true });
  const part = `${root}.part`;
  rmSync(part, { recursive: true, force: true });
  const include = packages.length === 0 ? [] : [`--include=${packages.join(',')}`];
  const { status, stdout } = spawnSync('debootstrap', ['--variant=minbase', ...include, suite, part], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`debootstrap of ${suite} failed: ${stdout.slice(-2_000)}`);
  renameSync(part, root);
  return root;
}

/**
 * Executable: the application and the Node.js that it runs on as one file, for Linux machines without Node.js: a shell script with an
 * archive behind it, which it unpacks once (`unpack.sh`).
 *
 * Not a "single executable application" of Node.js, which was tried: Node.js needs libatomic.so.1, which a bare Debian lacks, and one
 * file cannot bring a library for itself.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Libraries of Node.js that not every Debian has; they are put beside it. */
const LIBRARIES = /libatomic\.so\.\d+/;

export interface ExecutableOptions {
  /** The folder that `writeApplication` wrote. */
  readonly application: string;
  readonly version: string;
  /** gzip's level, 1 (for tests: seconds) to 9. */
  readonly level: number;
}

/** writeExecutable writes the file `to`, for the processor of this machine. */
export function writeExecutable({ application, version, level }: ExecutableOptions, to: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-executable-'));
  try {
    const content = join(folder, 'content');
    cpSync(application, content, { recursive: true });
    writeNode(join(content, 'node'));
    bringLibraries(content);
    const archive = join(folder, 'archive.tar.gz');
    // The same files give the same bytes, whenever and by whomever they are packed.
    const alike = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--mode=u+rwX,go-w'];
    execFileSync('tar', [`--use-compress-program=gzip -${level}n`, '-cf', archive, ...alike, '-C', content, '.']);
    const bytes = readFileSync(archive);
    const digest = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(to, Buffer.concat([Buffer.from(scriptText(version, digest)), bytes]), { mode: 0o755 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** writeNode writes the Node.js that runs this, without its symbols, which are a fifth of it. */
export function writeNode(to: string): void {
  execFileSync('strip', ['-o', to, process.execPath]);
}

/** bringLibraries has `node` look for its rarer libraries beside itself, and puts them there. */
function bringLibraries(folder: string): void {
  const { sharedObjects } = process.report.getReport() as unknown as { readonly sharedObjects: readonly string[] };
  const rare = sharedObjects.filter((file) => LIBRARIES.test(file));
  for (const file of rare) copyFileSync(file, join(folder, file.slice(file.lastIndexOf('/') + 1)));
  if (rare.length > 0) execFileSync('patchelf', ['--set-rpath', '$ORIGIN', join(folder, 'node')]);
}

function scriptText(version: string, digest: string): string {
  const template = readFileSync(new URL('unpack.sh', import.meta.url), 'utf8')
    .replaceAll('@VERSION@', version)
    .replaceAll('@DIGEST@', digest.slice(0, 12))
    .replaceAll('@SHA256@', digest);
  // Where the archive starts depends on how many digits that number has.
  const lengthWith = (start: string): number => Buffer.byteLength(template.replace('@START@', start));
  const start = String(lengthWith('0000') + 1);
  return template.replace('@START@', start.padStart(4, '0').slice(-4));
}

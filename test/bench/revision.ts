/**
 * Revision: another commit of this repository, built in a temporary folder, to be measured beside the working tree. Benchmark code.
 *
 * It runs on this checkout's dependencies and Node: what is compared is the code. The repository itself is only read.
 */
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../kit/index.ts';

const ROOT = new URL('../..', import.meta.url).pathname;

export interface Revision {
  /** As it was asked for, and its short hash where that is another text: `main (6173f29)`. */
  readonly name: string;
  readonly folder: string;
}

/** buildRevision checks a commit out and builds it. Throws an Error for people where there is none, or it does not build. */
export function buildRevision(revision: string): Revision {
  const hash = git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`], revision);
  const short = git(['rev-parse', '--short', hash], revision);
  const folder = temporaryFolder();
  const tar = execFileSync('git', ['archive', '--format=tar', hash], { cwd: ROOT, maxBuffer: 1024 ** 3 });
  execFileSync('tar', ['-x', '-C', folder], { input: tar });
  linkDependencies(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  try {
    execFileSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-b'], { cwd: folder });
  } catch (thrown) {
    throw new Error(
      `${revision} does not build: ${String((thrown as { stdout?: Buffer }).stdout ?? thrown).slice(0, 2000)}`,
    );
  }
  return { name: short.startsWith(revision) || revision.startsWith(short) ? short : `${revision} (${short})`, folder };
}

function git(args: readonly string[], revision: string): string {
  try {
    return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    throw new Error(`there is no commit \`${revision}\` in this repository`);
  }
}

/** linkDependencies: the packages of the workspace are links within a checkout, and lead into the new one; all others into ours. */
function linkDependencies(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    const [source, target] = [join(from, name), join(to, name)];
    if (lstatSync(source).isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else if (name.startsWith('@')) linkDependencies(source, target);
    else symlinkSync(source, target);
  }
}

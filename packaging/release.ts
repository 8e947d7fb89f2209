/**
 * Release publishes every package under the version that stands at the top of CHANGELOG.md as unreleased:
 *
 *     npm run release -- --dry-run    # shows all of it, done in a clone that is thrown away
 *     npm run release
 *
 * It dates that heading, has lerna set the version everywhere, commit and tag it, and publishes the packages. Where a CI system offers an
 * identity for it, they get a statement of provenance. Pushing the commit and the tag is left to whoever releases, and so is
 * `npx lerna publish from-package` after a failure: it publishes what the registry does not have yet.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const HEADING = /^## (\d+\.\d+\.\d+(?:-[\w.]+)?) \(unreleased\)$/m;
const CHECKOUT = fileURLToPath(new URL('../', import.meta.url));

interface Packed {
  readonly name: string;
  readonly version: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly unknown[];
}

/** What every command here is run with: the Node.js of the checkout comes first, as in `npm run`. */
function runIn(folder: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): string {
  return execFileSync(command, [...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 64 * 1024 * 1024,
  });
}

/** Code of a CI system that can vouch for where a package was built. */
function hasIdentity(): boolean {
  return process.env.ACTIONS_ID_TOKEN_REQUEST_URL !== undefined || process.env.SIGSTORE_ID_TOKEN !== undefined;
}

function release(folder: string, isDry: boolean): void {
  const file = join(folder, 'CHANGELOG.md');
  const changelog = readFileSync(file, 'utf8');
  const version = HEADING.exec(changelog)?.[1];
  if (version === undefined) throw new Error('CHANGELOG.md has no heading `## VERSION (unreleased)`');
  if (runIn(folder, 'git', ['tag', '--list', `v${version}`]) !== '') throw new Error(`v${version} is tagged already`);
  const day = new Date().toISOString().slice(0, 10);
  writeFileSync(file, changelog.replace(HEADING, `## ${version} (${day})`));
  runIn(folder, 'git', ['commit', '--quiet', '--message', `Date the changelog of ${version}`, 'CHANGELOG.md']);
  const lerna = ['lerna', 'version', version, '--yes', '--no-push', '--force-publish', '--exact', '--loglevel', 'warn'];
  runIn(folder, 'npx', [...lerna, '--message', 'Release %v']);
  runIn(folder, 'npx', ['tsc', '-b']);
  report(folder, notesOf(readFileSync(file, 'utf8'), version));
  if (isDry) return;
  runIn(
    folder,
    'npx',
    ['lerna', 'publish', 'from-package', '--yes'],
    hasIdentity() ? { NPM_CONFIG_PROVENANCE: 'true' } : {},
  );
  process.stdout.write(`\nPublished. Push it with: git push --follow-tags\n`);
}

function report(folder: string, notes: string): void {
  const packed = Object.values(
    JSON.parse(runIn(folder, 'npm', ['pack', '--dry-run', '--json', '--ignore-scripts', '--workspaces'])) as object,
  ) as readonly Packed[];
  const isPrivate = new Set(privateNames(folder));
  const lines = packed
    .filter(({ name }) => !isPrivate.has(name))
    .map(
      ({ name, version, size, files }) =>
        `${`${name}@${version}`.padEnd(40)} ${(size / 1000).toFixed(0).padStart(5)} KB ${String(files.length).padStart(5)} files`,
    );
  const commits = runIn(folder, 'git', ['log', '--format=%h %s', '-2']);
  process.stdout.write(`Packages\n${lines.join('\n')}\n\nCommits\n${commits}\nRelease notes\n${notes}`);
}

function privateNames(folder: string): readonly string[] {
  const list = JSON.parse(runIn(folder, 'npm', ['query', '.workspace'])) as readonly {
    readonly name: string;
    readonly private?: boolean;
  }[];
  return list.filter((one) => one.private === true).map(({ name }) => name);
}

/** The section of a version, without its heading. */
function notesOf(changelog: string, version: string): string {
  const [, rest = ''] = changelog.split(`## ${version} `);
  const body = rest.slice(rest.indexOf('\n') + 1);
  const end = body.search(/^## /m);
  return (end === -1 ? body : body.slice(0, end)).trim().concat('\n');
}

const { values } = parseArgs({ options: { 'dry-run': { type: 'boolean', default: false } } });
if (values['dry-run']) {
  const clone = mkdtempSync(join(tmpdir(), 'sluice-release-'));
  try {
    runIn(clone, 'git', ['clone', '--quiet', CHECKOUT, '.']);
    runIn(clone, 'git', ['switch', '--quiet', '--force-create', 'release']);
    symlinkSync(join(CHECKOUT, 'node_modules'), join(clone, 'node_modules'));
    // It is no change of the clone's.
    writeFileSync(join(clone, '.git/info/exclude'), '/node_modules\n');
    release(clone, true);
  } finally {
    rmSync(clone, { recursive: true, force: true });
  }
} else {
  if (runIn(CHECKOUT, 'git', ['status', '--porcelain']) !== '') throw new Error('there are uncommitted changes');
  release(CHECKOUT, false);
}

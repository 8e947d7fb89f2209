/**
 * Application: the `sluice` command with all that it needs to run, as one folder: its own packages and, as the lock file has them, those
 * of others, each in `node_modules`. Nothing that only builds, types or tests need is in it.
 */
import { cpSync, existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';

interface LockedPackage {
  /** Of a package of this workspace: its folder. */
  readonly resolved?: string;
  readonly link?: true;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

type Lock = Readonly<Record<string, LockedPackage>>;

/** What a running program reads, and the dashboard's browser; licences come along because they must. */
const RUNNING = new Set(['.js', '.cjs', '.mjs', '.json', '.node', '.wasm', '.css']);
const LICENCES = /^(?:licen[cs]e|copying|notice)/i;
/** Folders of other people's packages, however deep, in which a running program reads nothing. */
const UNUSED = new Set([
  'test',
  'tests',
  '__tests__',
  'example',
  'examples',
  'benchmark',
  'benchmarks',
  'docs',
  '.github',
]);
/** Of our own packages, at their top only (a compiled folder may have any name): what `dist` is made from, and the editor's extension. */
const UNUSED_OF_OURS = new Set(['src', 'editors', 'node_modules', 'scripts', 'test', 'bench']);

/** writeApplication writes the folder `to` anew from a built checkout with its dependencies installed. */
export function writeApplication(checkout: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  const { packages } = JSON.parse(readFileSync(join(checkout, 'package-lock.json'), 'utf8')) as { packages: Lock };
  for (const path of needed(packages)) {
    const { link, resolved } = packages[path]!;
    if (link === true) copy(join(checkout, resolved!), join(to, path), (within) => UNUSED_OF_OURS.has(within));
    else copy(join(checkout, path), join(to, path), (within) => UNUSED.has(basename(within)));
  }
}

/** needed is where each package is that the command reaches, by its path in the lock file. */
function needed(packages: Lock): ReadonlySet<string> {
  const found = new Set<string>();
  const waiting = ['node_modules/sluice'];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (found.has(path)) continue;
    found.add(path);
    const folder = packages[path]!.link === true ? packages[path]!.resolved! : path;
    const { dependencies = {}, optionalDependencies = {} } = packages[folder]!;
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      if (name.startsWith('@types/')) continue;
      const at = placeOf(packages, folder, name);
      if (at !== null) waiting.push(at);
      else if (optionalDependencies[name] === undefined)
        throw new Error(`${folder} needs ${name}, which is not in the lock file`);
    }
  }
  return found;
}

/** placeOf looks for a package as Node.js does: beside the one that asks, and then further up. */
function placeOf(packages: Lock, folder: string, name: string): string | null {
  for (let at = folder; ; at = dirname(at)) {
    if (basename(at) === 'node_modules') continue;
    const place = at === '.' ? `node_modules/${name}` : `${at}/node_modules/${name}`;
    if (packages[place] !== undefined) return place;
    if (at === '.') return null;
  }
}

/** copy leaves out the paths within `from` that `isUnused` names. */
function copy(from: string, to: string, isUnused: (within: string) => boolean): void {
  if (!existsSync(from)) throw new Error(`${from} is missing: run npm ci first`);
  cpSync(from, to, {
    recursive: true,
    dereference: true,
    filter: (source) => {
      const within = source.slice(from.length + 1);
      if (within === '') return true;
      const name = basename(within);
      if (name === 'node_modules' || isUnused(within)) return false;
      return statSync(source).isDirectory() ? !name.startsWith('.') : RUNNING.has(extname(name)) || LICENCES.test(name);
    },
  });
}

/**
 * PluginSource: finds and imports the module that a `use NAME from "…"` line names. Main thread.
 *
 * A path is relative to the rule file's folder. A package is looked for from that folder upwards, as Node would for a
 * module there, and then beside the gateway itself. A module is imported once in a process: changed code needs a restart.
 */
import { readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { PluginManifest } from '../plugin/manifest.ts';
import { GatewayError, reasonOf } from './errors.ts';

/** importPlugin imports what `from` names and returns its manifest, unchecked. Throws SG0101 to SG0103. */
export async function importPlugin(from: string, folder: string): Promise<{ url: string; manifest: PluginManifest }> {
  const url = await locate(from, folder);
  if (url === null) throw new GatewayError('SG0101', { from, folder });
  let module: { readonly default?: PluginManifest };
  try {
    module = await import(url);
  } catch (cause) {
    throw new GatewayError('SG0102', { from, message: reasonOf(cause) }, { cause });
  }
  if (typeof module.default !== 'object' || module.default === null) throw new GatewayError('SG0103', { from });
  return { url, manifest: module.default };
}

async function locate(from: string, folder: string): Promise<string | null> {
  if (from.startsWith('file:')) return existing(fileURLToPath(from));
  if (from.startsWith('.') || isAbsolute(from)) return existing(resolve(folder, from));
  return (await locatePackage(from, resolve(folder))) ?? locatePackage(from, dirname(fileURLToPath(import.meta.url)));
}

async function existing(path: string): Promise<string | null> {
  const file = await stat(path).catch(() => null);
  return file?.isFile() === true ? pathToFileURL(path).href : null;
}

async function locatePackage(from: string, folder: string): Promise<string | null> {
  const [, name, inner] = /^((?:@[^/]+\/)?[^/]+)(\/.+)?$/.exec(from) ?? [];
  if (name === undefined) return null;
  for (let at = folder; ; at = dirname(at)) {
    const home = join(at, 'node_modules', name);
    const text = await readFile(join(home, 'package.json'), 'utf8').catch(() => null);
    if (text !== null) return existing(join(home, entryOf(JSON.parse(text), `.${inner ?? ''}`)));
    if (at === dirname(at)) return null;
  }
}

type Exports = string | null | readonly Exports[] | { readonly [key: string]: Exports };

/** The file that a package's `exports` (or `main`) gives for an import. */
function entryOf(description: { exports?: Exports; main?: string }, inner: string): string {
  const { exports, main } = description;
  if (exports === undefined || exports === null) return inner === '.' ? (main ?? 'index.js') : inner;
  const hasPaths =
    typeof exports === 'object' && !Array.isArray(exports) && Object.keys(exports).some((key) => key.startsWith('.'));
  const target = hasPaths ? (exports as Readonly<Record<string, Exports>>)[inner] : inner === '.' ? exports : undefined;
  return pick(target) ?? inner;
}

function pick(target: Exports | undefined): string | undefined {
  if (typeof target === 'string') return target;
  if (Array.isArray(target)) return target.map(pick).find((found) => found !== undefined);
  if (typeof target !== 'object' || target === null) return undefined;
  for (const [condition, inner] of Object.entries(target)) {
    if (condition !== 'import' && condition !== 'node' && condition !== 'default') continue;
    const found = pick(inner);
    if (found !== undefined) return found;
  }
  return undefined;
}

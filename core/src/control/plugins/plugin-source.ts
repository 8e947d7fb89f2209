/**
 * PluginSource: finds and imports the module that a `use NAME from "…"` line names. Main thread.
 *
 * A path is relative to the rule file's folder. A package is looked for from that folder upwards, as Node would for a
 * module there, and then beside the gateway itself. A module is imported again when its code has changed (plugin-code.ts).
 */
import { readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { PluginManifest } from '../../plugin/manifest.ts';
import { withinLimit } from '../clock/time-limit.ts';
import { GatewayError, reasonOf } from '../report/errors.ts';
import { currentCode, type PluginModule } from './plugin-code.ts';

/** ImportedPlugin is a plugin's module, whose manifest is not checked yet. */
export type ImportedPlugin = PluginModule & { readonly manifest: PluginManifest };

/**
 * importPlugin imports what `from` names, as it is on disk now. Throws SG0101 to SG0103, or SG0120 when the module takes longer than
 * `limitMs` to load.
 */
export async function importPlugin(from: string, folder: string, limitMs: number): Promise<ImportedPlugin> {
  const url = await locate(from, folder);
  if (url === null) throw new GatewayError('SG0101', { from, folder });
  let module: PluginModule;
  try {
    module = await withinLimit(currentCode(url), limitMs, () => new GatewayError('SG0120', { from, limitMs }));
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause;
    throw new GatewayError('SG0102', { from, message: reasonOf(cause) }, { cause });
  }
  const { manifest } = module;
  if (typeof manifest !== 'object' || manifest === null) throw new GatewayError('SG0103', { from });
  return { ...module, manifest };
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

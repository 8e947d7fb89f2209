/**
 * PluginCode: the modules of plugins that `use` lines name, as they are on disk now. Main thread; one a process.
 *
 * As long as no file of a plugin has changed it is the same code, with the same manifest; once one has, it is imported under
 * another tag (shared/plugins/plugin-modules.ts). Node never lets go of a module, so each edit that is loaded costs its size in memory until the process
 * ends, and in each data thread that ran it.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { PluginManifest } from '../../plugin/manifest.ts';
import {
  hook,
  type KeptModules,
  keptModules,
  tagOf,
  withoutTag,
  withTag,
} from '../../shared/plugins/plugin-modules.ts';

/** PluginModule is a plugin's module as it was imported. */
export interface PluginModule {
  /** The file, a URL without a tag. */
  readonly url: string;
  readonly tag: string;
  /** Whatever the module exports as its default. */
  readonly manifest: PluginManifest | undefined;
}

let lastTag = 0;
const imported = new Map<string, Promise<PluginModule>>();

/** currentCode imports a plugin's module unless it has been, and nothing of it has changed since. Rejects with what the module throws. */
export async function currentCode(url: string): Promise<PluginModule> {
  const known = imported.get(url);
  if (known !== undefined) {
    const module = await known.catch(() => null);
    if (module !== null && (await isUnchanged(module))) return module;
    // Somebody else may have found that out at the same time.
    if (imported.get(url) !== known) return currentCode(url);
  }
  const fresh = importCode(url);
  imported.set(url, fresh);
  return fresh;
}

async function importCode(url: string): Promise<PluginModule> {
  hook();
  const tag = String(++lastTag);
  const module: { readonly default?: PluginManifest } = await import(withTag(url, tag));
  return { url, tag, manifest: module.default };
}

async function isUnchanged({ tag }: PluginModule): Promise<boolean> {
  const modules = Object.entries(keptModules(tag));
  const same = await Promise.all(
    modules.map(async ([url, { source }]) => {
      const text = await readFile(fileURLToPath(withoutTag(url)), 'utf8').catch(() => null);
      return text === source;
    }),
  );
  return same.every(Boolean);
}

/** entryUrl is the URL of a data entry as code of the same tag as the manifest; of one that has none, as it is. */
export function entryUrl(data: string, tag: string | null): string {
  return tag === null || tagOf(data) !== null ? data : withTag(data, tag);
}

/** codeOf are the modules that were imported under a tag, for other threads. */
export function codeOf(tag: string): KeptModules {
  return keptModules(tag);
}

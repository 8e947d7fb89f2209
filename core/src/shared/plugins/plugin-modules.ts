/**
 * PluginModules: the code of plugins, as one generation runs it. Both planes; one a thread.
 *
 * A plugin's modules are imported under URLs with a tag, `file:///etc/sluice/geo.js?sluice=3`, and what they import by a relative path
 * gets the same tag. Code that changed gets another tag, so that old and new code are different modules. What was read for
 * a tag is kept and handed to data threads, so that every thread of a generation runs the same code, also one that starts after a file
 * has changed. Only ES modules, TypeScript and JSON are tagged: packages and CommonJS modules belong to the process.
 */
import type { ResolveFnOutput, ResolveHookContext } from 'node:module';

/** KeptModule is a module as it was read. */
export interface KeptModule {
  readonly format: string;
  readonly source: string;
}

/** KeptModules are modules by their tagged URLs. */
export type KeptModules = Readonly<Record<string, KeptModule>>;

const TAG = /\?sluice=(\d+)$/;
/** What every plugin may import without installing it. */
const OURS = /^@sluice\/(?:core|dsl)(?:\/|$)/;
const UNTAGGED = /\.(cjs|cts|node|wasm)$/;

const kept = new Map<string, KeptModule>();
let isHooked = false;

/** tagOf is the tag of a URL; null: it has none. */
export function tagOf(url: string): string | null {
  return TAG.exec(url)?.[1] ?? null;
}

/** withTag puts a tag on a module's URL, in place of the one it may have. */
export function withTag(url: string, tag: string): string {
  return `${withoutTag(url)}?sluice=${tag}`;
}

/** withoutTag is the URL of the file. */
export function withoutTag(url: string): string {
  return url.replace(TAG, '');
}

/** keptModules are the modules that were read under a tag in this thread. */
export function keptModules(tag: string): KeptModules {
  return Object.fromEntries([...kept].filter(([url]) => tagOf(url) === tag));
}

/** keepModules has this thread import modules as they were read elsewhere. Call it before the first import under their tag. */
export function keepModules(modules: KeptModules): void {
  for (const [url, module] of Object.entries(modules)) if (!kept.has(url)) kept.set(url, module);
  hook();
}

/** hook has this thread know tags. Modules without one are none of its business. Node before 22.15 cannot: only entries are tagged there. */
export function hook(): void {
  if (isHooked) return;
  isHooked = true;
  process.getBuiltinModule('node:module').registerHooks?.({
    resolve(specifier, context, next) {
      const tag = context.parentURL === undefined ? null : tagOf(context.parentURL);
      const resolved =
        tag !== null && OURS.test(specifier) ? resolveOurs(specifier, context, next) : next(specifier, context);
      if (tag === null || !isInside(specifier) || !resolved.url.startsWith('file:')) return resolved;
      if (tagOf(resolved.url) !== null || resolved.format === 'commonjs' || UNTAGGED.test(resolved.url))
        return resolved;
      return { ...resolved, url: withTag(resolved.url, tag) };
    },
    load(url, context, next) {
      if (tagOf(url) === null) return next(url, context);
      const known = kept.get(url);
      if (known !== undefined) return { ...known, format: known.format as 'module', shortCircuit: true };
      const loaded = next(url, context);
      const { source, format } = loaded;
      if (source !== undefined && source !== null && typeof format === 'string') {
        const text = typeof source === 'string' ? source : new TextDecoder().decode(source);
        kept.set(url, { format, source: text });
      }
      return loaded;
    },
  });
}

/** resolveOurs finds the packages of this very gateway for a plugin that has none of its own, wherever its file is. */
function resolveOurs(
  specifier: string,
  context: ResolveHookContext,
  next: (specifier: string, context?: Partial<ResolveHookContext>) => ResolveFnOutput,
): ResolveFnOutput {
  try {
    return next(specifier, context);
  } catch (missing) {
    if ((missing as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw missing;
    return next(specifier, { ...context, parentURL: import.meta.url });
  }
}

/** isInside: the plugin's own files, and not those of packages that it uses. */
function isInside(specifier: string): boolean {
  return /^(\.{0,2}\/|file:|#)/.test(specifier);
}

/**
 * Files: what the dashboard is made of: its own modules as compiled, its style sheet, and the files of the two libraries that it uses.
 * Main thread; read once, when a browser first asks.
 *
 * Nothing but this list is served: a path of a request is looked up in it, and never becomes a path of the file system.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Page, pageOf } from './page.ts';

/** Beside `src` and `dist`, so it is found from both. */
const ROOT = new URL('../../../dashboard/', import.meta.url);

/** Where files are served; the page itself is `/`. */
const PREFIX = '/dashboard/';

/** Libraries whose modules import each other by name, with the name that each is served by. */
const MODULES: Readonly<Record<string, string>> = {
  preact: 'preact.mjs',
  'preact/hooks': 'preact-hooks.mjs',
  'preact/jsx-runtime': 'preact-jsx-runtime.mjs',
};

/** Files that are no modules. The plots come as a script, as that is a third of the size of the module. */
const OTHERS: Readonly<Record<string, string>> = {
  'uplot.js': 'uplot/dist/uPlot.iife.min.js',
  'uplot.css': 'uplot/dist/uPlot.min.css',
};

const TYPES: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  mjs: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
};

export interface DashboardFile {
  readonly contentType: string;
  readonly body: Buffer;
  /** Strong, of the contents: a browser that has the file asks with it and gets 304. */
  readonly etag: string;
}

export interface Dashboard {
  readonly page: Page;
  /** By their paths, such as `/dashboard/main.js`. */
  readonly files: ReadonlyMap<string, DashboardFile>;
}

/** readDashboard reads all files. Rejects when one is missing, which is a broken installation. */
export async function readDashboard(): Promise<Dashboard> {
  const dist = new URL('dist/', ROOT);
  const own = (await readdir(dist, { recursive: true })).filter((name) => name.endsWith('.js')).sort();
  const sources: (readonly [name: string, file: URL])[] = [
    ...own.map((name) => [name, new URL(name, dist)] as const),
    ['style.css', new URL('style.css', ROOT)],
    ...Object.entries(MODULES).map(([specifier, name]) => [name, new URL(import.meta.resolve(specifier))] as const),
    ...Object.entries(OTHERS).map(([name, specifier]) => [name, new URL(import.meta.resolve(specifier))] as const),
  ];
  const files = await Promise.all(
    sources.map(async ([name, file]) => [PREFIX + name, fileOf(name, await readFile(fileURLToPath(file)))] as const),
  );
  const imports = Object.entries(MODULES).map(([specifier, name]) => [specifier, PREFIX + name] as const);
  const page = pageOf(
    Object.fromEntries(imports),
    [...imports.map(([, path]) => path), ...own.map((name) => PREFIX + name)],
    PREFIX,
  );
  return { page, files: new Map(files) };
}

function fileOf(name: string, read: Buffer): DashboardFile {
  // Their source maps are not served.
  const body = Buffer.from(read.toString('utf8').replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n'));
  const contentType = TYPES[name.slice(name.lastIndexOf('.') + 1)]!;
  return { contentType, body, etag: etagOf(body) };
}

/** etagOf is a strong entity tag (RFC 9110 8.8.3). */
export function etagOf(body: Buffer): string {
  return `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
}

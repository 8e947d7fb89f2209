/**
 * Links: where the links of a page lead, inside the checkout. Test code.
 */
import { access, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Page } from './page.ts';

/** brokenLinks returns the page's links to files or headings that are not there. Links to other sites are not followed. */
export async function brokenLinks({ path, markdown }: Page): Promise<readonly string[]> {
  const prose = markdown.replace(/^```.*?^```$/gms, '').replace(/`[^`\n]*`/g, '');
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!);
  const broken: string[] = [];
  for (const target of new Set(targets)) {
    if (/^[a-z]+:/.test(target)) continue;
    const [file, heading] = target.split('#') as [string, string | undefined];
    const destination = file === '' ? path : join(dirname(path), file);
    if (!(await isThere(destination, heading))) broken.push(target);
  }
  return broken;
}

async function isThere(path: string, heading: string | undefined): Promise<boolean> {
  try {
    await access(path);
    return heading === undefined || headingsOf(await readFile(path, 'utf8')).has(heading);
  } catch {
    return false;
  }
}

/** headingsOf names headings as GitHub does; the second of the same name gets `-1`. */
function headingsOf(markdown: string): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [, title] of markdown.replace(/^```.*?^```$/gms, '').matchAll(/^#+ (.+)$/gm)) {
    const name = title!
      .toLowerCase()
      .replace(/[^\p{Letter}\p{Number}\p{Mark} _-]/gu, '')
      .replaceAll(' ', '-');
    let unique = name;
    for (let count = 1; names.has(unique); count++) unique = `${name}-${count}`;
    names.add(unique);
  }
  return names;
}

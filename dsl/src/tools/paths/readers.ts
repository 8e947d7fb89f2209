/**
 * Readers: how common servers read a request target, as small models: which resource they take it for. Main thread; for lint and tests.
 *
 * Each follows its server's documentation and source with the settings that it comes with: nginx 1.26, Apache httpd 2.4 on Linux, Tomcat 10.1,
 * IIS 10 with NTFS, Express 5 and its static files, PHP applications behind php-fpm that read REQUEST_URI. A model gives the decoded path of the
 * resource, or null where the server refuses the target. Where servers of a kind differ, the model is the most generous of them.
 */
import type { PathReader } from '../../plan/path-policy.ts';

export type Reader = (path: string) => string | null;

/** READERS are the models by the kind of server. */
export const READERS: Readonly<Record<Exclude<PathReader, 'any'>, Reader>> = {
  /** Decodes once, `%2F` too; merges slashes; resolves dots; refuses NUL and what climbs above the root. */
  nginx: (path) => posix(decoded(path), true),
  /** The same, but for `%2F`, which it refuses as long as AllowEncodedSlashes is off. */
  apache: (path) => (/%2f/i.test(path) ? null : posix(decoded(path), true)),
  /** Takes parameters off each segment before it decodes and resolves; refuses `%2F`, `%5C` and backslashes. */
  tomcat: (path) => {
    if (/%2f|%5c|\\/i.test(path)) return null;
    return posix(decoded(path.replace(/;[^/]*/g, '')), true);
  },
  /** Decodes, twice where double escaping is allowed; backslashes are slashes; ignores case, dots and blanks at the end of names, and streams. */
  iis: (path) => {
    const once = decoded(path.replace(/%u00([0-9a-f]{2})/gi, '%$1'), true);
    const twice = once === null ? null : decoded(once, true);
    const names = posix(twice?.replaceAll('\\', '/') ?? null, false);
    return (
      names?.replace(/[^/]+/g, (name) =>
        name
          .replace(/:.*$/, '')
          .replace(/[. ]+$/, '')
          .toLowerCase(),
      ) ?? null
    );
  },
  /** Routes ignore case and a slash at the end; static files are decoded and resolved; `new URL()` takes backslashes for slashes; some routers end the path at `;`. */
  node: (path) => {
    const cut = path.replace(/;.*$/, '').replaceAll('\\', '/');
    return (
      posix(decoded(cut), false)
        ?.toLowerCase()
        .replace(/(.)\/$/, '$1') ?? null
    );
  },
  /** What is in REQUEST_URI, decoded by the framework, and once more by some applications; what stands behind a script is its PATH_INFO. */
  php: (path) => posix(decoded(decoded(path) ?? '\0', true), false)?.replace(/(\.php)\/.*$/, '$1') ?? null,
};

/** decoded decodes escapes once, as UTF-8; null for a NUL. `isLax`: overlong forms stand for their characters, and stray `%` for themselves. */
export function decoded(path: string, isLax = false): string | null {
  if (!isLax && /%(?![0-9a-f]{2})/i.test(path)) return null;
  const bytes = Buffer.from(path, 'utf8')
    .toString('latin1')
    .replace(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
  const text = isLax ? bytes.replace(OVERLONG, shortened) : bytes;
  return text.includes('\0') ? null : Buffer.from(text, 'latin1').toString('utf8');
}

const OVERLONG = /[\xc0\xc1][\x80-\xbf]|\xe0[\x80-\x81][\x80-\xbf]|\xf0\x80[\x80-\x81][\x80-\xbf]/g;

function shortened(form: string): string {
  const last = form.charCodeAt(form.length - 1) & 0x3f;
  return String.fromCharCode(((form.charCodeAt(form.length - 2) & 0x03) << 6) | last);
}

/** posix merges slashes and resolves dots. `isRooted`: what climbs above the root is refused. */
function posix(path: string | null, isRooted: boolean): string | null {
  if (path === null || !path.startsWith('/')) return null;
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') kept.push(segment);
    else if (kept.pop() === undefined && isRooted) return null;
  }
  return `/${kept.join('/')}${kept.length > 0 && /\/\.{0,2}$/.test(path) ? '/' : ''}`;
}

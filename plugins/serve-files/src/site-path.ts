/**
 * SitePath: from the path of a request to the names of folders and a file, or to nothing. Pure.
 *
 * Strict on purpose: what is not plainly a name inside the folder does not exist. Symbolic links are another matter; see
 * FileRoot.
 */

/** Longest name that file systems take, in bytes. */
const LONGEST_NAME = 255;
const MOST_SEGMENTS = 64;

/**
 * segmentsOf returns the decoded segments of a percent-encoded path; the last one is empty for a folder (`/docs/`). null:
 * no file can have this path. Names that begin with a dot are hidden (`.git`, `.env`), but for `/.well-known`.
 */
export function segmentsOf(path: string): string[] | null {
  if (!path.startsWith('/')) return null;
  const segments = path.slice(1).split('/');
  if (segments.length > MOST_SEGMENTS) return null;
  const last = segments.length - 1;
  const names: string[] = [];
  for (const [index, segment] of segments.entries()) {
    const name = decoded(segment);
    if (name === null) return null;
    if (name === '') {
      // `//` would make names, and redirects, that mean another host.
      if (index !== last) return null;
    } else if (!isPlainName(name) || (name.startsWith('.') && !(index === 0 && name === '.well-known'))) {
      return null;
    }
    names.push(name);
  }
  return names;
}

function decoded(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
}

function isPlainName(name: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  return !/[/\\\u0000-\u001f\u007f]/.test(name) && Buffer.byteLength(name) <= LONGEST_NAME;
}

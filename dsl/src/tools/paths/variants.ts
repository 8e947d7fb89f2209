/**
 * Variants: other ways to spell a path, as those write them who want past a rule. Main thread; for lint and tests.
 */

/** What stands for a slash to somebody, and what stands for nothing between two segments. */
const SLASHES = [
  '//',
  '///',
  '/./',
  '/.//',
  '/x/../',
  '/x//../',
  '//x/../',
  '/%2e/',
  '/x/%2e%2e/',
  '/x/.%2E/',
  '/;/',
  '/;a=b/',
  '/x/..;/',
].concat(
  [
    '/x/..;a=b/',
    '/.;/',
    '/;x/../',
    '/x/;/../',
    '/x;y/../',
    '/%2e;/',
    '/x/%2e%2e;/',
    '/\\',
    '\\',
    '\\\\',
    '/.\\',
    '/x\\..\\',
    '/x\\../',
  ],
  [
    '%2f',
    '%2F',
    '/%2f',
    '/%2F/',
    '%2f/',
    '/x%2f../',
    '/x/..%2f',
    '/x%2f..%2f',
    '%252f',
    '%252F',
    '/%252f',
    '/x/..%252f',
    '/x/%252e%252e/',
  ],
  [
    '%5c',
    '/%5C',
    '/x%5c..%5c',
    '%255c',
    '/x%255c..%255c',
    '%c0%af',
    '%C0%AF',
    '%e0%80%af',
    '%f0%80%80%af',
    '%c1%9c',
    '/x/%c0%ae%c0%ae/',
  ],
  [
    '/x/..%c0%af',
    '%u2215',
    '%u002f',
    '/x/..%u002f',
    '/%00/',
    '/x/..%00/',
    '/x%00/../',
    '/%20/../',
    '/%0a/../',
    '/.%00/',
    '/..%0d/',
    '/%09/',
  ],
  [
    '/x/%25%32%65%25%32%65/',
    '/%2e%2e/',
    '/../',
    '/../../',
    '/..;/',
    '/x/../../',
    '/:/../',
    '/./x/../',
    '/%2e%2f',
    '/x/%2e%2e%2f',
    '/~/../',
  ],
);

/** What some servers take off the end of a path, or of a segment. */
const ENDS = [
  ';',
  ';x',
  ';x=y',
  ';/',
  ';jsessionid=0',
  '%3b',
  '%3Bx',
  '%253b',
  '.',
  '..',
  '...',
  '%2e',
  '%252e',
  '%20',
  '%20%20',
  '.%20',
  '+',
  '::$DATA',
].concat(
  [
    '::$INDEX_ALLOCATION',
    ':$i30:$INDEX_ALLOCATION',
    '%3a%3a$DATA',
    '%3a$i30',
    '%00',
    '%00.txt',
    '%00/',
    '%2500',
    '%0a',
    '%0d',
    '%0d%0a',
    '%09',
    '%7f',
  ],
  [
    '%01',
    '%c0%80',
    '%e0%80%80',
    '?',
    '?x',
    '#',
    '#x',
    '%23',
    '%3f',
    '%3fx',
    '/',
    '//',
    '/.',
    '/./',
    '/x/..',
    '/%2e',
    '/%2e/',
    '\\',
    '\\.',
    '%5c',
    '%5c.',
  ],
  [
    '/;',
    '/;x',
    ';%2f',
    ';\\',
    '/%20',
    '/.%00',
    '~',
    '~1',
    '/*',
    '/index',
    '.html',
    '.json',
    '%ef%bc%8f',
    '%e2%80%a6',
    '%c2%a0',
    '%ad',
    '%ff',
    '%e9',
  ],
);

/**
 * variantsOf spells a normal path in other ways: slashes, dots, parameters, backslashes, encodings of its letters (once, twice, overlong, `%u`),
 * its case, and what stands behind it. Some are nonsense, and no two are the same.
 * The path itself is not among them; the shortest come first.
 */
export function variantsOf(path: string): readonly string[] {
  const found = new Set<string>();
  const at = [...path.matchAll(/\//g)].map(({ index }) => index).filter((index) => index < path.length - 1);
  for (const index of new Set([at[0] ?? 0, at.at(-1) ?? 0])) {
    for (const slash of SLASHES) {
      const variant = path.slice(0, index) + slash + path.slice(index + 1);
      found
        .add(variant.startsWith('/') ? variant : `/${variant}`)
        .add(`/x/..${variant.startsWith('/') ? '' : '/'}${variant}`);
    }
    for (const end of ENDS) {
      const next = path.indexOf('/', index + 1);
      if (next > 0) found.add(path.slice(0, next) + end + path.slice(next));
    }
  }
  for (const end of ENDS) found.add(path + end).add(`/${path}${end}`);
  for (const [index, letter] of [...path].entries()) {
    if (letter === '/' || path[index - 1] === '%' || path[index - 2] === '%' || letter === '%') continue;
    for (const form of formsOf(letter)) found.add(path.slice(0, index) + form + path.slice(index + 1));
  }
  const letters = /[a-z]/gi;
  for (const all of [
    path.toUpperCase(),
    path.replace(/\/[a-z]/g, (start) => start.toUpperCase()),
    path.replace(letters, (letter) => `%${hex(letter)}`),
    path.replace(letters, (letter) => `%25${hex(letter)}`),
    path.replace(letters, (letter) => `%u00${hex(letter)}`),
    path.replace(/[a-z]/gi, (letter, index: number) => (index % 2 === 0 ? letter.toUpperCase() : letter)),
  ]) {
    found.add(all);
  }
  found.delete(path);
  return [...found].sort((a, b) => a.length - b.length);
}

function formsOf(letter: string): readonly string[] {
  const digits = hex(letter);
  const code = letter.charCodeAt(0);
  const overlong = `%${(0xc0 | (code >> 6)).toString(16)}%${(0x80 | (code & 0x3f)).toString(16)}`;
  return [
    `%${digits}`,
    `%${digits.toUpperCase()}`,
    `%25${digits}`,
    `%2525${digits}`,
    `%%${hex(digits[0]!)}${digits[1]}`,
    `%u00${digits}`,
    overlong,
    letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase(),
    `${letter}%00`,
    `${letter}%0a`,
    `\\${letter}`,
  ];
}

function hex(letter: string): string {
  return letter.charCodeAt(0).toString(16).padStart(2, '0');
}

/**
 * RequestKey: what requests are told apart by (an argument of type `key`), as text. Data plane, hot path.
 */
import type { RequestFacts } from './facts.ts';

/**
 * compileKey returns the reader of `ip`, `host`, `path`, `global`, `header NAME` or `cookie NAME`. A request without the header
 * or cookie is told apart by its address, so that it neither escapes what is counted nor shares it with all others.
 */
export function compileKey([kind, name = '']: readonly string[]): (facts: RequestFacts) => string {
  switch (kind) {
    case 'host':
      return (facts) => facts.host;
    case 'path':
      return (facts) => facts.path;
    case 'global':
      return () => '';
    case 'header':
      return (facts) => keyOf(facts, facts.header(name));
    case 'cookie':
      return (facts) => keyOf(facts, cookieOf(facts.header('cookie'), name));
    default:
      return (facts) => facts.ip.text;
  }
}

/** The first letter keeps values apart from addresses that stand in for them. */
function keyOf(facts: RequestFacts, value: string | readonly string[] | undefined): string {
  if (value === undefined) return `i${facts.ip.text}`;
  return `v${typeof value === 'string' ? value : value.join(',')}`;
}

/** The first value of a cookie; undefined when there is none. */
function cookieOf(header: string | readonly string[] | undefined, name: string): string | undefined {
  if (header === undefined) return undefined;
  for (const line of typeof header === 'string' ? [header] : header) {
    for (const piece of line.split(';')) {
      const equals = piece.indexOf('=');
      if (equals !== -1 && piece.slice(0, equals).trim() === name) return piece.slice(equals + 1).trim();
    }
  }
  return undefined;
}

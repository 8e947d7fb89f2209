/**
 * RequestKey: what requests are told apart by (an argument of type `key`), as text. Data plane, hot path.
 */
import { type ClientNetworks, networkKey } from '../address/client-network.ts';
import type { RequestFacts } from '../facts/facts.ts';

const ONE_ADDRESS: ClientNetworks = [32, 128];

/**
 * compileKey returns the reader of `ip`, `host`, `path`, `global`, `header NAME`, `cookie NAME` or `query NAME`. A request without the
 * header, cookie or parameter is told apart by its address, so that it neither escapes what is counted nor shares it with all others.
 *
 * `networks` count as one address; `ip` may bring its own, as the bits of IPv4 and IPv6. Default: every address counts apart.
 */
export function compileKey(
  [kind, name = '', name6 = '']: readonly string[],
  networks: ClientNetworks = ONE_ADDRESS,
): (facts: RequestFacts) => string {
  switch (kind) {
    case 'host':
      return (facts) => facts.host;
    case 'path':
      return (facts) => facts.path;
    case 'global':
      return () => '';
    case 'header':
      return (facts) => keyOf(facts, facts.header(name), networks);
    case 'cookie':
      return (facts) => keyOf(facts, cookieOf(facts.header('cookie'), name), networks);
    case 'query':
      return (facts) => keyOf(facts, parameterOf(facts.query, name), networks);
    default: {
      const own: ClientNetworks = name === '' ? networks : [Number(name), Number(name6)];
      return (facts) => networkKey(facts.ip, own);
    }
  }
}

/** The first letter keeps values apart from addresses that stand in for them. */
function keyOf(facts: RequestFacts, value: string | readonly string[] | undefined, networks: ClientNetworks): string {
  if (value === undefined) return `i${networkKey(facts.ip, networks)}`;
  return `v${typeof value === 'string' ? value : value.join(',')}`;
}

/** The first value of a parameter, as it was written: nothing is decoded. */
function parameterOf(query: string, name: string): string | undefined {
  let at = 0;
  while (at < query.length) {
    let end = query.indexOf('&', at);
    if (end === -1) end = query.length;
    if (query.startsWith(name, at)) {
      const behind = at + name.length;
      if (behind === end) return '';
      if (query[behind] === '=') return query.slice(behind + 1, end);
    }
    at = end + 1;
  }
  return undefined;
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

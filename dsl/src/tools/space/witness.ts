/**
 * Witness: an open case of the solver made into a request or a connection that people can read and send. Main thread.
 *
 * What stands here is a good guess; `findWitness` keeps one only when the reference interpreter agrees.
 */

import { parseIp } from '../../match/address/parse-ip.ts';
import { interpretRules, testHolds } from '../../match/condition/interpret.ts';
import type { FieldReader } from '../../match/facts/facts.ts';
import { hostText, readAuthority } from '../../match/request/host.ts';
import { normalisePath } from '../../match/request/path.ts';
import { isServerName, parseWrittenRequest } from '../../match/request/written-request.ts';
import { compileRules, type RuleMatcher } from '../../match/rule/rule-matcher.ts';
import type { PathPolicy } from '../../plan/path-policy.ts';
import type { ListenerPlan } from '../../plan/plan.ts';
import type { Rule } from '../../plan/rule.ts';
import type { TestRequest } from '../../plan/test.ts';
import { type Held, ManyDomain, RangeDomain, TextDomain } from './field-domain.ts';
import { addressText, type Ranges } from './ranges.ts';
import { sampleRegex } from './sample-regex.ts';
import type { Space } from './solver.ts';
import type { TextAtom } from './text-atom.ts';

export type Readers = ReadonlyMap<string, FieldReader>;

const ADDRESSES: readonly bigint[] = [0xc6336407n, 0xcb007109n, 0xc0000201n, 0x08080808n];
const FALLBACK: Readonly<Record<string, readonly string[]>> = {
  path: ['/', '/x', '/other/page.html', '*'],
  host: ['www.example.com', 'example.net', 'other.test'],
  method: ['GET', 'POST', 'OPTIONS', 'PUT', 'DELETE', 'HEAD', 'PATCH', 'PROPFIND'],
  scheme: ['https', 'http'],
};

/** requestOf writes a request, or a connection, that lies in the space; null when no value was found for a field. */
export function requestOf(
  space: Space,
  { tls, address, paths }: ListenerPlan,
  isConnection = false,
): TestRequest | null {
  const texts: Record<string, string> = {
    path: '/',
    host: 'www.example.com',
    method: 'GET',
    scheme: tls === null ? 'http' : 'https',
  };
  let port = 'port' in address && address.port > 0 ? address.port : texts.scheme === 'https' ? 443 : 80;
  let ip = '198.51.100.7';
  const headers: [string, string][] = [];
  const cookies: string[] = [];
  const query: string[] = [];
  let names: ManyDomain | null = null;
  let protocols: readonly string[] = [];
  for (const { test, domain } of space.values()) {
    const { field, key } = test;
    if (domain instanceof RangeDomain) {
      if (field === 'ip') ip = addressText(numberIn(domain.ranges, ADDRESSES));
      else port = Number(numberIn(domain.ranges, [BigInt(port)]));
    } else if (domain instanceof TextDomain) {
      const usual = [texts[field]!, ...(FALLBACK[field] ?? [])];
      const value = oneText(domain, usual, field === 'path' ? '/' : '', (text) => isInForm(field, text, paths));
      if (value === null) return null;
      texts[field] = value;
    } else if (domain instanceof ManyDomain && test.field === 'sni' && key === null) {
      // A comparison with a list that changes has a domain of its own.
      if (names === null || domain.held.length > 0) names = domain;
    } else if (domain instanceof ManyDomain && domain.isPresent === true && test.field === 'alpn') {
      protocols = manyTexts(domain, PROTOCOLS) ?? [];
      if (protocols.length === 0) return null;
    } else if (domain instanceof ManyDomain && domain.isPresent === true) {
      const values = manyTexts(domain);
      if (values === null || key === null) return null;
      if (field === 'header') headers.push(...values.map((value): [string, string] => [titled(key), value]));
      else if (field === 'cookie') cookies.push(...values.map((value) => `${key}=${value}`));
      else if (field === 'query')
        query.push(...values.map((value) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`));
      else return null;
    }
  }
  const sni = nameOf(names, isConnection ? '' : texts.host!);
  if (sni === null) return null;
  const hello = `${sni.said}${protocols.length === 0 ? '' : ` alpn ${protocols.join(' ')}`}`;
  if (isConnection) return { line: `tcp to :${port}${hello}`, headers: [], ip };
  if (cookies.length > 0) headers.push(['Cookie', cookies.join('; ')]);
  const usualPort = texts.scheme === 'https' ? 443 : 80;
  const host = texts.host!.includes(':') ? `[${texts.host}]` : texts.host;
  const target = `${texts.path}${query.length === 0 ? '' : `?${query.join('&')}`}`;
  const line = `${texts.method} ${texts.scheme}://${host}${port === usualPort ? '' : `:${port}`}${target}`;
  return { line: `${line}${hello}`, headers, ip };
}

/** Protocols that TLS clients offer. */
const PROTOCOLS = ['h2', 'http/1.1', 'acme-tls/1', 'imap', 'xmpp-client'];

/** nameOf is what is to be said of the name in the hello, where the client would not name `host` by itself; null: no name fits. */
function nameOf(domain: ManyDomain | null, host: string): { readonly said: string } | null {
  if (domain === null) return { said: '' };
  const usual = host !== '' && parseIp(host) === null ? [host, ...FALLBACK.host!] : FALLBACK.host!;
  const { held, failed, isPresent } = domain;
  const fits = (name: string): boolean =>
    isServerName(name) &&
    held.every(({ test }) => testHolds(test, [name])) &&
    !failed.some((test) => testHolds(test, [name]));
  const isFree = isPresent !== true && held.length === 0;
  if (isFree && host === '') return { said: '' };
  const name =
    isPresent === false
      ? undefined
      : (usual.find(fits) ??
        candidates(held, '')
          .map((one) => one.toLowerCase())
          .find(fits));
  if (name === undefined) return isFree ? { said: host === '' ? '' : ' sni absent' } : null;
  return { said: name === host ? '' : ` sni ${name}` };
}

const matchers = new WeakMap<readonly Rule[], { readonly readers: Readers; readonly matcher: RuleMatcher }>();

/**
 * firstMatch is the index of the first of the rules, from `start` on, that takes a request, or -1; null for no request. Lists are
 * compiled once, since thousands of requests may be tried on one; the rule that is found is asked again by the reference interpreter.
 */
export function firstMatch(
  request: TestRequest,
  rules: readonly Rule[],
  readers: Readers,
  { paths }: ListenerPlan,
  isAsked: (rule: Rule) => boolean = () => true,
): number | null {
  try {
    const facts = parseWrittenRequest(`${request.line} from ${request.ip}`, request.headers, paths);
    let known = matchers.get(rules);
    if (known?.readers !== readers) {
      known = { readers, matcher: compileRules(rules, readers) };
      matchers.set(rules, known);
    }
    let at = known.matcher.next(facts, 0);
    while (at >= 0 && !isAsked(rules[at]!)) at = known.matcher.next(facts, at + 1);
    return at < 0 || interpretRules([rules[at]!], readers, facts, 0) === 0 ? at : null;
  } catch {
    return null;
  }
}

function titled(name: string): string {
  return name.replace(/(?:^|-)[a-z]/g, (letter) => letter.toUpperCase());
}

function numberIn(ranges: Ranges, preferred: readonly bigint[]): bigint {
  const isIn = (one: bigint): boolean => ranges.some(([first, last]) => one >= first && one <= last);
  const liked = preferred.find(isIn);
  if (liked !== undefined) return liked;
  const [first, last] = ranges.find(([from, to]) => to > from) ?? ranges[0]!;
  return first < last ? first + 1n : first;
}

/** isInForm: a path, or a host, has the form in which requests of the listener have it. */
function isInForm(field: string, text: string, paths: PathPolicy | undefined): boolean {
  if (field === 'path') return text === '*' || normalisePath(text, paths) === text;
  return field !== 'host' || readAuthority(hostText(text))?.host === text;
}

function oneText(
  { values, held, failed }: TextDomain,
  usual: readonly string[],
  root: string,
  isInItsForm: (text: string) => boolean,
): string | null {
  const fits = (value: string): boolean =>
    isInItsForm(value) &&
    held.every(({ test }) => testHolds(test, [value])) &&
    !failed.some((test) => testHolds(test, [value]));
  if (values !== null) return usual.find((value) => values.includes(value)) ?? values[0]!;
  return usual.find(fits) ?? candidates(held, root).find(fits) ?? null;
}

/** One value for each comparison that holds, none that another must not take. */
function manyTexts(
  { held, failed }: ManyDomain,
  usual: readonly string[] = ['1', 'x', 'yes', 'none'],
): readonly string[] | null {
  const fits = (value: string): boolean => !failed.some((test) => !test.every && testHolds(test, [value]));
  if (held.length === 0) return usual.filter(fits).slice(0, 1);
  const together = candidates(held, '').find(
    (value) => fits(value) && held.every(({ test }) => testHolds(test, [value])),
  );
  if (together !== undefined) return [together];
  const values: string[] = [];
  for (const one of held) {
    if (values.some((value) => testHolds(one.test, [value]))) continue;
    const value = candidates([one], '').find((each) => fits(each) && testHolds(one.test, [each]));
    if (value === undefined) return null;
    values.push(value);
  }
  return values;
}

const MOST_COMBINATIONS = 200;

/** candidates joins beginnings, middles and ends of what is asked for. `root` begins every text. */
function candidates(held: readonly Held[], root: string): readonly string[] {
  let choices: readonly (readonly TextAtom[])[] = [[]];
  for (const { atoms } of held) {
    choices = choices
      .flatMap((chosen) => atoms.slice(0, 8).map((atom) => [...chosen, atom]))
      .slice(0, MOST_COMBINATIONS);
  }
  const written = choices.flatMap((chosen) => texts(chosen, root));
  const isFolded = held.some(({ atoms }) => atoms.some((atom) => atom.isFolded));
  return isFolded ? [...written, ...written.map((text) => text.toUpperCase())] : written;
}

function texts(atoms: readonly TextAtom[], root: string): readonly string[] {
  const exact = atoms.filter(({ kind }) => kind === 'is').map(({ value }) => value);
  if (exact.length > 0) return exact;
  const longest = (parts: readonly string[]): string => parts.reduce((a, b) => (b.length > a.length ? b : a), '');
  const start = longest(atoms.map(({ prefix }) => prefix));
  const end = longest(atoms.map(({ suffix }) => suffix));
  const middles = atoms.flatMap(({ kind, value }) =>
    kind === 'contains' ? [value] : kind === 'like' ? value.split('*').slice(1, -1) : [],
  );
  const samples = atoms.filter(({ kind }) => kind === 'matches').map(({ test }) => sampleRegex(String(test.values[0])));
  const begin = start.startsWith(root) ? start : root;
  const inner = middles.join('');
  return [
    ...samples,
    ...samples.map((sample) => root + sample),
    ...samples.map((sample) => begin + sample + inner + end),
    ...['', 'x', 'x1', '/x', 'x.', '-'].map((filler) => begin + filler + inner + end),
    begin + middles.map((middle) => `x${middle}`).join('') + end,
    inner + end,
  ];
}

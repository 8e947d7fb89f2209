/**
 * NameResolver finds the addresses of a host name: in the hosts file, by DNS, and where the DNS knows nothing of it by whatever else
 * the system has. Main thread.
 *
 * DNS servers are asked over c-ares and not over the system's own look-up (getaddrinfo): that one blocks one of the process's four
 * worker threads for as long as a DNS server is silent, so a few names of a dead DNS server would stop all file access. And it
 * does not say how long an answer holds.
 */
import { lookup, Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { dnsReason, saysNone } from '../../shared/reasons/dns-reason.ts';

/** Resolution is what a name resolves to; no addresses: it is known that there are none. */
export interface Resolution {
  readonly addresses: readonly string[];
  /** How long that holds. */
  readonly ttlMs: number;
}

export interface NameResolver {
  /** resolve rejects with a reason for people when nobody could be asked. */
  resolve(name: string, signal: AbortSignal): Promise<Resolution>;
}

export interface NameResolverOptions {
  /** DNS servers to ask, `IP` or `IP:PORT`. Default: those of the system, with its search domains. */
  readonly servers?: readonly string[];
  /** Default `/etc/hosts` and `/etc/resolv.conf`. */
  readonly hostsFile?: string;
  readonly resolvFile?: string;
  /** The system's own look-up, for names that the DNS does not know. Rejects where it does not either. */
  readonly system?: (name: string) => Promise<readonly string[]>;
}

const TRY_MS = 1500;
const TRIES = 2;
/** How long what does not come from the DNS holds: the hosts file is read again then. */
const FILE_MS = 5_000;
/** How long it holds that there is no such name. */
const NONE_MS = 5_000;
/** systemNames asks as the system would, or the DNS servers that are given. */
export function systemNames(options: NameResolverOptions = {}): NameResolver {
  return new SystemNames(options);
}

class SystemNames implements NameResolver {
  readonly #options: NameResolverOptions;

  constructor(options: NameResolverOptions) {
    this.#options = options;
  }

  async resolve(name: string, signal: AbortSignal): Promise<Resolution> {
    const { servers, hostsFile = '/etc/hosts', resolvFile = '/etc/resolv.conf', system = bySystem } = this.#options;
    const written = hostsOf(await textOf(hostsFile), name);
    if (written.length > 0) return { addresses: written, ttlMs: FILE_MS };
    // RFC 6761, section 6.3: this name is nobody else's.
    if (name === 'localhost' || name.endsWith('.localhost')) return { addresses: ['127.0.0.1', '::1'], ttlMs: FILE_MS };
    const resolver = new Resolver({ timeout: TRY_MS, tries: TRIES });
    if (servers !== undefined) resolver.setServers([...servers]);
    signal.addEventListener('abort', () => resolver.cancel(), { once: true });
    const candidates = servers === undefined ? searched(name, await textOf(resolvFile)) : [name];
    for (const candidate of candidates) {
      const found = await byDns(resolver, candidate);
      if (found !== null) return found;
    }
    const other = servers === undefined && !signal.aborted ? await system(name).catch(() => []) : [];
    return { addresses: other, ttlMs: other.length > 0 ? FILE_MS : NONE_MS };
  }
}

async function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}

async function bySystem(name: string): Promise<readonly string[]> {
  const found = await lookup(name, { all: true, order: 'verbatim' });
  return [...new Set(found.map(({ address }) => address))];
}

/** byDns asks for both families. Null: there is no such name. Rejects when nobody could be asked and none was found. */
async function byDns(resolver: Resolver, name: string): Promise<Resolution | null> {
  const asked = await Promise.allSettled([
    resolver.resolve4(name, { ttl: true }),
    resolver.resolve6(name, { ttl: true }),
  ]);
  const records = asked.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
  const failure = asked
    .map((each) => (each.status === 'rejected' ? String((each.reason as { code?: string }).code ?? '') : 'ENODATA'))
    .find((code) => !saysNone(code));
  if (records.length > 0) {
    const addresses = [...new Set(records.map(({ address }) => address))];
    // One family's server failed: the other's answer is better than none, but not for long.
    const mostMs = failure === undefined ? Number.POSITIVE_INFINITY : NONE_MS;
    return { addresses, ttlMs: Math.min(mostMs, ...records.map(({ ttl }) => ttl * 1000)) };
  }
  if (failure === undefined) return null;
  throw new Error(dnsReason(failure));
}

/** hostsOf are the addresses that a hosts file has for a name (hosts(5)); case does not matter. */
export function hostsOf(text: string, name: string): readonly string[] {
  const addresses = new Set<string>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (isIP(address) !== 0 && names.some((each) => each.toLowerCase() === name)) addresses.add(address);
  }
  return [...addresses];
}

/** searched are the names to ask for in turn (resolv.conf(5)): those with enough dots as they are first, others with domains first. */
export function searched(name: string, resolvConf: string): readonly string[] {
  if (name.endsWith('.')) return [name];
  let domains: readonly string[] = [];
  let ndots = 1;
  for (const line of resolvConf.split('\n')) {
    const [word, ...values] = line
      .replace(/[#;].*/, '')
      .trim()
      .split(/\s+/);
    if (word === 'search' || word === 'domain') domains = values.filter((each) => each !== '.');
    if (word !== 'options') continue;
    for (const value of values) {
      const dots = /^ndots:(\d{1,2})$/.exec(value);
      if (dots !== null) ndots = Math.min(15, Number(dots[1]));
    }
  }
  const behind = domains.map((domain) => `${name}.${domain.replace(/\.$/, '')}`);
  return name.split('.').length - 1 >= ndots ? [name, ...behind] : [...behind, name];
}

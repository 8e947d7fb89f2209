/**
 * Lookup: one question's asking of a DNS server, over c-ares: the hosts file and search domains have no say. Main thread.
 */
import { Resolver } from 'node:dns/promises';
import { dnsReason, saysNone } from '@sluice/core/probe';
import type { Args } from '@sluice/dsl/plan';
import { dnsError } from './errors.ts';

/** Addresses are those of one name; none: the DNS says that there are none. */
export interface Addresses {
  readonly hosts: readonly string[];
  /** The shortest ttl of the records; infinite where there are none. */
  readonly ttlMs: number;
}

const TRY_MS = 2000;
const TRIES = 2;
export class Lookup {
  readonly #resolver = new Resolver({ timeout: TRY_MS, tries: TRIES });
  readonly #families: readonly (4 | 6)[];

  constructor(options: Args, signal: AbortSignal) {
    if (typeof options.resolver === 'string') this.#resolver.setServers([options.resolver]);
    this.#families = options.v4 === true ? [4] : options.v6 === true ? [6] : [4, 6];
    signal.addEventListener('abort', () => this.#resolver.cancel(), { once: true });
  }

  /** addresses asks for a name's addresses of all families. Rejects when the server fails for one of them. */
  async addresses(name: string): Promise<Addresses> {
    const answers = await Promise.all(this.#families.map((family) => this.#family(name, family)));
    const records = answers.flat();
    return {
      hosts: [...new Set(records.map(({ address }) => address))],
      ttlMs: Math.min(...records.map(({ ttl }) => ttl * 1000)),
    };
  }

  /** services asks for a service's records; none: the DNS says that there are none. */
  async services(name: string): Promise<Awaited<ReturnType<Resolver['resolveSrv']>>> {
    return this.#resolver.resolveSrv(name).catch((thrown) => none(thrown, 'SRV'));
  }

  #family(name: string, family: 4 | 6): Promise<{ address: string; ttl: number }[]> {
    return family === 4
      ? this.#resolver.resolve4(name, { ttl: true }).catch((thrown) => none(thrown, 'A'))
      : this.#resolver.resolve6(name, { ttl: true }).catch((thrown) => none(thrown, 'AAAA'));
  }
}

/** holdsFor is how long an answer holds, within the line's bounds. */
export function holdsFor(ttlMs: number, { ttlLeast, ttlMost }: Args): number {
  return Math.min(ttlMost as number, Math.max(ttlLeast as number, ttlMs));
}

function none(thrown: NodeJS.ErrnoException, kind: string): [] {
  const code = thrown.code ?? '';
  if (saysNone(code)) return [];
  const hint = kind === 'AAAA' ? '; `ipv4 only` leaves these out' : '';
  throw dnsError('SP0606', { reason: dnsReason(code), kind, hint }, thrown);
}

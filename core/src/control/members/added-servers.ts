/**
 * AddedServers: servers that somebody added by hand, by backend. Main thread.
 *
 * They are kept over reloads for as long as the rules have their backend, and over a restart or an upgrade where the gateway's state is. What is written there comes first: a
 * server with a name or address that the rules have is left out while they do.
 */
import { addressText, readAddress, SERVER_ADDRESS } from '@sluice/dsl';
import type { BackendPlan, Plan, ServerPlan } from '@sluice/dsl/plan';
import { GatewayError } from '../report/errors.ts';

/** What servers have for a source that were added by hand. */
export const BY_HAND = 'by hand';

/** NewServer is a server to add. */
export interface NewServer {
  /** `10.0.0.9:80`, `[::1]:80`, `app.internal:80` or `unix:/run/app.sock`. */
  readonly address: string;
  /** Default: the address. */
  readonly name?: string;
  /** 0 to 256; default 1. */
  readonly weight?: number;
  /** Most requests at once, 0 to 1,000,000; default 0: no limit. */
  readonly max?: number;
  /** Default false. */
  readonly backup?: boolean;
}

/** AddedServer is one that somebody added, with its backend. */
export interface AddedServer extends Required<NewServer> {
  readonly backend: string;
}

const NAME = /^[A-Za-z0-9_[][A-Za-z0-9._:[\]-]{0,254}$/;
/** Most servers of one backend that are added by hand. */
const MOST = 1000;
const NOWHERE = { file: BY_HAND, line: 0, column: 0, length: 0 };

export class AddedServers {
  readonly #servers = new Map<string, Map<string, ServerPlan>>();

  /** of are those of a backend, in the order in which they were added. */
  of(backend: string): Iterable<ServerPlan> {
    return this.#servers.get(backend)?.values() ?? [];
  }

  /** all are those of all backends, with what `add` takes. */
  *all(): Iterable<AddedServer> {
    for (const [backend, own] of this.#servers) {
      for (const { name, address, weight, max, isBackup } of own.values()) {
        yield { backend, address: addressText(address), name, weight, max, backup: isBackup };
      }
    }
  }

  has(backend: string, server: string): boolean {
    return this.#servers.get(backend)?.has(server) === true;
  }

  /** isAny: a backend has some. */
  isAny(backend: string): boolean {
    return this.#servers.has(backend);
  }

  /** add adds a server to a backend as it is now, with all its servers. Throws SG0514. */
  add(backend: BackendPlan, server: NewServer): ServerPlan {
    const plan = planOf(backend, server);
    const own = this.#servers.get(backend.name) ?? new Map<string, ServerPlan>();
    if (own.size >= MOST) throw refusal(backend.name, server, `${MOST} were added already`);
    this.#servers.set(backend.name, own.set(plan.name, plan));
    return plan;
  }

  /** remove takes a server out again. False: it was not added by hand. */
  remove(backend: string, server: string): boolean {
    const own = this.#servers.get(backend);
    if (own === undefined || !own.delete(server)) return false;
    if (own.size === 0) this.#servers.delete(backend);
    return true;
  }

  /** keep forgets those of backends that a plan lacks. */
  keep(plan: Plan): void {
    const names = new Set(plan.backends.map(({ name }) => name));
    for (const name of this.#servers.keys()) if (!names.has(name)) this.#servers.delete(name);
  }
}

function planOf(backend: BackendPlan, server: NewServer): ServerPlan {
  const { weight = 1, max = 0, backup = false } = server;
  const refuse = (problem: string): GatewayError => refusal(backend.name, server, problem);
  if (backend.serve !== null || backend.siteHost !== null) throw refuse('the backend has no servers of its own');
  const address = readAddress(server.address, SERVER_ADDRESS);
  if ('problem' in address) throw refuse(`the address ${address.problem}`);
  const name = server.name ?? addressText(address);
  if (!NAME.test(name)) throw refuse('the name has other characters than letters, digits and `._:[]-`');
  if (!isWhole(weight, 256)) throw refuse('the weight is not a whole number from 0 to 256');
  if (!isWhole(max, 1_000_000)) throw refuse('max is not a whole number from 0 to 1000000');
  const same = addressText(address);
  for (const known of backend.servers) {
    if (known.name === name) throw refuse(`there is a server \`${name}\` already`);
    if (addressText(known.address) === same) throw refuse(`\`${known.name}\` has its address`);
  }
  return { name, address, weight, max, queue: 0, isBackup: backup, source: BY_HAND, place: NOWHERE };
}

function refusal(backend: string, { address }: NewServer, problem: string): GatewayError {
  return new GatewayError('SG0514', { backend, address: address.slice(0, 100), problem });
}

function isWhole(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= most;
}

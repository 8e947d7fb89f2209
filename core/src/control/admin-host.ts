/**
 * AdminHost: whether there is an admin API, where, and with which token, over reloads. Main thread.
 *
 * The API itself, and all that it needs, is imported only when somebody asks for one.
 */
import { readListenAddress } from '@sluice/dsl';
import { type Address, isLoopback, type Plan } from '@sluice/dsl/plan';
import type { Logger } from 'pino';
import type { AdminServer } from '../admin/admin-server.ts';
import { GatewayError } from './errors.ts';
import type { Gateway } from './gateway.ts';
import { formatAddress } from './ports.ts';
import type { SecretValues } from './secrets.ts';

/** AdminOptions is an embedder's, or the command line's, wish for an admin API. It comes before what the rules say. */
export interface AdminOptions {
  /** `127.0.0.1:9900` (port 0: any), or `unix:/run/sluice.sock`. Any other than these and `[::1]` needs a token. */
  readonly address: string;
  /** What callers must show, at least 16 characters. Default: the rules' own, if they have one. */
  readonly token?: string;
}

/** AdminChange is a change that can still be taken back. */
export interface AdminChange {
  commit(): void;
  abandon(): Promise<void>;
}

interface Wanted {
  readonly address: Address;
  readonly token: string | null;
}

const SHORTEST_TOKEN = 16;

export class AdminHost {
  readonly #gateway: Gateway;
  readonly #options: AdminOptions | false | undefined;
  readonly #log: Logger;
  #server: AdminServer | null = null;
  #written = '';

  /** `false`: none, whatever the rules say. */
  constructor(gateway: Gateway, options: AdminOptions | false | undefined, log: Logger) {
    this.#gateway = gateway;
    this.#options = options;
    this.#log = log;
  }

  /** What it is bound to; null: there is none. */
  get address(): Address | null {
    return this.#server?.address ?? null;
  }

  /** prepare gets ready what a plan asks for, beside what is there. Throws SG0301 to SG0307, SG0601 to SG0603. */
  async prepare(plan: Plan, secrets: SecretValues): Promise<AdminChange> {
    const wanted = wantedBy(this.#options, plan, secrets);
    const before = this.#server;
    const close = (server: AdminServer | null): void => {
      // Whoever asked for the reload may be waiting for its answer there.
      if (server !== null) setImmediate(() => void server.close());
    };
    if (wanted === null) {
      const commit = (): void => {
        this.#server = null;
        close(before);
      };
      return { commit, abandon: async () => {} };
    }
    const { address, token } = wanted;
    const written = formatAddress(address);
    if (before !== null && written === this.#written) {
      const commit = (): void => {
        before.token = token;
      };
      return { commit, abandon: async () => {} };
    }
    const { startAdminServer } = await import('../admin/admin-server.ts');
    const server = await startAdminServer({ gateway: this.#gateway, address, token, log: this.#log });
    const commit = (): void => {
      this.#server = server;
      this.#written = written;
      close(before);
    };
    return { commit, abandon: () => server.close() };
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    await server?.close();
  }
}

function wantedBy(options: AdminOptions | false | undefined, plan: Plan, secrets: SecretValues): Wanted | null {
  if (options === false) return null;
  const { admin } = plan.settings;
  if (options === undefined && admin === undefined) return null;
  const secret = admin?.token ?? null;
  const token = options?.token ?? (secret === null ? null : secrets[secret]!);
  const address = options === undefined ? admin!.address : readAddress(options.address);
  if (token === null && !isLoopback(address)) throw new GatewayError('SG0601', { address: formatAddress(address) });
  if (token !== null && !/^[\x21-\x7e]+$/.test(token)) throw new GatewayError('SG0604', {});
  if (token !== null && token.length < SHORTEST_TOKEN) throw new GatewayError('SG0602', { least: SHORTEST_TOKEN });
  return { address, token };
}

function readAddress(text: string): Address {
  const address = readListenAddress(text);
  if (!('problem' in address)) return address;
  throw new GatewayError('SG0603', { address: text, problem: address.problem });
}

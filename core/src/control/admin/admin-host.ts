/**
 * AdminHost: whether there is an admin API, where, and with which tokens, over reloads. Main thread.
 *
 * The API itself, and all that it needs, is loaded by `OpenAdmin`, only when somebody asks for one.
 */
import type { Address, Plan } from '@sluice/dsl/plan';
import type { Logger } from 'pino';
import type { SecretValues } from '../plugins/secrets.ts';
import { formatAddress } from '../reload/ports.ts';
import { type AdminOptions, type AdminToken, type WantedAdmin, wantedAdmin } from './wanted-admin.ts';

export type { AdminOptions, AdminToken } from './wanted-admin.ts';

/** AdminEndpoint is an admin API that listens. */
export interface AdminEndpoint {
  /** What it is bound to. */
  readonly address: Address;
  /** admit is who is let in from now on, and where that is written down. */
  admit(wanted: Pick<WantedAdmin, 'tokens' | 'auditFile'>): void;
  /** leave stops listening; open requests go on. */
  leave(): void;
  /** close ends everything at once. */
  close(): Promise<void>;
}

/** AdminEndpointOptions is what an admin API is opened with. */
export interface AdminEndpointOptions<Gateway> {
  readonly gateway: Gateway;
  readonly address: Address;
  readonly tokens: readonly AdminToken[];
  readonly auditFile: string | null;
  readonly log: Logger;
  /** Another process listens there, and will leave. */
  readonly isTakeover: boolean;
}

/** OpenAdmin binds an admin API. Rejects with SG0301 to SG0307 when it cannot. */
export type OpenAdmin<Gateway> = (options: AdminEndpointOptions<Gateway>) => Promise<AdminEndpoint>;

/** AdminChange is a change that can still be taken back. */
export interface AdminChange {
  commit(): void;
  abandon(): Promise<void>;
}

export class AdminHost<Gateway> {
  readonly #gateway: Gateway;
  readonly #options: AdminOptions | false | undefined;
  readonly #log: Logger;
  readonly #open: OpenAdmin<Gateway>;
  /** The first one takes over from another process. */
  #isTakeover: boolean;
  #server: AdminEndpoint | null = null;
  #written = '';

  /** `false`: none, whatever the rules say. */
  constructor(
    gateway: Gateway,
    options: AdminOptions | false | undefined,
    log: Logger,
    open: OpenAdmin<Gateway>,
    isTakeover: boolean,
  ) {
    this.#gateway = gateway;
    this.#options = options;
    this.#log = log;
    this.#open = open;
    this.#isTakeover = isTakeover;
  }

  /** What it is bound to; null: there is none. */
  get address(): Address | null {
    return this.#server?.address ?? null;
  }

  /** prepare gets ready what a plan asks for, beside what is there. Throws SG0301 to SG0307, SG0601 to SG0606. */
  async prepare(plan: Plan, secrets: SecretValues): Promise<AdminChange> {
    const wanted = wantedAdmin(this.#options, plan, secrets);
    const before = this.#server;
    const close = (server: AdminEndpoint | null): void => {
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
    const { address, tokens, auditFile } = wanted;
    const written = formatAddress(address);
    if (before !== null && written === this.#written) {
      const commit = (): void => {
        before.admit(wanted);
      };
      return { commit, abandon: async () => {} };
    }
    const server = await this.#open({
      gateway: this.#gateway,
      address,
      tokens,
      auditFile,
      log: this.#log,
      isTakeover: this.#isTakeover,
    });
    this.#isTakeover = false;
    const commit = (): void => {
      this.#server = server;
      this.#written = written;
      close(before);
    };
    return { commit, abandon: () => server.close() };
  }

  /** leave stops listening: another process has the address. */
  leave(): void {
    this.#server?.leave();
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    await server?.close();
  }
}

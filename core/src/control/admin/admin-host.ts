/**
 * AdminHost: whether there is an admin API, where, and with which tokens, over reloads. Main thread.
 *
 * The API itself, and all that it needs, is loaded by `OpenAdmin`, only when somebody asks for one.
 */
import { randomBytes } from 'node:crypto';
import { type Address, isLoopback } from '@sluice/dsl/plan';
import type { Logger } from 'pino';
import type { TlsMode } from '../../plugin/data-entry.ts';
import type { PluginSet } from '../plugins/plugin-host.ts';
import { formatAddress } from '../reload/ports.ts';
import { AdminTls } from './admin-tls.ts';
import { type AdminOptions, type WantedAdmin, wantedAdmin } from './wanted-admin.ts';

export type { AdminOptions, AdminToken } from './wanted-admin.ts';

/** AdminEndpoint is an admin API that listens. */
export interface AdminEndpoint {
  /** What it is bound to. */
  readonly address: Address;
  /** admit is who is let in from now on, how connections are opened, and where it is written down. */
  admit(wanted: Admission): void;
  /** leave stops listening; open requests go on. */
  leave(): void;
  /** close ends everything at once. */
  close(): Promise<void>;
}

/** Admission is who may call an admin API, and how. */
export interface Admission extends Pick<WantedAdmin, 'tokens' | 'clients' | 'auditFile'> {
  /** Opens connections; null: they are plain HTTP. */
  readonly tls: TlsMode | null;
}

/** AdminEndpointOptions is what an admin API is opened with. */
export interface AdminEndpointOptions<Gateway> extends Admission {
  readonly gateway: Gateway;
  readonly address: Address;
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

const UNENCRYPTED =
  'the admin API can be reached from other machines, and is not encrypted: its tokens can be read on the way. `admin tls` encrypts it';

export class AdminHost<Gateway> {
  readonly #gateway: Gateway;
  readonly #options: AdminOptions | false | undefined;
  readonly #log: Logger;
  readonly #open: OpenAdmin<Gateway>;
  /** The first one takes over from another process. */
  #isTakeover: boolean;
  readonly #tls: AdminTls;
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
    this.#tls = new AdminTls(log, randomBytes(32));
  }

  /** What it is bound to; null: there is none. */
  get address(): Address | null {
    return this.#server?.address ?? null;
  }

  /** prepare gets ready what a set asks for, beside what is there. Throws SG0301 to SG0307, SG0601 to SG0606, SG0608 and SG0609. */
  async prepare(set: PluginSet): Promise<AdminChange> {
    const wanted = wantedAdmin(this.#options, set.plan, set.secrets);
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
    const { address, tokens, clients, auditFile } = wanted;
    const tls = wanted.tls === null ? null : await this.#tls.link(wanted.tls, set);
    const admission = { tokens, clients, auditFile, tls };
    const written = formatAddress(address);
    if (before !== null && written === this.#written) {
      const commit = (): void => {
        before.admit(admission);
      };
      return { commit, abandon: async () => {} };
    }
    const server = await this.#open({
      gateway: this.#gateway,
      address,
      ...admission,
      log: this.#log,
      isTakeover: this.#isTakeover,
    });
    this.#isTakeover = false;
    const commit = (): void => {
      this.#server = server;
      this.#written = written;
      if (tls === null && !isLoopback(address)) this.#log.warn(UNENCRYPTED);
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

/**
 * AdminTls: the TLS mode of `admin tls`, as a plugin's data entry has it, on the main thread.
 *
 * It is the one that listeners use, so certificates are read, checked and watched in the same way.
 */
import { type ComponentUse, formatPlace, withSecrets } from '@sluice/dsl/plan';
import type { Logger } from 'pino';
import type { TlsMode } from '../../plugin/data-entry.ts';
import { importEntry } from '../../shared/plugins/import-entry.ts';
import type { PluginSet } from '../plugins/plugin-host.ts';
import { GatewayError, reasonOf } from '../report/errors.ts';

/** Anybody can fail at a handshake as often as he likes: each reason is reported this often. */
const LOG_INTERVAL_MS = 60_000;
const MOST_REASONS = 64;

export class AdminTls {
  readonly #log: Logger;
  /** Seals session tickets. */
  readonly #processSecret: Uint8Array;
  /** When each reason was told last, and how often it came since. */
  readonly #told = new Map<string, { atMs: number; since: number }>();

  constructor(log: Logger, processSecret: Uint8Array) {
    this.#log = log;
    this.#processSecret = processSecret;
  }

  /** link makes the mode with what its files hold now. Rejects with SG0609. */
  async link(use: ComponentUse, { entries, secrets }: Pick<PluginSet, 'entries' | 'secrets'>): Promise<TlsMode> {
    try {
      const ref = entries.find(({ components = [] }) =>
        components.some(({ slot, name }) => slot === use.slot && name === use.name),
      );
      if (ref === undefined) throw new Error(`no plugin has a data entry for tls \`${use.name}\``);
      const { tlsModes } = await importEntry(ref);
      return tlsModes![use.name]!(
        withSecrets(use.options, (name) => secrets[name]!),
        {
          listener: 'admin API',
          processSecret: this.#processSecret,
          protocols: ['http/1.1'],
          refused: (socket, reason) => this.#refused(reason, socket.remoteAddress),
        },
      );
    } catch (cause) {
      const message = `${formatPlace(use.place)}: ${reasonOf(cause)}`;
      throw new GatewayError('SG0609', { tls: `tls ${use.name}`, message }, { cause });
    }
  }

  /** Whoever shows no certificate, or a bad one, is told to the operator, not to whoever tries. */
  #refused(reason: string, client: string | undefined): void {
    const now = performance.now();
    const told = this.#told.get(reason);
    if (told !== undefined && now - told.atMs < LOG_INTERVAL_MS) {
      told.since++;
      return;
    }
    if (told === undefined && this.#told.size >= MOST_REASONS) return;
    const before = told === undefined || told.since === 0 ? {} : { before: told.since };
    this.#told.set(reason, { atMs: now, since: 0 });
    this.#log.info({ client, reason, ...before }, `TLS handshake with a client of the admin API failed: ${reason}`);
  }
}

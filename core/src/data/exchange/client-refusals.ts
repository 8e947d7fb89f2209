/**
 * ClientRefusals: clients of a listener whose TLS came to nothing, counted, and told of in the log now and then. Data plane.
 */
import { ListenerIndex } from '../../shared/tables/counters.ts';
import type { Loop } from '../loop/loop.ts';
import { greetingOf, NOTHING_SAID } from './greeting.ts';

/** Anybody can fail at a handshake as often as he likes: each reason is reported this often. */
const LOG_INTERVAL_MS = 60_000;
/** Reasons that are told apart. */
const MOST_REASONS = 64;

export class ClientRefusals {
  readonly #listener: string;
  readonly #slot: number;
  readonly #loop: Loop;
  /** When each reason was told last, and how often it came since. */
  readonly #told = new Map<string, { atMs: number; since: number }>();

  constructor(listener: string, slot: number, loop: Loop) {
    this.#listener = listener;
    this.#slot = slot;
    this.#loop = loop;
  }

  /** add counts a client; `handle` is the form of its connection that the TLS mode was given. */
  add(handle: object, reason: string): void {
    const loop = this.#loop;
    loop.counters.listener(this.#slot, ListenerIndex.tlsFailures);
    const now = loop.now();
    const told = this.#told.get(reason);
    if (told !== undefined && now - told.atMs < LOG_INTERVAL_MS) {
      told.since++;
      return;
    }
    if (told === undefined && this.#told.size >= MOST_REASONS) return;
    const connection = loop.transport.connectionOf(handle);
    const { proxied, hello } = connection === null ? NOTHING_SAID : greetingOf(connection);
    loop.log('info', `TLS handshake with a client of listener ${this.#listener} failed: ${reason}`, {
      listener: this.#listener,
      client: proxied?.source?.ip.text ?? connection?.remoteAddress,
      reason,
      ...(hello === null || hello.sni === '' ? {} : { sni: hello.sni }),
      ...(told === undefined || told.since === 0 ? {} : { before: told.since }),
    });
    this.#told.set(reason, { atMs: now, since: 0 });
  }
}

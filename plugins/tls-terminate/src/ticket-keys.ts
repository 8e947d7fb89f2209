/**
 * TicketKeys: with what session tickets are sealed (RFC 5077, RFC 8446 section 4.6.1). Data threads.
 *
 * Keys are made of one secret and the hour, so that all threads, reloads and, where the secret is configured, gateways open each
 * other's tickets without a word between them. A ticket is opened for two hours after its key's own, and sealed again with the key of
 * the hour.
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { SecureContext } from 'node:tls';

/** How long a key seals new tickets. */
export const KEY_PERIOD_MS = 3_600_000;
/** How many keys before that one still open theirs. */
const OLDER_KEYS = 2;

const PART_BYTES = 16;
const REFUSED = 0;
const OPENED = 1;
const OPENED_BY_OLDER = 2;
const NO_KEY = Buffer.alloc(PART_BYTES);

interface TicketKey {
  readonly period: number;
  readonly name: Buffer;
  readonly hmac: Buffer;
  readonly aes: Buffer;
}

type Answer = [result: number, hmac: Buffer, aes: Buffer, name: Buffer, iv: Buffer];

/** The part of Node's context that its types leave out. */
interface TicketContext {
  enableTicketKeyCallback?(): void;
  onticketkeycallback?: (name: Buffer, iv: Buffer, isSealing: boolean) => Answer;
  setTicketKeys(keys: Buffer): void;
}

export class TicketKeys {
  readonly #secret: Uint8Array;
  readonly #now: () => number;
  #keys: TicketKey[] = [];

  /** `now` is the time of day in ms, so that gateways agree on the hour. */
  constructor(secret: Uint8Array, now: () => number = Date.now) {
    this.#secret = secret;
    this.#now = now;
  }

  /** seal makes a context use these keys. */
  seal({ context }: SecureContext): void {
    const own = context as TicketContext;
    if (own.enableTicketKeyCallback === undefined) {
      // One key that never changes is what is left; threads still open each other's tickets.
      const { name, hmac, aes } = this.#keyOf(0);
      own.setTicketKeys(Buffer.concat([name, hmac, aes]));
      return;
    }
    own.onticketkeycallback = (name, _iv, isSealing) => (isSealing ? this.sealing() : this.opening(name));
    own.enableTicketKeyCallback();
  }

  /** sealing is the key for a new ticket. */
  sealing(): Answer {
    const { name, hmac, aes } = this.#current()[0]!;
    return [OPENED, hmac, aes, name, randomBytes(PART_BYTES)];
  }

  /** opening is the key of a ticket by its name; refused for one that is too old or nobody's, which costs a full handshake. */
  opening(name: Buffer): Answer {
    const keys = this.#current();
    const at = keys.findIndex((key) => key.name.equals(name));
    if (at === -1) return [REFUSED, NO_KEY, NO_KEY, NO_KEY, NO_KEY];
    const { hmac, aes } = keys[at]!;
    return [at === 0 ? OPENED : OPENED_BY_OLDER, hmac, aes, NO_KEY, NO_KEY];
  }

  /** The key of the hour, then older ones. */
  #current(): readonly TicketKey[] {
    const period = Math.floor(this.#now() / KEY_PERIOD_MS);
    if (this.#keys[0]?.period !== period) {
      this.#keys = Array.from({ length: 1 + OLDER_KEYS }, (_, age) => this.#keyOf(period - age));
    }
    return this.#keys;
  }

  #keyOf(period: number): TicketKey {
    const bytes = createHmac('sha512', this.#secret).update(`tls ticket ${period}`).digest();
    const part = (at: number) => bytes.subarray(at * PART_BYTES, (at + 1) * PART_BYTES);
    return { period, name: part(0), hmac: part(1), aes: part(2) };
  }
}

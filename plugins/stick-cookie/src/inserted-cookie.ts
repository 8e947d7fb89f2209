/**
 * InsertedCookie: a cookie of the gateway's own that says to which server a client belongs. Data threads; hot path.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { StickHost, Stickiness, StickyPool } from '@sluice/core/plugin';
import type { RequestFacts } from '@sluice/dsl/match';
import { cursor, nextCookie } from './cookie.ts';

export interface InsertedCookieOptions {
  readonly cookie: string;
  /** 0: until the browser is closed. */
  readonly ttlMs: number;
  /** Empty: the host that set it, and no other. */
  readonly domain: string;
  readonly path: string;
  readonly sameSite: string;
  /** `Secure` even when this gateway does not speak TLS itself. */
  readonly isSecure: boolean;
  /** What the values are made with; whoever knows it can make them. */
  readonly key: string | Uint8Array;
}

const PART_BYTES = 12;
/** Two parts of 16 letters each. */
const VALUE_CHARS = 32;
const MIDDLE = 16;
/** Of several cookies with its name, so many are looked at in a field. */
const MOST_COOKIES = 8;

/**
 * InsertedCookie gives each server of the backend one value: a keyed hash (HMAC-SHA-256) of the backend's and the server's
 * names, and a keyed hash of that, the seal. Values are made when the plan is linked, so that a look-up is one of a map,
 * and nothing is computed for a client that belongs to a server. A value that is not in the map is told by its seal: one
 * that this key has made names a server that is gone; any other is refused and counted. Either is treated as no cookie.
 */
export class InsertedCookie implements Stickiness {
  readonly ownCookie: string;
  readonly isRenewing: boolean;
  readonly #host: StickHost;
  readonly #key: string | Uint8Array;
  readonly #indexes = new Map<string, number>();
  readonly #fields: string[] = [];
  readonly #secureFields: string[] = [];

  constructor(options: InsertedCookieOptions, host: StickHost) {
    const { cookie, ttlMs, key } = options;
    this.ownCookie = cookie;
    this.isRenewing = ttlMs > 0;
    this.#host = host;
    this.#key = key;
    const { plain, secure } = attributesOf(options);
    const values = valuesOf(host, key, (name) => this.#valueOf(name));
    for (let index = 0; index < host.pool.size; index++) {
      const value = values.get(host.pool.name(index))!;
      this.#indexes.set(value, index);
      this.#fields.push(`${cookie}=${value}${plain}`);
      this.#secureFields.push(`${cookie}=${value}${secure}`);
    }
  }

  find(facts: RequestFacts): number {
    const field = facts.header('cookie');
    if (field === undefined) return -1;
    const index = this.#look(field);
    if (index !== -1) return index;
    if (unknown.value !== '' && !this.#isSealed(unknown.value)) this.#host.countRefused();
    return -1;
  }

  learn(facts: RequestFacts, _pool: StickyPool, server: number): string {
    const field = facts.header('cookie');
    if (!this.isRenewing && field !== undefined && this.#look(field) === server) return '';
    return (facts.scheme === 'https' ? this.#secureFields : this.#fields)[server]!;
  }

  describe(facts: RequestFacts): string {
    const field = facts.header('cookie');
    const name = this.ownCookie;
    if (field !== undefined && this.#look(field) !== -1) return `its cookie ${name}, which this gateway gave it`;
    if (field === undefined || unknown.value === '') return `it brought no cookie ${name}`;
    return this.#isSealed(unknown.value)
      ? `its cookie ${name} is for a server that was removed, or for another backend`
      : `its cookie ${name} is none that this gateway made`;
  }

  /** The index that the first known value means, or -1; `unknown` then is the first value that there was. */
  #look(field: string | readonly string[]): number {
    unknown.value = '';
    if (typeof field === 'string') return this.#lookIn(field);
    for (const line of field) {
      const index = this.#lookIn(line);
      if (index !== -1) return index;
    }
    return -1;
  }

  #lookIn(line: string): number {
    let at = 0;
    for (let tries = 0; tries < MOST_COOKIES; tries++) {
      const value = nextCookie(line, this.ownCookie, at);
      if (value === '') return -1;
      const index = value.length === VALUE_CHARS ? this.#indexes.get(value) : undefined;
      if (index !== undefined) return index;
      if (unknown.value === '') unknown.value = value;
      at = cursor.at;
    }
    return -1;
  }

  #valueOf(server: string): string {
    const name = this.#hash(`server\n${this.#host.backend}\n${server}`);
    return name + this.#hash(`seal\n${name}`);
  }

  #isSealed(value: string): boolean {
    if (value.length !== VALUE_CHARS) return false;
    const seal = Buffer.from(this.#hash(`seal\n${value.slice(0, MIDDLE)}`), 'latin1');
    return timingSafeEqual(seal, Buffer.from(value.slice(MIDDLE), 'latin1'));
  }

  #hash(text: string): string {
    return createHmac('sha256', this.#key).update(text).digest().subarray(0, PART_BYTES).toString('base64url');
  }
}

/** The values of each backend as they were last made, with the key: servers come and go one by one, and hashes cost. One a thread. */
const made = new Map<string, { readonly key: string; readonly values: ReadonlyMap<string, string> }>();

function valuesOf(
  { backend, pool }: StickHost,
  key: string | Uint8Array,
  make: (name: string) => string,
): ReadonlyMap<string, string> {
  const text = typeof key === 'string' ? key : Buffer.from(key).toString('latin1');
  const before = made.get(backend);
  const known = before?.key === text ? before.values : null;
  const values = new Map<string, string>();
  for (let index = 0; index < pool.size; index++) {
    const name = pool.name(index);
    values.set(name, known?.get(name) ?? make(name));
  }
  made.set(backend, { key: text, values });
  return values;
}

/** One a thread, filled by `#look` and read at once. */
const unknown = { value: '' };

function attributesOf(options: InsertedCookieOptions): { readonly plain: string; readonly secure: string } {
  const { ttlMs, domain, path, sameSite, isSecure } = options;
  const lifetime = ttlMs === 0 ? '' : `; Max-Age=${Math.ceil(ttlMs / 1000)}`;
  const where = `; Path=${path}${domain === '' ? '' : `; Domain=${domain}`}`;
  const common = `${where}${lifetime}; HttpOnly; SameSite=${sameSite[0]!.toUpperCase()}${sameSite.slice(1)}`;
  const secure = `${common}; Secure`;
  // Browsers refuse SameSite=None without Secure.
  return { plain: isSecure || sameSite === 'none' ? secure : common, secure };
}

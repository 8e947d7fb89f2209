/**
 * Access: who may talk to the admin API, and what they may do. Main thread.
 *
 * A browser on this machine can be made to send requests here. Its pages cannot read answers of another origin, but a name
 * that an attacker points at 127.0.0.1 makes the origin the same (DNS rebinding): so without a token only addresses and
 * `localhost` may stand in Host; over a Unix socket, which SSH may have forwarded a port to, names without a dot may too, as some clients
 * make one up and nobody can point one elsewhere. And a page can send what a form could: so requests with the Origin of another page, or
 * with another site in Sec-Fetch-Site, are refused, and every write must say that its body is JSON, which no form can.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import type { AdminRole } from '@sluice/dsl/plan';
import type { AdminToken } from '../control/admin/admin-host.ts';
import { AdminError } from './admin-errors.ts';
import { FailedLogins } from './failed-logins.ts';
import { type Operation, ROLES } from './operations.ts';

/** Caller is who sent a request. */
export interface Caller {
  /** The name of its token; null: no token is asked for. */
  readonly name: string | null;
  readonly role: AdminRole;
}

/** Without tokens, whoever reaches the address may do everything. */
const ANYBODY: Caller = { name: null, role: 'configure' };

interface Known extends Caller {
  readonly digest: Buffer;
}

export class Access {
  #known: readonly Known[] = [];
  readonly #failed: FailedLogins;

  constructor(tokens: readonly AdminToken[], failed = new FailedLogins()) {
    this.tokens = tokens;
    this.#failed = failed;
  }

  /** Only digests are kept, and all tokens' digests are as long, so that comparing them takes the same time. */
  set tokens(tokens: readonly AdminToken[]) {
    this.#known = tokens.map(({ name, token, role }) => ({ name, role, digest: digestOf(token) }));
  }

  /** identify throws AdminError for a caller who may not be answered. `peer`: its address; null: it came over a Unix socket. */
  identify(headers: IncomingHttpHeaders, peer: string | null): Caller {
    const caller = this.#callerOf(headers, peer);
    const { origin } = headers;
    if (origin !== undefined && !isSameOrigin(origin, headers.host ?? '')) {
      throw new AdminError('SA0104', { origin: shown(origin) });
    }
    const site = headers['sec-fetch-site'];
    if (site === 'cross-site' || site === 'same-site') throw new AdminError('SA0115', { site });
    return caller;
  }

  #callerOf(headers: IncomingHttpHeaders, peer: string | null): Caller {
    if (this.#known.length === 0) {
      const { host = '' } = headers;
      if (!isOwnHost(host) && !(peer === null && isPlainName(host)))
        throw new AdminError('SA0103', { host: shown(host) });
      return ANYBODY;
    }
    const waitMs = this.#failed.waitMs(peer);
    if (waitMs > 0) throw new AdminError('SA0114', { seconds: Math.ceil(waitMs / 1000) });
    const [, token] = /^Bearer +([^\s]+)$/i.exec(headers.authorization ?? '') ?? [];
    if (token === undefined) throw new AdminError('SA0101');
    const digest = digestOf(token);
    let caller: Caller | null = null;
    // All are compared, whichever fits, so that the time says nothing.
    for (const known of this.#known) if (timingSafeEqual(digest, known.digest)) caller = known;
    if (caller !== null) return caller;
    this.#failed.add(peer);
    throw new AdminError('SA0102');
  }

  /** checkRole throws AdminError for an operation that a caller's token does not suffice for. */
  checkRole({ name, role }: Caller, { method, path, role: needed }: Pick<Operation, 'method' | 'path' | 'role'>): void {
    if (ROLES.indexOf(role) >= ROLES.indexOf(needed)) return;
    throw new AdminError('SA0113', { name: name ?? '', role, method, path, needed });
  }

  /** checkWrite throws AdminError for a write that a page of a browser could have sent. */
  checkWrite(method: string, headers: IncomingHttpHeaders): void {
    if (method === 'GET' || method === 'HEAD') return;
    if (!/^application\/json\s*(?:;|$)/i.test(headers['content-type'] ?? '')) throw new AdminError('SA0108');
  }
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** An address cannot be pointed elsewhere, and `localhost` never leaves the machine. */
function isOwnHost(host: string): boolean {
  const name = host.replace(/:\d{1,5}$/, '');
  if (name.toLowerCase() === 'localhost') return true;
  return name.startsWith('[') && name.endsWith(']') ? isIP(name.slice(1, -1)) === 6 : isIP(name) === 4;
}

function isPlainName(host: string): boolean {
  return !host.includes('.');
}

function isSameOrigin(origin: string, host: string): boolean {
  const { host: from } = URL.parse(origin) ?? { host: '' };
  return from !== '' && from === host.toLowerCase();
}

function shown(text: string): string {
  return text.slice(0, 100);
}

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
import { type CertificateFacts, escaped, safeText } from '@sluice/dsl/match';
import type { AdminClientPlan, AdminRole } from '@sluice/dsl/plan';
import type { Admission } from '../control/admin/admin-host.ts';
import { AdminError } from './admin-errors.ts';
import type { Arrival } from './entrance.ts';
import { FailedLogins } from './failed-logins.ts';
import { type Operation, ROLES } from './operations.ts';

/** Caller is who sent a request. */
export interface Caller {
  /** The name of its token, or that of its client certificate; null: neither is asked for. */
  readonly name: string | null;
  readonly role: AdminRole;
  /** The SHA-256 fingerprint of its client certificate. Absent: it has a token, or needs none. */
  readonly certificate?: string;
}

/** Without tokens, whoever reaches the address may do everything. */
const ANYBODY: Caller = { name: null, role: 'configure' };

interface Known extends Caller {
  readonly digest: Buffer;
}

export class Access {
  #known: readonly Known[] = [];
  #clients: readonly AdminClientPlan[] = [];
  readonly #failed: FailedLogins;

  constructor(admission: Pick<Admission, 'tokens' | 'clients'>, failed = new FailedLogins()) {
    this.admit(admission);
    this.#failed = failed;
  }

  /** admit: only digests are kept, and all tokens' digests are as long, so that comparing them takes the same time. */
  admit({ tokens, clients }: Pick<Admission, 'tokens' | 'clients'>): void {
    this.#known = tokens.map(({ name, token, role }) => ({ name, role, digest: digestOf(token) }));
    this.#clients = clients;
  }

  /** identify throws AdminError for a caller who may not be answered. */
  identify(headers: IncomingHttpHeaders, arrival: Arrival): Caller {
    const caller = this.#callerOf(headers, arrival);
    const { origin } = headers;
    if (origin !== undefined && !isSameOrigin(origin, headers.host ?? '', arrival.tls !== null)) {
      throw new AdminError('SA0104', { origin: shown(origin) });
    }
    const site = headers['sec-fetch-site'];
    if (site === 'cross-site' || site === 'same-site') throw new AdminError('SA0115', { site });
    return caller;
  }

  #callerOf(headers: IncomingHttpHeaders, { peer, certificate }: Arrival): Caller {
    if (this.#known.length === 0 && this.#clients.length === 0) {
      const { host = '' } = headers;
      if (!isOwnHost(host) && !(peer === null && isPlainName(host)))
        throw new AdminError('SA0103', { host: shown(host) });
      return ANYBODY;
    }
    const waitMs = this.#failed.waitMs(peer);
    if (waitMs > 0) throw new AdminError('SA0114', { seconds: Math.ceil(waitMs / 1000) });
    const [, token] = /^Bearer +([^\s]+)$/i.exec(headers.authorization ?? '') ?? [];
    // Who sends a token is who it says, whatever certificate a proxy on the way or a browser may show.
    if (token === undefined) return this.#clientOf(certificate);
    const digest = digestOf(token);
    let caller: Caller | null = null;
    // All are compared, whichever fits, so that the time says nothing.
    for (const known of this.#known) if (timingSafeEqual(digest, known.digest)) caller = known;
    if (caller !== null) return caller;
    this.#failed.add(peer);
    throw new AdminError('SA0102');
  }

  #clientOf(certificate: CertificateFacts | null): Caller {
    if (this.#clients.length === 0) throw new AdminError('SA0101');
    // It was good when the connection began, which may be long ago.
    if (certificate === null || Date.parse(certificate.expires) < Date.now()) throw new AdminError('SA0119');
    const client = this.#clients.find(({ name }) => isNamed(certificate, name));
    if (client !== undefined) return { ...client, certificate: certificate.fingerprint };
    throw new AdminError('SA0118', { name: shown(certificate.commonName || certificate.subject) });
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

/** isNamed compares names as certificates have them, in the form that makes them safe for logs. */
function isNamed({ commonName, dnsNames, emails, uris }: CertificateFacts, written: string): boolean {
  const name = safeText(written);
  const listed = name.replaceAll(',', escaped);
  return commonName === name || dnsNames.includes(listed.toLowerCase()) || [...emails, ...uris].includes(listed);
}

/** Over TLS, a page that anybody on the way could have changed is another one. Without, TLS may end at a proxy in front. */
function isSameOrigin(origin: string, host: string, isTls: boolean): boolean {
  const { host: from, protocol } = URL.parse(origin) ?? { host: '', protocol: '' };
  return from !== '' && from === host.toLowerCase() && (!isTls || protocol === 'https:');
}

function shown(text: string): string {
  return text.slice(0, 100);
}

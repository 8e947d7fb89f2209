/**
 * Access: who may talk to the admin API. Main thread.
 *
 * A browser on this machine can be made to send requests here. Its pages cannot read answers of another origin, but a name
 * that an attacker points at 127.0.0.1 makes the origin the same (DNS rebinding): so without a token only addresses and
 * `localhost` may stand in Host; over a Unix socket, which SSH may have forwarded a port to, names without a dot may too, as some clients
 * make one up and nobody can point one elsewhere. And a page can send what a form could: so requests with the Origin of another page are
 * refused, and every write must say that its body is JSON, which no form can.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { AdminError } from './admin-errors.ts';

export class Access {
  #digest: Buffer | null = null;

  constructor(token: string | null) {
    this.token = token;
  }

  /** Only a digest is kept, and all tokens' digests are as long, so that comparing them takes the same time. */
  set token(token: string | null) {
    this.#digest = token === null ? null : digestOf(token);
  }

  /** check throws AdminError for a caller who may not be answered. `isLocal`: it came over a Unix socket. */
  check(headers: IncomingHttpHeaders, isLocal: boolean): void {
    if (this.#digest === null) {
      const { host = '' } = headers;
      if (!isOwnHost(host) && !(isLocal && isPlainName(host))) throw new AdminError('SA0103', { host: shown(host) });
    } else {
      const [, token] = /^Bearer +([^\s]+)$/i.exec(headers.authorization ?? '') ?? [];
      if (token === undefined) throw new AdminError('SA0101');
      if (!timingSafeEqual(digestOf(token), this.#digest)) throw new AdminError('SA0102');
    }
    const { origin } = headers;
    if (origin !== undefined && !isSameOrigin(origin, headers.host ?? '')) {
      throw new AdminError('SA0104', { origin: shown(origin) });
    }
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

/**
 * Entrance: how connections come to the admin API: as they are, or through the TLS of `admin tls`. Main thread.
 *
 * A connection is handed on once its handshake is done and its client may come in, so that no byte of HTTP is read before. Who
 * speaks plain HTTP where TLS is spoken gets an answer that says so.
 */
import type { Socket } from 'node:net';
import type { CertificateFacts } from '@sluice/dsl/match';
import type { TlsMode } from '../plugin/data-entry.ts';

/** A client that connects says something at once, or keeps a place from others. */
const FIRST_BYTES_MS = 5_000;
/** A record of a TLS handshake (RFC 8446, section 5.1). */
const HANDSHAKE_RECORD = 22;

/** Arrival is what is known of a connection. */
export interface Arrival {
  /** null: it is plain HTTP. */
  readonly tls: TlsMode | null;
  /** The caller's address; null: it came over a Unix socket. */
  readonly peer: string | null;
  /** What its client has shown and TLS has verified; null: nothing, or it was not asked. */
  readonly certificate: CertificateFacts | null;
}

export interface EntranceOptions {
  /** Takes a connection that may come in. */
  serve(socket: Socket): void;
  /** What is sent to who speaks plain HTTP where TLS is spoken. */
  readonly notTls: string;
}

export class Entrance {
  /** null: connections are taken as they are. Those that have come in stay. */
  tls: TlsMode | null;
  readonly #options: EntranceOptions;
  readonly #arrivals = new WeakMap<Socket, Arrival>();
  /** Connections that have not come in yet. */
  readonly #waiting = new Set<Socket>();

  constructor(tls: TlsMode | null, options: EntranceOptions) {
    this.tls = tls;
    this.#options = options;
  }

  /** accept takes a connection, as the system has it. */
  accept(raw: Socket): void {
    const { tls } = this;
    const peer = peerOf(raw);
    if (tls === null) {
      this.#arrivals.set(raw, { tls, peer, certificate: null });
      this.#options.serve(raw);
      return;
    }
    this.#waiting.add(raw);
    const limit = setTimeout(() => raw.destroy(), FIRST_BYTES_MS).unref();
    raw.on('error', () => {});
    raw.once('close', () => {
      clearTimeout(limit);
      this.#waiting.delete(raw);
    });
    raw.on('end', destroy);
    raw.once('readable', () => {
      const first = raw.read() as Buffer | null;
      if (first === null) return;
      clearTimeout(limit);
      raw.off('end', destroy);
      if (first[0] !== HANDSHAKE_RECORD) {
        // Letters are a request; to anything else there is nothing to say.
        if (/^[A-Z]/.test(first.toString('latin1', 0, 1))) raw.end(this.#options.notTls);
        raw.destroySoon();
        return;
      }
      raw.unshift(first);
      this.#secure(raw, tls, peer);
    });
  }

  /** arrivalOf is what is known of a connection that has come in. */
  arrivalOf(socket: Socket): Arrival {
    return this.#arrivals.get(socket) ?? { tls: null, peer: '', certificate: null };
  }

  /** isOutdated: a connection came in through another TLS than those that come now. */
  isOutdated(socket: Socket): boolean {
    return this.arrivalOf(socket).tls !== this.tls;
  }

  /** close ends connections that have not come in yet. */
  close(): void {
    for (const raw of this.#waiting) raw.destroy();
  }

  #secure(raw: Socket, tls: TlsMode, peer: string | null): void {
    const stream = tls.accept(raw, null);
    if (stream === null) {
      raw.destroy();
      return;
    }
    const enter = (): void => {
      if (stream.destroyed) return;
      this.#waiting.delete(raw);
      const certificate = tls.facts?.(stream)?.certificate ?? null;
      const verified = certificate?.problem === '' ? certificate : null;
      this.#arrivals.set(stream, { tls, peer, certificate: verified });
      this.#options.serve(stream);
    };
    if (tls.facts === undefined) enter();
    else stream.once('secure', enter);
  }
}

function destroy(this: Socket): void {
  this.destroy();
}

/** peerOf is the client's address; null: a Unix socket, which has none. */
function peerOf({ remoteAddress, localAddress }: Socket): string | null {
  if (remoteAddress === undefined && localAddress === undefined) return null;
  return remoteAddress ?? '';
}

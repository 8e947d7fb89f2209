/**
 * Bridge: TLS to the servers of one backend. Data threads; and the main thread, for probes.
 *
 * Files are read once, when it is made. A server is who its certificate says: by default nothing is sent to one that no
 * trusted authority vouches for, under the name that was asked for.
 */
import { constants } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP, type Socket } from 'node:net';
import tls, {
  checkServerIdentity,
  connect,
  createSecureContext,
  type PeerCertificate,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import { credentialOptions, readCredential, versionOptions } from '@sluice/certificates/serve';
import type { ServerTls, TlsServer } from '@sluice/core/plugin';
import { type Args, withoutZone } from '@sluice/dsl/plan';
import { type BridgeOptions, bridgeOptions } from './bridge-options.ts';

/** Session is the newest one of a server. */
interface Session {
  bytes: Buffer | null;
}

export class Bridge implements ServerTls {
  readonly #options: BridgeOptions;
  readonly #context: SecureContext;
  readonly #sessions = new WeakMap<TlsServer, Session>();

  /** Throws the system's error for a file that cannot be read, and OpenSSL's for one that it refuses. */
  constructor(options: Args) {
    this.#options = bridgeOptions(options);
    this.#context = contextOf(this.#options);
  }

  secure(socket: Socket, server: TlsServer, protocols: readonly string[]): TLSSocket {
    const { isInsecure } = this.#options;
    const session = this.#sessionOf(server);
    const name = this.#options.name ?? ('path' in server.address ? null : withoutZone(server.address.host));
    const stream = connect({
      socket,
      secureContext: this.#context,
      ...(protocols.length === 0 ? {} : { ALPNProtocols: [...protocols] }),
      rejectUnauthorized: !isInsecure,
      // RFC 6066, section 3: an address cannot be asked for; it is verified all the same.
      ...(name === null || isIP(name) !== 0 ? {} : { servername: name }),
      checkServerIdentity: (_asked: string, certificate: PeerCertificate) =>
        // A checked plan says a name or an address for every server that is verified.
        name === null ? new Error('there is no name to verify') : checkServerIdentity(name, certificate),
      ...(session.bytes === null ? {} : { session: session.bytes }),
    });
    let isVerified = false;
    let latest: Buffer | null = null;
    stream.on('secureConnect', () => {
      isVerified = true;
      if (latest !== null) session.bytes = latest;
    });
    // In TLS 1.2 it comes before the handshake has ended, in TLS 1.3 behind it.
    stream.on('session', (bytes: Buffer) => {
      latest = bytes;
      if (isVerified) session.bytes = bytes;
    });
    stream.once('error', () => {
      // Perhaps the server cannot make anything of the session: the next handshake is a full one.
      if (!isVerified) session.bytes = null;
    });
    return stream;
  }

  #sessionOf(server: TlsServer): Session {
    let session = this.#sessions.get(server);
    if (session === undefined) {
      session = { bytes: null };
      this.#sessions.set(server, session);
    }
    return session;
  }
}

/** contextOf is what all connections of a backend share. */
export function contextOf(options: BridgeOptions): SecureContext {
  const { ca, certificate, key, password } = options;
  const credential =
    certificate === null
      ? {}
      : credentialOptions(
          [readCredential({ cert: certificate, key: key ?? certificate, names: [], keyType: '', expiresMs: 0 })],
          password,
        );
  return createSecureContext({
    ...versionOptions(options),
    ...credential,
    ca: ca === null ? [...systemRoots()] : readFileSync(ca),
    // RFC 9325, section 3.5.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  });
}

let roots: readonly string[] | null = null;

/** systemRoots are the authorities that the machine trusts; where it has none, those that Node brings along. */
function systemRoots(): readonly string[] {
  if (roots === null) {
    // Node has known of the system's own since 22.15.
    const system = tls.getCACertificates?.('system') ?? [];
    const extra = tls.getCACertificates?.('extra') ?? [];
    roots = [...(system.length > 0 ? system : tls.rootCertificates), ...extra];
  }
  return roots;
}

/**
 * Termination: TLS connections of one listener in one generation. Data threads.
 *
 * The files are read once, when a plan is linked; connections keep the context that they began with, so a reload with a
 * renewed certificate touches none of them.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { readCredential, secureContext } from '@sluice/certificates/serve';
import type { CertificateProofs, ClientHello, TlsHost, TlsMode } from '@sluice/core/plugin';
import type { TlsFacts } from '@sluice/dsl/match';
import type { Args } from '@sluice/dsl/plan';
import { CertificateSet } from './certificate-set.ts';
import { proofSocket } from './proof-socket.ts';
import { SecureSocket } from './secure-socket.ts';
import { terminateOptions } from './terminate-options.ts';
import { TicketKeys } from './ticket-keys.ts';

/** How long a handshake may take, from the accepted connection to its end. */
const HANDSHAKE_MS = 10_000;

/** A record of TLS 1.2, which clients of 1.3 read too: the fatal alert `unrecognized_name` (RFC 6066 section 3). */
const UNRECOGNIZED_NAME = Buffer.from([21, 3, 3, 0, 2, 2, 112]);

export class Termination implements TlsMode {
  readonly certificates: CertificateSet;
  readonly handshakeMs: number;
  /** Tells whether a client that asks for a name is turned away, as no certificate is for it; null: nobody is. */
  readonly refuses: ((name: string) => boolean) | null;
  /** Clients are asked for a certificate. */
  readonly asksClient: boolean;
  /** Clients may come without. */
  readonly isClientOptional: boolean;
  /** Clients may come with a certificate that is not good: rules see to it. */
  readonly takesUnverified: boolean;
  /** What is offered by ALPN, the first choice first; none: the client's offer is not looked at. */
  readonly protocols: readonly string[];
  readonly #host: TlsHost;
  /** Clients that name no known name are refused. */
  readonly isStrict: boolean;
  /** Names whose certificates are still to come. */
  readonly #pending: ReadonlySet<string>;
  /** A name without a certificate of its own is answered with the first one. */
  readonly #hasDefault: boolean;
  /** Who a client asks for decides what it is shown. */
  readonly #hasChoice: boolean;
  /** What authorities ask for to see that a name leads here. */
  readonly #proofs: readonly CertificateProofs[];

  /** Throws the system's error for a file that cannot be read, and OpenSSL's for one that it refuses. */
  constructor(options: Args, host: TlsHost, handshakeMs = HANDSHAKE_MS) {
    const read = terminateOptions(options);
    const tickets = new TicketKeys(host.processSecret);
    const session = sessionContext(host.listener, [read.clientCa, read.clientCrl]);
    this.certificates = new CertificateSet(read.files.map(readCredential), (credentials) => {
      const context = secureContext(credentials, read, session);
      tickets.seal(context);
      return context;
    });
    this.asksClient = read.clientCa !== null;
    this.isClientOptional = read.isClientOptional;
    this.takesUnverified = read.takesUnverified;
    this.isStrict = read.isStrict;
    this.#pending = new Set(read.pending);
    this.#hasChoice = read.isStrict || this.certificates.isMany || this.#pending.size > 0;
    this.#proofs = (host.proofs ?? []).filter(({ protocol }) => protocol !== null);
    this.protocols = host.protocols;
    this.#host = host;
    this.handshakeMs = handshakeMs;
    this.#hasDefault = !read.isStrict && this.certificates.first !== null;
    const takesAll = this.#hasDefault && this.#pending.size === 0;
    this.refuses = takesAll ? null : (name) => this.#refusalOf(name) !== null;
  }

  /**
   * Where one certificate answers for everybody, the client's hello is OpenSSL's own business. Else it is read here: Node's
   * own way to choose by name takes over one kind of key only, and leaves the first certificate's other kind in place.
   */
  get needsHello(): boolean {
    return this.#hasChoice || (this.#proofs.length > 0 && this.#proofs.some((proof) => proof.isExpecting()));
  }

  /** refused counts a client that is not let in, and tells why. */
  refused(socket: Socket, reason: string): void {
    this.#host.refused(socket, reason);
  }

  /** refusalOf tells why a client that asks for a name is not let in; null: it is. */
  #refusalOf(name: string): string | null {
    if (this.#pending.has(name)) return 'the certificate for its name has not come yet';
    if (this.#hasDefault || this.certificates.find(name) !== null) return null;
    return name === '' ? 'it asks for no name' : 'it asks for a name that no certificate has';
  }

  facts(stream: Socket): TlsFacts | null {
    return stream instanceof SecureSocket ? stream.facts : null;
  }

  /** refuseName says with an alert, in the count and in the log why nobody answers. */
  #refuseName(socket: Socket, reason: string): null {
    this.refused(socket, reason);
    socket.write(UNRECOGNIZED_NAME);
    return null;
  }

  accept(socket: Socket, hello: ClientHello | null): Socket | null {
    const { first } = this.certificates;
    // Whether the hello is read was decided when the connection came.
    if (hello === null && !this.#hasChoice) return first === null ? null : new SecureSocket(socket, this, first);
    if (hello !== null && this.#proofs.length > 0) {
      const proof = this.#proofs.find(({ protocol }) => hello.alpn.includes(protocol!));
      if (proof !== undefined) {
        const stream = proofSocket(socket, this.handshakeMs, proof, hello.sni);
        return stream ?? this.#refuseName(socket, 'it asks for a challenge certificate, but no challenge is pending');
      }
    }
    // What is no hello gets OpenSSL's alert.
    const name = hello === null ? null : hello.sni;
    const refusal = name === null ? null : this.#refusalOf(name);
    if (refusal !== null) return this.#refuseName(socket, refusal);
    const group = name === null ? first : this.certificates.find(name);
    if (group === null && first === null) return null;
    return new SecureSocket(socket, this, group ?? first!);
  }
}

/**
 * sessionContext keeps sessions where they belong: one of a listener whose clients are verified must not be resumed at another that trusts
 * other authorities, or knows of others that were revoked. At most 32 characters.
 */
function sessionContext(listener: string, files: readonly (string | null)[]): string {
  const hash = createHash('sha256').update(listener);
  for (const file of files) if (file !== null) hash.update('\0').update(readFileSync(file));
  return hash.digest('hex').slice(0, 32);
}

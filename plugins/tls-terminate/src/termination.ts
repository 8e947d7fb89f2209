/**
 * Termination: TLS connections of one listener in one generation. Data threads.
 *
 * The files are read once, when a plan is linked; connections keep the context that they began with, so a reload with a
 * renewed certificate touches none of them.
 */
import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { TlsMode } from '@sluice/core/plugin';
import type { Args } from '@sluice/dsl/plan';
import { credentialFiles, readPem, secureContext } from './credentials.ts';
import { SecureSocket } from './secure-socket.ts';

/** How long a handshake may take, from the accepted connection to its end. */
export const HANDSHAKE_MS = 10_000;

export class Termination implements TlsMode {
  readonly #context: SecureContext;
  readonly #handshakeMs: number;

  /** Throws the system's error for a file that cannot be read, and OpenSSL's for one that it refuses. */
  constructor(options: Args, handshakeMs = HANDSHAKE_MS) {
    const files = credentialFiles(options);
    this.#context = secureContext(readPem(files), files.min);
    this.#handshakeMs = handshakeMs;
  }

  accept(socket: Socket): Socket {
    return new SecureSocket(socket, this.#context, this.#handshakeMs);
  }
}

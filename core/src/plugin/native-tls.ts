/**
 * NativeTls: the one place that asks Node's TLS sockets what only OpenSSL knows. Data threads; and the main thread, for probes.
 *
 * Node frees OpenSSL's side of a connection while its TLSSocket is still there, and `close` may be emitted right then. Several
 * methods of that socket and most of its handle's do not check, and end the process with a signal (docs/architecture.md lists
 * them), which no try/catch sees. So nobody else calls them: a test holds the sources to that. Here every call is preceded by a
 * look at whether the connection is still open, and whoever needs an answer for later takes it when the handshake ends.
 */
import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** Handshake is what a TLS handshake came to. */
export interface Handshake {
  /** As OpenSSL names it, such as `TLSv1.3`. */
  readonly protocol: string;
  /** OpenSSL's name of the cipher suite. */
  readonly cipher: string;
  /** What was agreed by ALPN; empty: nothing. */
  readonly alpn: string;
  /** The name that the client asked for, any bytes that it liked; empty: none. */
  readonly serverName: string;
  readonly isResumed: boolean;
}

/** The parts of a TLS handle that are used here; Node's types leave it out. */
interface Handle {
  readonly _parent?: unknown;
  receive?(bytes: Buffer): void;
  setOCSPResponse(response: Buffer): void;
  verifyError(): Error | null;
}

interface OpenSocket {
  readonly _handle: Handle | null;
  /** The same handle, until Node begins to close it. */
  readonly ssl: unknown;
}

/** handleOf returns the handle of a connection that is open; null: an end has begun, and OpenSSL's side may be gone. */
function handleOf(stream: Socket): Handle | null {
  const { _handle, ssl } = stream as unknown as OpenSocket;
  return stream.destroyed || !ssl || ssl !== _handle ? null : _handle;
}

/** handshakeOf returns what the handshake came to, at and after its end; null: it has not ended, or the connection has begun to. */
export function handshakeOf(stream: TLSSocket): Handshake | null {
  if (handleOf(stream) === null) return null;
  const protocol = stream.getProtocol();
  const cipher = stream.getCipher() as { readonly name?: string } | null | undefined;
  if (protocol === null || cipher?.name === undefined) return null;
  const { alpnProtocol, servername } = stream as { readonly alpnProtocol?: unknown; readonly servername?: unknown };
  return {
    protocol,
    cipher: cipher.name,
    alpn: typeof alpnProtocol === 'string' ? alpnProtocol : '',
    serverName: typeof servername === 'string' ? servername : '',
    isResumed: stream.isSessionReused(),
  };
}

/** isResumed: the handshake resumed an earlier session. False once the connection has begun to end. */
export function isResumed(stream: TLSSocket): boolean {
  return handleOf(stream) !== null && stream.isSessionReused();
}

/** peerCertificateOf returns the certificate that the other side showed; null: none, or the connection has begun to end. */
export function peerCertificateOf(stream: TLSSocket): X509Certificate | null {
  return (handleOf(stream) === null ? undefined : stream.getPeerX509Certificate()) ?? null;
}

/**
 * verifyErrorOf returns what speaks against the other side's certificate; null: nothing. Having shown none is an error too, and so is
 * a connection that has begun to end.
 */
export function verifyErrorOf(stream: TLSSocket): NodeJS.ErrnoException | null {
  const handle = handleOf(stream);
  return handle === null ? new Error('the connection has ended') : handle.verifyError();
}

/** staple has the handshake show this OCSP response. Call it on a new TLSSocket, before its handshake begins. */
export function staple(stream: TLSSocket, response: Buffer): void {
  handleOf(stream)?.setOCSPResponse(response);
}

/** canReceive: the TLS stream is spoken on this connection, and takes what was read from it; see `receive`. */
export function canReceive(stream: Socket, raw: Socket): boolean {
  const handle = handleOf(stream);
  const below = (raw as unknown as OpenSocket)._handle;
  return handle !== null && below !== null && handle._parent === below && typeof handle.receive === 'function';
}

/** receive hands TLS what was read from the connection below it. The bytes are copied. */
export function receive(stream: Socket, bytes: Buffer): void {
  handleOf(stream)?.receive?.(bytes);
}

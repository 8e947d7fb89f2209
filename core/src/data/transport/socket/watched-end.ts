/**
 * WatchedEnd: tells the end of TLS (close_notify) from the end of the connection below it. Data plane; only for connections on which
 * that is what ends an answer.
 *
 * Whoever sits between can end a TCP connection, and nobody but the other side can end TLS. Node tells both in the same way, so what
 * arrives is read here, encrypted as it is, into memory that is used again (reused-reads.ts), and handed to TLS. When the
 * connection ends before TLS has, the stream is destroyed without an `end`. It costs a call and a copy for each read.
 */
import type { Socket } from 'node:net';
import { canReceive, receive } from '../../../plugin/native-tls.ts';
import { reuseReads } from './reused-reads.ts';

/** The parts of TLSSocket that its types leave out. */
interface RawTls {
  readonly _readableState: { readonly ended: boolean };
}

interface WatchedSocket extends Socket {
  watchedTls: Socket;
}

/** One an event loop: what is read is handed on, and copied, within the call. */
const buffer = Buffer.allocUnsafeSlow(65_536);

function take(this: Socket, length: number): boolean {
  receive((this as WatchedSocket).watchedTls, buffer.subarray(0, length));
  return true;
}

function next(): Buffer {
  return buffer;
}

function onRawEnd(this: Socket): void {
  const stream = (this as WatchedSocket).watchedTls;
  if (!(stream as unknown as RawTls)._readableState.ended) stream.destroy();
}

/**
 * watchEnd watches a TLS stream on a connection. Call it before the connection can have ended: while something is being read. False: it
 * cannot be done with such a stream, or on this Node, and nothing has changed.
 */
export function watchEnd(raw: Socket, stream: Socket): boolean {
  if (!canReceive(stream, raw)) return false;
  (raw as WatchedSocket).watchedTls = stream;
  if (!reuseReads(raw, buffer, take, next)) return false;
  raw.on('end', onRawEnd);
  return true;
}

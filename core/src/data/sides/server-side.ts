/**
 * ServerSide: one attempt of an exchange at a server: an HTTP/1 connection while it is lent, a stream of an HTTP/2
 * connection, a relayed TCP connection. Data plane.
 *
 * `ServerEndpoint.attempt` makes one. It sends `request.forwardHead` in the form of its own wire as soon as it can, reads the
 * answer, and tells the exchange:
 * - `serverConnected` once, when it had to connect first; `serverDrained` when its sink has room again,
 * - `answerInterim`, `answerBegins`, then body bytes to `client.out` in the form `client.answerForm`, `answerEnded`,
 * - `answerSwitches`, `tunnelBegins`, `tunnelMoved`, `tunnelHalfEnds`, `tunnelEnds`,
 * - `serverFailed` when nothing more will come of it.
 *
 * After `answerEnded`, `serverFailed`, a false from `answerBegins` or `answerSwitches`, or `discard`, neither touches the other.
 */
import type { Sink } from './sink.ts';

export interface ServerSide {
  /** Where the request's body goes, and what a tunnel carries. Not before it is connected. */
  readonly out: Sink;
  /**
   * How it takes the request's body: AS_IS (HTTP/1's own form, chunks included), or WITH_TRAILERS: bare, with `out.trailers` behind a body of
   * unknown length.
   */
  readonly bodyForm: number;
  /** Not connected yet: nothing was sent. */
  readonly isConnecting: boolean;
  /** It is connected, and shakes hands. */
  readonly isSecuring?: boolean;
  /** How long the handshake of a new connection took, in milliseconds; -1 or left out: there was none. */
  readonly tlsMs?: number;
  /** The connection had served before. */
  readonly isReused: boolean;

  /**
   * It may yet turn out that the server has processed nothing of what was sent (`refused`), so that what went to `out` has to be kept. Of
   * HTTP/1 that is known once the head was flushed.
   */
  readonly mayRefuse: boolean;

  /** awaitAnswer starts the time that the server has for its next bytes. */
  awaitAnswer(): void;
  /** stopWaiting: the client is still sending, so the server owes nothing yet. */
  stopWaiting(): void;
  /** resume: the client takes more of the answer. */
  resume(): void;
  /** halfEnd ends our side of a tunnel. */
  halfEnd(): void;
  /** discard: the exchange is done with it, in the middle. */
  discard(): void;
}

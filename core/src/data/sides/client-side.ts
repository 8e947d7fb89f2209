/**
 * ClientSide: what an exchange needs of whatever the request came by: an HTTP/1 connection, a stream of an HTTP/2
 * connection, a relayed TCP connection. Data plane.
 *
 * A client side reads a head into `exchange.request`, has it judged by `exchange.forward`, and from then on
 * - hands what comes of the body to `exchange.server`, once that is connected; `sendBody` tells it when,
 * - writes what the exchange and the server hand it, in the forms of its own wire,
 * - says `exchange.abort` when the client has gone, and `exchange.refuse` when the rest of the request is no good.
 *
 * The exchange tells it of its end by `exchangeEnded`, exactly once unless it was aborted; neither touches the other afterwards.
 */

import type { Answer } from '../../plugin/data-entry.ts';
import type { AnswerHead } from '../message/answer-head.ts';
import type { FieldEdits } from '../message/field-edits.ts';
import type { IntroducedClient } from './introduced-client.ts';
import type { ServerSide } from './server-side.ts';
import type { Sink } from './sink.ts';

export interface ClientSide {
  /** Where the server's side writes the answer's body, and what a tunnel carries. */
  readonly out: Sink;
  /** Who it is. */
  readonly peer: IntroducedClient;
  /** Bytes that came from, and went to, the client for this exchange: heads, as its wire packs them, bodies and their framing, without TLS. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** What went to it without heads. */
  readonly bodyOut: number;
  /** The request has a body, so it cannot be sent twice. */
  readonly hasBody: boolean;
  /** Trailers may yet come behind a body of known length, which only HTTP/2 has. */
  readonly mayTrail: boolean;
  /** Every byte of the request has come and gone on to the server. */
  readonly isRequestSent: boolean;
  /** How the answer's body is to be handed over: AS_IS, UNCHUNKED or RECHUNKED of BodyFramer. Right once `sendAnswer` is done. */
  readonly answerForm: number;

  /** onQueued: no server has room, so the client's own time stands still. */
  onQueued(): void;
  /** onDequeued: one has. */
  onDequeued(): void;
  /** sendBody: the server takes the body from here on, with what has come meanwhile. Flushes the server's sink. */
  sendBody(server: ServerSide): void;
  /**
   * rewind takes back what of the body has gone to a server, so that another can have it from the start. False: it is not held any more
   * (`SentBody`).
   */
  rewind(): boolean;
  /** serverDrained: the server takes more of the body, or of a tunnel. */
  serverDrained(server: ServerSide): void;
  /** awaitRoom: the server is not read until the client takes what it has been sent; it has `timeout client` for that. */
  awaitRoom(): void;

  /**
   * sendAnswer writes the head of a server's final answer, changed by `changes`, with `added`: field lines of the gateway's own, or
   * ''. Not flushed: the body follows.
   */
  sendAnswer(answer: AnswerHead, changes: FieldEdits, added: string): void;
  /** sendInterim writes a 1xx, if the client may have it. True: it was written. */
  sendInterim(answer: AnswerHead): boolean;
  /** objection is what speaks against the 101 of a server, where the client itself could not tell; '': nothing. */
  objection(answer: AnswerHead): string;
  /** sendSwitch writes the 101 that a tunnel begins with. */
  sendSwitch(answer: AnswerHead, added: string): void;
  /**
   * sendOwn writes an answer of the gateway's own, whole. Throws, before anything is written, for one that cannot be sent.
   * `standard` fills in the body. `isLast`: nothing more that the client sends can be trusted.
   */
  sendOwn(answer: Answer, standard: Answer, changes: FieldEdits, isLast: boolean): void;
  /** sendRefused says that the request was certainly not processed. True: the wire has a way to say it, and this was the end. */
  sendRefused(): boolean;
  /** exchangeEnded: the answer is whole; on to the next request. */
  exchangeEnded(): void;

  /** tunnelBegins: from now on bytes go both ways as they come. */
  tunnelBegins(): void;
  /** tunnelHalfEnds: the server has ended its side. */
  tunnelHalfEnds(): void;
  /** tunnelEnds: the server's connection is gone. */
  tunnelEnds(hadError: boolean): void;
  /** breakOff ends it so that the client cannot take what it has for a whole answer. The exchange is aborted in a later turn. */
  breakOff(): void;
  /** destroy ends it at once. The exchange is aborted in a later turn. */
  destroy(): void;
}

/**
 * RequestBody: the body of one request after another on an HTTP/1 connection, on its way to servers. Hot path; data plane.
 *
 * It frames the body, and keeps what has gone for as long as the server may turn out to have processed nothing of it.
 */
import { AS_IS, BAD_BODY, BodyFramer } from '../message/body-framer.ts';
import { fault } from '../message/fault.ts';
import { BODY_TOO_LONG } from '../message/request-head.ts';
import { SentBody } from '../message/sent-body.ts';
import type { ServerSide } from '../sides/server-side.ts';

export class RequestBody extends BodyFramer {
  /** What has gone to a server that may refuse it yet; null: nothing. */
  #sent: SentBody | null = null;

  /** start sets up for the body of the next request. */
  start(mode: number, length: number): void {
    this.startBody(mode, length, AS_IS);
    this.#sent = null;
  }

  /**
   * forward sends on what of the bytes belongs to the body, and flushes. `most`: its longest content in bytes; 0: no limit. Returns the index behind the
   * last byte that it took, or minus the status that refuses the body, with its reason in `fault`.
   */
  forward(server: ServerSide, bytes: Buffer, at: number, end: number, most: number): number {
    const { out } = server;
    this.leaveAs(server.bodyForm);
    const behind = this.feed(bytes, at, end, out);
    if (most !== 0 && this.contentBytes > most) {
      fault.reason = BODY_TOO_LONG;
      return -413;
    }
    if (behind === BAD_BODY) return -400;
    out.flush();
    if (server.mayRefuse) {
      this.#sent ??= new SentBody();
      this.#sent.keep(bytes, at, behind);
    }
    return behind;
  }

  /** canRewind: what has gone is still here, or nothing has gone. */
  get canRewind(): boolean {
    return this.#sent?.isLost !== true;
  }

  /** rewind returns what has gone, to be read and sent again; null: nothing has. */
  rewind(): Buffer | null {
    const sent = this.#sent;
    this.#sent = null;
    if (sent === null) return null;
    this.restart();
    return sent.bytes.all();
  }

  /** forgetSent: the request is not sent again. */
  forgetSent(): void {
    this.#sent = null;
  }
}

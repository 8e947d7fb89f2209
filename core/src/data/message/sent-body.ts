/**
 * SentBody: what of a request's body has gone to a server that may yet turn out to have processed nothing, so that it can be sent to another. Data
 * plane; made when the first bytes of such a body leave.
 */
import { HeldBytes } from '../transport/held-bytes.ts';

/** A client keeps so much of the body that it sends; once more has gone, the request cannot be sent again. */
const SENT_BODY_BYTES = 65_536;

export class SentBody {
  /** What has gone; the first of the body's bytes. */
  bytes = new HeldBytes();
  /** More has gone than is kept. */
  isLost = false;

  /** keep copies bytes that have gone. */
  keep(bytes: Buffer, from: number, to: number): void {
    if (this.isLost) return;
    if (this.bytes.length + to - from > SENT_BODY_BYTES) {
      this.bytes.clear();
      this.isLost = true;
    } else {
      this.bytes.add(bytes, from, to);
    }
  }
}

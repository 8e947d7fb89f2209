/**
 * ClosedStreams: what must be remembered of the streams of a connection that are no longer open, to tell what frames on them mean (RFC 9113
 * section 5.1). One per connection; data plane. Streams that end as they should cost nothing here.
 *
 * A stream that both sides ended may have no more frames. One that we reset may have some for a while: the peer sent them before it read our
 * RST_STREAM. One that the peer reset, or that it passed over when it opened a higher one, must have none.
 */

/** So many resets are remembered. Frames on older ones are given the benefit of the doubt. */
const MOST_RESETS = 128;
/** So many gaps in the numbering are remembered, the newest ones; nobody has a reason to leave any. */
const MOST_GAPS = 32;

/** How a stream was closed. */
export const ENDED = 0;
/** We reset it: what still comes is thrown away. */
export const RESET_HERE = 1;
export const RESET_BY_PEER = 2;

export class ClosedStreams {
  /** A ring of `stream, how`; null until the first reset. */
  #resets: Uint32Array | null = null;
  #next = 0;
  /** The highest stream whose reset is no longer remembered. */
  #forgotten = 0;
  /** First and last of each gap. */
  readonly #gaps: number[] = [];

  /** wasReset remembers a reset; `how` is RESET_HERE or RESET_BY_PEER. The first one of a stream counts. */
  wasReset(stream: number, how: number): void {
    this.#resets ??= new Uint32Array(2 * MOST_RESETS);
    if (this.#found(stream) !== ENDED) return;
    const at = 2 * this.#next;
    this.#forgotten = Math.max(this.#forgotten, this.#resets[at]!);
    this.#resets[at] = stream;
    this.#resets[at + 1] = how;
    this.#next = (this.#next + 1) % MOST_RESETS;
  }

  /** opens takes the number of a new stream, and the one before it. */
  opens(stream: number, before: number): void {
    const first = before === 0 ? 1 : before + 2;
    if (stream === first) return;
    if (this.#gaps.length === 2 * MOST_GAPS) this.#gaps.splice(0, 2);
    this.#gaps.push(first, stream - 2);
  }

  /** wasSkipped: a stream was never opened, and cannot be any more (section 5.1.1). */
  wasSkipped(stream: number): boolean {
    const gaps = this.#gaps;
    for (let at = 0; at < gaps.length; at += 2) if (stream >= gaps[at]! && stream <= gaps[at + 1]!) return true;
    return false;
  }

  /** how tells how a stream was closed that was opened, and is no longer. */
  how(stream: number): number {
    const found = this.#found(stream);
    return found === ENDED && stream <= this.#forgotten ? RESET_HERE : found;
  }

  #found(stream: number): number {
    const resets = this.#resets;
    if (resets === null) return ENDED;
    for (let at = 0; at < resets.length; at += 2) if (resets[at] === stream) return resets[at + 1]!;
    return ENDED;
  }
}

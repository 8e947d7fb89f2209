/**
 * Trace: what happened in a simulation, a line each, and a digest over all of it. Main thread.
 *
 * Lines say when (milliseconds since the beginning) and what. Two runs were the same when their digests are.
 */
import { createHash } from 'node:crypto';
import type { VirtualClock } from './virtual-clock.ts';

const PIECE_CHARS = 65_536;

export class Trace {
  readonly lines: string[] = [];
  readonly #clock: VirtualClock;
  readonly #keepsRequests: boolean;
  readonly #hash = createHash('sha256');
  #piece = '';

  constructor(clock: VirtualClock, keepsRequests: boolean) {
    this.#clock = clock;
    this.#keepsRequests = keepsRequests;
  }

  /** change notes what is kept always. */
  change(text: string): void {
    this.lines.push(this.#note(text));
  }

  /** request notes what is kept only where it was asked for. */
  request(text: string): void {
    const line = this.#note(text);
    if (this.#keepsRequests) this.lines.push(line);
  }

  /** digest is over everything so far, in hexadecimal. */
  digest(): string {
    this.#flush();
    return this.#hash.copy().digest('hex');
  }

  #note(text: string): string {
    const line = `${this.#clock.elapsedMs.toFixed(3)} ${text}`;
    this.#piece += `${line}\n`;
    if (this.#piece.length > PIECE_CHARS) this.#flush();
    return line;
  }

  #flush(): void {
    this.#hash.update(this.#piece);
    this.#piece = '';
  }
}

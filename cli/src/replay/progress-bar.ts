/**
 * ProgressBar: how far something is, on a terminal; nothing anywhere else. Main thread.
 */
import type { WriteStream } from 'node:tty';

const WIDTH = 24;
/** Shortest time between two drawings. */
const PAUSE_MS = 80;

export class ProgressBar {
  readonly #stream: Pick<WriteStream, 'write'> & { readonly isTTY?: boolean };
  readonly #now: () => number;
  #drawnMs = Number.NEGATIVE_INFINITY;

  constructor(
    stream: Pick<WriteStream, 'write'> & { readonly isTTY?: boolean },
    now: () => number = () => performance.now(),
  ) {
    this.#stream = stream;
    this.#now = now;
  }

  /** show draws the bar, if it was not drawn just now. */
  show(share: number, lines: number): void {
    const nowMs = this.#now();
    if (this.#stream.isTTY !== true || nowMs - this.#drawnMs < PAUSE_MS) return;
    this.#drawnMs = nowMs;
    const full = Math.round(share * WIDTH);
    const bar = '█'.repeat(full) + '░'.repeat(WIDTH - full);
    const percent = String(Math.floor(share * 100)).padStart(3);
    this.#stream.write(`\r${bar} ${percent} %  ${lines.toLocaleString('en-US')} lines\u001b[K`);
  }

  /** clear takes the bar away. */
  clear(): void {
    if (this.#stream.isTTY === true) this.#stream.write('\r\u001b[K');
  }
}

/**
 * AccessLog: the lines of the access log of one event loop, gathered and handed to the control plane in batches. Hot path;
 * data plane.
 *
 * A request costs one string and no message: a batch goes out when it is large, or a moment after its first line. When the
 * control plane cannot write as fast as requests come, lines are dropped and counted, and no request ever waits.
 */
import type { AccessBatch } from '../../shared/orders/access-batch.ts';

/** A batch is sent when it has this many UTF-16 units. */
const BATCH_LENGTH = 64 * 1024;
/** The longest that a line waits for others. */
const BATCH_MS = 100;
/** Most batches on their way: some 2 MiB. */
const MOST_BATCHES = 32;

export class AccessLog {
  /** False: nothing is logged. */
  isOn = false;
  readonly #send: (batch: AccessBatch) => void;
  readonly #written = new Int32Array(new SharedArrayBuffer(4));
  #sent = 0;
  #text = '';
  #lines = 0;
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(send: (batch: AccessBatch) => void) {
    this.#send = send;
  }

  /** hasRoom says whether a line may be added. Where not, one line is counted as dropped. */
  hasRoom(): boolean {
    if (this.#sent - Atomics.load(this.#written, 0) < MOST_BATCHES) return true;
    this.#dropped++;
    return false;
  }

  /** add takes a line, with its line feed. Ask `hasRoom` first. */
  add(line: string): void {
    this.#text += line;
    this.#lines++;
    if (this.#text.length >= BATCH_LENGTH) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), BATCH_MS).unref();
  }

  /** flush sends what has been gathered. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#lines === 0 && this.#dropped === 0) return;
    const batch = { text: this.#text, lines: this.#lines, dropped: this.#dropped, written: this.#written };
    this.#text = '';
    this.#lines = 0;
    this.#dropped = 0;
    this.#sent++;
    this.#send(batch);
  }
}

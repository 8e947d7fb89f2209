/**
 * AccessLog: the lines of one access log of one event loop, gathered and handed to the control plane in batches. Hot path; data plane.
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
/** With so many on their way, a batch waits until it is large. */
const FEW_BATCHES = 8;

export class AccessLog {
  readonly #destination: string;
  readonly #send: (batch: AccessBatch) => void;
  readonly #written = new Int32Array(new SharedArrayBuffer(4));
  #sent = 0;
  #text = '';
  #lines = 0;
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Where the control plane is behind, few large batches hold more lines than many small ones. */
  readonly #onTime = (): void => {
    this.#timer = undefined;
    if (this.#sent - Atomics.load(this.#written, 0) < FEW_BATCHES) this.flush();
    else this.#timer = setTimeout(this.#onTime, BATCH_MS).unref();
  };

  constructor(destination: string, send: (batch: AccessBatch) => void) {
    this.#destination = destination;
    this.#send = send;
  }

  /** hasRoom says whether a line may be added. Where not, one line is counted as dropped. */
  hasRoom(): boolean {
    if (this.#sent - Atomics.load(this.#written, 0) < MOST_BATCHES) return true;
    this.#dropped++;
    this.#timer ??= setTimeout(this.#onTime, BATCH_MS).unref();
    return false;
  }

  /** add takes a line, with its line feed. Ask `hasRoom` first. */
  add(line: string): void {
    this.#text += line;
    this.#lines++;
    if (this.#text.length >= BATCH_LENGTH) this.flush();
    else this.#timer ??= setTimeout(this.#onTime, BATCH_MS).unref();
  }

  /** flush sends what has been gathered. A batch without lines, which only says what was dropped, waits for nobody. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#lines === 0 && this.#dropped === 0) return;
    const batch = {
      to: this.#destination,
      text: this.#text,
      lines: this.#lines,
      dropped: this.#dropped,
      written: this.#written,
    };
    this.#text = '';
    this.#lines = 0;
    this.#dropped = 0;
    this.#sent++;
    this.#send(batch);
  }
}

/** AccessLogs are those of one event loop, by destination. */
export class AccessLogs {
  readonly #send: (batch: AccessBatch) => void;
  readonly #logs = new Map<string, AccessLog>();

  constructor(send: (batch: AccessBatch) => void) {
    this.#send = send;
  }

  /** of is the log with a destination (`destinationKey`); it is the same one in all generations. */
  of(destination: string): AccessLog {
    let log = this.#logs.get(destination);
    if (log === undefined) {
      log = new AccessLog(destination, this.#send);
      this.#logs.set(destination, log);
    }
    return log;
  }

  /** flush sends what all of them have gathered. */
  flush(): void {
    for (const log of this.#logs.values()) log.flush();
  }
}

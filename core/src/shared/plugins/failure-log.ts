/**
 * FailureLog: failures of plugins and listeners, told once and then counted. Both planes.
 *
 * A mistake in a plugin may fail every request. Each kind of failure gets its first line at once and then at most one every
 * ten seconds, which says how many there were meanwhile. Lines carry the stack, which is written where the log is at `debug`.
 */

/** How long a kind of failure is only counted after a line of it. */
const QUIET_MS = 10_000;
/** Kinds of failures that are told apart; more than any set of rules has words that fail. */
const MOST_KINDS = 256;

export type FailureLevel = 'warn' | 'error';

/** FailureLine writes one line. `stack` is for `debug`; null: there is none. */
export type FailureLine = (level: FailureLevel, message: string, fields: object, stack: string | null) => void;

interface Kind {
  untilMs: number;
  suppressed: number;
  level: FailureLevel;
  message: string;
  fields: object;
}

export class FailureLog {
  readonly #now: () => number;
  readonly #write: FailureLine;
  readonly #kinds = new Map<string, Kind>();
  #nextLookMs = Number.POSITIVE_INFINITY;

  constructor(now: () => number, write: FailureLine) {
    this.#now = now;
    this.#write = write;
  }

  /**
   * report writes a failure, or counts it when one of its kind was written less than ten seconds ago. Kinds are told apart by
   * `kind`, which must not hold anything a client chose. The line has what was thrown as `error`.
   */
  report(kind: string, message: string, fields: object, thrown: unknown, level: FailureLevel = 'error'): void {
    const now = this.#now();
    this.writeDue(now);
    const known = this.#kinds.get(kind);
    if (known !== undefined) {
      known.suppressed++;
      return;
    }
    const [oldest] = this.#kinds.keys();
    if (this.#kinds.size >= MOST_KINDS) this.#kinds.delete(oldest!);
    const told = { ...fields, error: messageOf(thrown) };
    this.#kinds.set(kind, { untilMs: now + QUIET_MS, suppressed: 0, level, message, fields: told });
    this.#nextLookMs = Math.min(this.#nextLookMs, now + QUIET_MS);
    this.#write(level, message, told, stackOf(thrown));
  }

  /** writeDue writes how many failures were only counted, once their time is over. Call it now and then. */
  writeDue(now = this.#now()): void {
    if (now < this.#nextLookMs) return;
    this.#nextLookMs = Number.POSITIVE_INFINITY;
    for (const [name, kind] of this.#kinds) {
      if (now >= kind.untilMs) {
        if (kind.suppressed === 0) {
          this.#kinds.delete(name);
          continue;
        }
        const { level, message, fields, suppressed } = kind;
        this.#write(level, `${message} (and ${suppressed} more since)`, { ...fields, suppressed }, null);
        kind.suppressed = 0;
        kind.untilMs = now + QUIET_MS;
      }
      this.#nextLookMs = Math.min(this.#nextLookMs, kind.untilMs);
    }
  }
}

/** messageOf is the message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  try {
    if (thrown instanceof Error) return thrown.message === '' ? thrown.name : String(thrown.message);
    return String(thrown);
  } catch {
    return 'what was thrown cannot be shown';
  }
}

/** stackOf is where an error was made, and those behind it; null for what has no stack. */
function stackOf(thrown: unknown): string | null {
  const stacks: string[] = [];
  let error: unknown = thrown;
  for (let depth = 0; error instanceof Error && depth < 4; depth++, error = error.cause) {
    if (typeof error.stack === 'string') stacks.push(error.stack);
  }
  return stacks.length === 0 ? null : stacks.join('\ncaused by: ');
}

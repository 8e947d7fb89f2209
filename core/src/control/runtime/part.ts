/**
 * Part: a part of the runtime that follows the generations. Main thread.
 */
import type { Changes, Generation } from '../reload/generations.ts';

export interface Part {
  /** watch switches to a generation, before any thread serves it. `previous`: null at the start. */
  watch(next: Generation, previous: Generation | null): void;
  /** change switches to a generation that differs from the one before in nothing but these servers: others may be thousands. Default: watch. */
  change?(next: Generation, previous: Generation, changes: Changes): void;
  /** announce emits the events of the switch, once every part has switched. */
  announce?(): void;
  /** stop ends timers, probes and questions. Called when a gateway drains, and again when it stops. */
  stop?(): void | Promise<void>;
}

/** switchParts has all parts switch, in their order. `changes`: nothing else differs; null: anything may. */
export function switchParts(
  parts: readonly Part[],
  next: Generation,
  previous: Generation | null,
  changes: Changes | null,
): void {
  for (const part of parts) {
    if (changes !== null && part.change !== undefined) part.change(next, previous!, changes);
    else part.watch(next, previous);
  }
  for (const part of parts) part.announce?.();
}

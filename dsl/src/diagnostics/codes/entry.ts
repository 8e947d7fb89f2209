/**
 * CodeEntry: one row of the table of diagnostics. Main thread.
 */
import type { Severity } from '../diagnostic.ts';

/** Where an example stands: it is a whole file, or lines of a listener, a backend, or the top level beside both. */
export type ExampleContext = 'file' | 'top' | 'listener' | 'backend' | 'settings';

export interface CodeEntry {
  readonly severity: Severity;
  /** The message; `{name}`s are filled in. */
  readonly message: string;
  /** The fix, where it is always the same. Others are made on the spot. */
  readonly fix?: string;
  /** Why this is a problem, for the reference. */
  readonly why: string;
  readonly context: ExampleContext;
  /** Gives this code and no other. */
  readonly wrong: string;
  /** Gives none. */
  readonly right: string;
}

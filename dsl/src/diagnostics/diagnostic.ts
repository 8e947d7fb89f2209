/**
 * Diagnostic: one problem of a rule file, as plain data. `sluice check --json` prints it as it is. Main thread.
 */
import type { Place } from '../plan/place.ts';

export type Severity = 'error' | 'warning';

export interface Diagnostic {
  /** Stable, such as `SL0101`; never reused. */
  readonly code: string;
  readonly severity: Severity;
  /** One sentence: what is wrong. Lower case, no full stop, quotes the offending value. */
  readonly message: string;
  /** One sentence: how to fix it; null where that is not known. */
  readonly fix: string | null;
  readonly place: Place;
}

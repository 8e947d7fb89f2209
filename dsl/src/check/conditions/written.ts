/**
 * Written: how a condition stands in the file, for messages about it. Main thread.
 */
import type { Span } from '../../source/source-text.ts';

/** How a condition was written: kept beside the plan's nodes, for messages. */
export interface Written {
  readonly span: Span;
  /** The field's key as written, where there is one. */
  readonly key: string | null;
}

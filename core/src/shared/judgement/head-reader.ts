/**
 * HeadReader: what the control plane asks of the data plane's parser, to say what live traffic would say of a head that somebody
 * wrote down. Types only; the module of the data plane that does it is imported when it is first needed.
 */
import type { WrittenHead } from '@sluice/dsl/match';
import type { ListenerPlan } from '@sluice/dsl/plan';

/** HeadRead is what the parser made of a head, as rules see it; of one that is refused, as far as it was read. */
export interface HeadRead {
  /** null: it is good. */
  readonly refusal: HeadRefusal | null;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  /** By lower-case name. Empty unless all fields were read well. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
}

export interface HeadRefusal {
  readonly status: number;
  readonly reason: string;
  /** The fields may be believed, as all of them were read: only what they announce is refused. */
  readonly isRead: boolean;
}

/** ReadHead is what the module exports under the name `readHead`. */
export type ReadHead = (head: WrittenHead, listener: ListenerPlan) => HeadRead;

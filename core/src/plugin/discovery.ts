/**
 * Discovery finds the servers of a backend; the gateway asks it again and again, and decides who comes and goes. Main thread.
 */
import type { Address, Args } from '@sluice/dsl/plan';

/** FoundServer is one server of an answer. */
export interface FoundServer {
  readonly address: Address;
  /**
   * What the server is called, unique in its backend. Default: its address as rule files write it. A server whose name stays
   * is the same server, also with another address.
   */
  readonly name?: string;
  /** 0 to 256. Default: what the line in the rules says. */
  readonly weight?: number;
  /** Most requests at once, 0 to 1,000,000; 0: no limit. Default: what the line in the rules says. */
  readonly max?: number;
  /** Default: what the line in the rules says. */
  readonly isBackup?: boolean;
}

/** Finding is what asking once has brought. */
export interface Finding {
  /** All servers that there are now, in any order; null: nothing has changed since the answer before. */
  readonly servers: readonly FoundServer[] | null;
  /** When to ask again, in milliseconds. Less than 100 counts as 100. */
  readonly againMs: number;
  /** Handed back at the next question (an ETag, a file's time). Default: what was handed in. */
  readonly memory?: unknown;
}

/** Question is what a discovery is asked with. */
export interface Question {
  readonly options: Args;
  /** What the last good answer left; undefined for the first question. */
  readonly memory: unknown;
  /** Aborts when the question has taken too long or nobody wants to know any more. */
  readonly signal: AbortSignal;
}

export interface Discovery {
  /**
   * find asks once. A rejection is a failure: the servers of the last good answer stay, and the gateway asks again after 1 s,
   * then 2 s, up to `mostBackoffMs`, and up to 5 s while the backend has no server at all. Its message is shown to people, so it must hold nothing private. Everything must be let go of
   * when the signal aborts.
   */
  find(question: Question): Promise<Finding>;
  /** How long one question may take, in milliseconds. Default 10 s. */
  readonly limitMs?: number;
  /** The longest wait after failures, in milliseconds. Default 60 s. */
  readonly mostBackoffMs?: number;
  /** How long a server stays that is missing from good answers, unless the rules say. Default 0. */
  readonly graceMs?: number;
  /** How long the last good answer holds while there is none, unless the rules say. Default 0: for ever. */
  readonly keepMs?: number;
}

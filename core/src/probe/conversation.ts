/**
 * Conversation: what a probe says to a server, and what it makes of what it hears. Main thread; knows no socket.
 */
import type { ProbeResult } from '../plugin/health-check.ts';

/** Heard is what follows from the bytes that have come: more are needed (null), something is said, or the probe is over. */
export type Heard =
  | null
  | { readonly taken: number; readonly say?: Uint8Array | string }
  | { readonly result: ProbeResult; readonly say?: Uint8Array | string };

export interface Conversation {
  /** The first words; null where the server begins. */
  readonly opening: Uint8Array | string | null;
  /** Most bytes that the server may say in all. Default 64 KiB; more has failed. */
  readonly mostBytes?: number;
  /**
   * receive is called with all bytes that were not taken yet whenever some came. When it has taken some and said nothing final, it is
   * called again with the rest. `hasEnded`: nothing more will come; null then has failed. What it throws has failed too.
   */
  receive(bytes: Buffer, hasEnded: boolean): Heard;
}

/** passed, failed and the like make results. */
export function passed(reason: string): ProbeResult {
  return { status: 'passed', reason };
}

export function failed(reason: string): ProbeResult {
  return { status: 'failed', reason };
}

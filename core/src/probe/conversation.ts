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
   * heard is called with all bytes that were not taken yet whenever some came. When it has taken some and said nothing final, it is
   * called again with the rest. `hasEnded`: nothing more will come; null then has failed. What it throws has failed too.
   */
  heard(bytes: Buffer, hasEnded: boolean): Heard;
}

/** passed, failed and the like make results. */
export function passed(reason: string): ProbeResult {
  return { status: 'passed', reason };
}

export function failed(reason: string): ProbeResult {
  return { status: 'failed', reason };
}

const MOST_SHOWN = 160;

/** shown is what a server said, fit for a log: one line, printable, at most 160 characters. */
export function shown(said: Buffer | string): string {
  const text = typeof said === 'string' ? said : said.subarray(0, 4 * MOST_SHOWN).toString('utf8');
  const line = text.replace(/[^\x20-\x7e\u00a1-\ud7ff\ue000-\ufffc]+/g, ' ').trim();
  return line.length <= MOST_SHOWN ? line : `${line.slice(0, MOST_SHOWN - 1)}…`;
}

/**
 * CertificateState: what is remembered of a certificate's attempts, beside its file, so that a gateway that starts over and over again
 * does not ask over and over again. Main thread.
 */
import { writeWhole } from '@sluice/core/whole-file';
import { readText } from './storage.ts';

export interface AttemptState {
  /** Attempts that failed since the last one that did not. One that was cut short counts. */
  readonly failures: number;
  readonly lastError: string | null;
  /** Attempts that a stop cut short and that do not count as failures. */
  readonly cutShort: number;
  /** No attempt before this. */
  readonly nextMs: number;
  /** When the last certificates came, at most ten. */
  readonly issuedMs: readonly number[];
}

export const NO_ATTEMPTS: AttemptState = { failures: 0, lastError: null, cutShort: 0, nextMs: 0, issuedMs: [] };

const MOST_ISSUED = 10;

function stateFile(certificate: string): string {
  return `${certificate}.state.json`;
}

/** No wait is longer; one that is was written by a clock that was wrong. */
const LONGEST_MS = 8 * 86_400_000;

/** readState returns what is known. What cannot be understood counts as nothing. */
export async function readState(certificate: string, nowMs: number): Promise<AttemptState> {
  const text = await readText(stateFile(certificate));
  if (text === null) return NO_ATTEMPTS;
  try {
    const { failures, lastError, cutShort, nextMs, issuedMs } = JSON.parse(text) as Record<keyof AttemptState, unknown>;
    return {
      failures: numberOf(failures),
      lastError: typeof lastError === 'string' ? lastError : null,
      cutShort: numberOf(cutShort),
      nextMs: numberOf(nextMs) > nowMs + LONGEST_MS ? 0 : numberOf(nextMs),
      issuedMs: Array.isArray(issuedMs) ? issuedMs.map(numberOf).slice(-MOST_ISSUED) : [],
    };
  } catch {
    return NO_ATTEMPTS;
  }
}

export async function writeState(certificate: string, state: AttemptState): Promise<void> {
  const issuedMs = state.issuedMs.slice(-MOST_ISSUED);
  await writeWhole(stateFile(certificate), `${JSON.stringify({ ...state, issuedMs }, null, 2)}\n`);
}

function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 0;
}

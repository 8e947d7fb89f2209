/**
 * RenewalInfo: when the authority itself would have a certificate renewed (ACME Renewal Information, RFC 9773): sooner than usual when it
 * has to revoke it. Main thread.
 */
import type { AcmeClient, Json } from './acme-client.ts';
import { retryAfterMs } from './acme-client.ts';

const HOUR_MS = 3_600_000;
const DEFAULT_AGAIN_MS = 6 * HOUR_MS;
const LONGEST_AGAIN_MS = 24 * HOUR_MS;

export interface RenewalWindow {
  readonly fromMs: number;
  readonly toMs: number;
  /** When to ask again. */
  readonly againMs: number;
}

/** renewalWindow asks the authority; null: it has no such thing. Rejects with AcmeError. */
export async function renewalWindow(
  client: AcmeClient,
  id: string,
  nowMs: number,
  signal: AbortSignal,
): Promise<RenewalWindow | null> {
  const { renewalInfo } = await client.directory(signal);
  if (renewalInfo === null) return null;
  const { body, headers } = await client.read(`${renewalInfo}/${id}`, 'the renewal information', signal);
  const { start, end } = (body.suggestedWindow ?? {}) as Json;
  const fromMs = Date.parse(String(start));
  const toMs = Date.parse(String(end));
  // RFC 9773, section 4.2: a window that ends before it begins is to be ignored.
  if (!(fromMs < toMs)) return null;
  const waitMs = retryAfterMs(headers['retry-after'], nowMs) ?? DEFAULT_AGAIN_MS;
  return { fromMs, toMs, againMs: nowMs + Math.min(LONGEST_AGAIN_MS, Math.max(HOUR_MS, waitMs)) };
}

/**
 * Schedule: when a certificate is renewed, and how long to wait after a failure. Main thread; pure.
 */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const FIRST_WAIT_MS = 5 * MINUTE_MS;
/** An authority that cannot be reached has counted nothing. */
const FIRST_UNREACHABLE_WAIT_MS = 15_000;
const LONGEST_WAIT_MS = 12 * HOUR_MS;
/** What an authority asks for is obeyed, up to this. */
const LONGEST_OBEYED_MS = 7 * 24 * HOUR_MS;
const WEEK_MS = 7 * 24 * HOUR_MS;
/** Authorities give five of the same names a week. */
const MOST_A_WEEK = 4;

/** renewalMs: after two thirds of the lifetime, and up to a thirtieth of it more, so that many do not come at once. */
export function renewalMs(fromMs: number, toMs: number, random: number): number {
  const lifetimeMs = toMs - fromMs;
  return fromMs + (2 / 3 + random / 30) * lifetimeMs;
}

/**
 * waitMs is how long to wait after so many failures in a row: five minutes (fifteen seconds for an authority that cannot be reached),
 * twice as long each time, at most twelve hours, a fifth more or less; and no shorter than the authority asks for.
 */
export function waitMs(
  failures: number,
  random: number,
  { isUnreachable = false, retryAfterMs = null }: { isUnreachable?: boolean; retryAfterMs?: number | null } = {},
): number {
  const firstMs = isUnreachable ? FIRST_UNREACHABLE_WAIT_MS : FIRST_WAIT_MS;
  const plainMs = Math.min(LONGEST_WAIT_MS, firstMs * 2 ** Math.max(0, Math.min(failures, 30) - 1));
  return Math.max(plainMs * (0.8 + 0.4 * random), Math.min(retryAfterMs ?? 0, LONGEST_OBEYED_MS));
}

/** nextAllowedMs: certificates that get lost as soon as they come must not use up what the authority gives in a week. */
export function nextAllowedMs(issuedMs: readonly number[], nowMs: number): number {
  const recent = issuedMs.filter((ms) => ms > nowMs - WEEK_MS && ms <= nowMs).sort((a, b) => a - b);
  return recent.length < MOST_A_WEEK ? 0 : recent[recent.length - MOST_A_WEEK]! + WEEK_MS;
}

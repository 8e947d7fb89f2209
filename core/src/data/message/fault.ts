/**
 * Fault: what was wrong with the message that was refused last, for logs and `explain`. Data plane.
 *
 * One an event loop: whoever refuses a message notes the reason at once, and whoever answers or logs the refusal reads it within
 * the same turn. Reasons are constant texts, in lower case and without a full stop; nothing of the message stands in them.
 */
export const fault = { reason: '' };

/** faulty notes why a message is refused, and returns what the refusal is called where it was found. */
export function faulty(result: number, reason: string): number {
  fault.reason = reason;
  return result;
}

/**
 * AcmeError: why a certificate did not come. Main thread.
 */

/** More of what a stranger says is of no use in a log. */
const MOST_CHARACTERS = 300;

export class AcmeError extends Error {
  override name = 'AcmeError';
  /** The authority's own word for it, without `urn:ietf:params:acme:error:`; null: it is not the authority that says it. */
  readonly type: string | null;
  /** How long the authority wants to be left alone, in milliseconds; null: it says nothing of it. */
  readonly retryAfterMs: number | null;
  /** Nothing was asked for: there was no connection. */
  readonly isUnreachable: boolean;

  constructor(message: string, type: string | null = null, retryAfterMs: number | null = null, isUnreachable = false) {
    super(message);
    this.type = type;
    this.retryAfterMs = retryAfterMs;
    this.isUnreachable = isUnreachable;
  }
}

/** plainText is what a stranger said, in one line, and cut with a `…` after `most` characters. */
export function plainText(text: string, most = MOST_CHARACTERS): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const line = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').trim();
  return line.length > most ? `${line.slice(0, most)}…` : line;
}

/** reasonOf is an error in one line. */
export function reasonOf(thrown: unknown): string {
  return plainText(thrown instanceof Error ? thrown.message : String(thrown));
}
